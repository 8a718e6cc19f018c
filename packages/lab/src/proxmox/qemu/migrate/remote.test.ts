import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createCa, fingerprint, issueCertificate } from '../../../pki.ts'
import { createProxmoxServer } from '../../server.ts'
import { testWorld, type TestWorld } from '../test-world.ts'

const VM = '/nodes/pve1/qemu/100'
const TOKEN = { id: 'root@pam!far', secret: '7d6f0c43-6f66-4f7a-9c6e-1f2f3d4c5b6a' }

/** Another cluster with an API of its own, and how `target-endpoint` names it. */
async function otherCluster(t: TestContext): Promise<{ far: TestWorld; endpoint: string }> {
  const far = testWorld()
  far.world.access.tokens.set(TOKEN.id, { secret: TOKEN.secret, privsep: false, expire: 0 })
  const ca = await createCa({ commonName: 'far' })
  const leaf = await issueCertificate(ca, { commonName: 'far', ips: ['127.0.0.1'], usages: ['server'] })
  const server = await createProxmoxServer(far.world, leaf)
  t.after(() => server.close())
  const fields = {
    apitoken: `PVEAPIToken=${TOKEN.id}=${TOKEN.secret}`,
    host: '127.0.0.1',
    port: server.port,
    fingerprint: fingerprint(leaf.certPem),
  }
  return {
    far,
    endpoint: Object.entries(fields)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
  }
}

async function near(): Promise<TestWorld> {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', {
    vmid: '100',
    name: 'web',
    description: 'two\nlines',
    scsi0: 'local-lvm:2',
    ide2: 'local-lvm:cloudinit',
    net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0',
  })
  return lab
}

const MAPS = { 'target-storage': 'local-lvm:shared', 'target-bridge': 'vmbr1' }

test('a running VM moves to another cluster, and is gone here if that is asked for', async (t) => {
  const { far, endpoint } = await otherCluster(t)
  const lab = await near()
  await lab.task(`POST ${VM}/status/start`)
  const request = { ...MAPS, 'target-endpoint': endpoint, 'target-vmid': '500', online: '1', delete: '1' }
  const task = await lab.task(`POST ${VM}/remote_migrate`, request)
  assert.equal(task.exitstatus, 'OK', task.log.join('\n'))
  assert.match(task.log.at(-2) ?? '', /migration finished successfully/)
  assert.equal(lab.world.vms.has(100), false)
  assert.equal([...lab.world.volumes.values()].length, 0)
  const { config, running } = far.world.vms.get(500) ?? {}
  assert.equal(running, true)
  assert.deepEqual(
    [config?.['name'], config?.['description'], config?.['lock'], config?.['scsi0'], config?.['net0']],
    [
      'web',
      'two\nlines',
      undefined,
      'shared:500/vm-500-disk-0.raw,size=2G',
      'virtio=BC:24:11:00:00:01,bridge=vmbr1',
    ],
  )
  const tunnel = [...far.world.tasks.values()].find(({ type }) => type === 'qmtunnel')
  await tunnel?.done
  assert.equal(tunnel?.exitstatus, 'OK')
})

test('what goes wrong on the way leaves the VM here, and nothing there', async (t) => {
  const { far, endpoint } = await otherCluster(t)
  const lab = await near()
  const request = { ...MAPS, 'target-endpoint': endpoint }
  const storages = far.world.storages.get('shared')
  assert.ok(storages)
  storages.usedByOthers = storages.capacity
  const task = await lab.task(`POST ${VM}/remote_migrate`, request)
  assert.equal(task.exitstatus, 'migration aborted')
  assert.match(task.log.join('\n'), /No space left on device/)
  await Promise.all([...far.world.tasks.values()].map(({ done }) => done))
  assert.equal(far.world.vms.has(100), false)
  assert.equal(lab.world.vms.get(100)?.config['lock'], undefined)
  // A number that is taken there, and one that is free.
  await far.task('POST /nodes/pve1/qemu', { vmid: '101' })
  const taken = await lab.task(`POST ${VM}/remote_migrate`, { ...request, 'target-vmid': '101' })
  assert.match(
    taken.log.join('\n'),
    /500 unable to create empty VM config - VM 101 already exists on node 'pve1'/,
  )
})

test('an endpoint that is not the one it should be hears no token; maps must say where things go', async (t) => {
  const { endpoint } = await otherCluster(t)
  const lab = await near()
  const refused = (changes: Record<string, string>, says: RegExp): Promise<void> =>
    assert.rejects(
      lab.call(`POST ${VM}/remote_migrate`, { ...MAPS, 'target-endpoint': endpoint, ...changes }),
      says,
    )
  await refused(
    {
      'target-endpoint': endpoint.replace(/(?<=fingerprint=)../, (byte) => (byte === '00' ? '01' : '00')),
    },
    /not verified, abort!/,
  )
  await refused(
    { 'target-endpoint': endpoint.replace(/,fingerprint=.*/, '') },
    /500 Can't connect to 127\.0\.0\.1:\d+ \(/,
  )
  await refused({ 'target-endpoint': endpoint.replace(/secret|7d6f/, '0000') }, /401 /)
  await refused({ 'target-storage': '1' }, /remote migration requires explicit storage mapping!/)
  await lab.task(`POST ${VM}/status/start`)
  await refused({}, /can't migrate running VM without --online/)
})
