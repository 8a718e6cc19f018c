import assert from 'node:assert/strict'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gvr } from '../kamaji/vocabulary.ts'
import { eventually } from '../test-eventually.ts'
import { startTestBed } from '../guest/test-machines.ts'
import type { ApiServer } from '../kubernetes/api.ts'
import { asText, at } from '../kubernetes/rest/json.ts'
import { startLab } from '../lab.ts'

const LEASES = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' }

function renewed(api: ApiServer | undefined): string {
  return asText(at(api?.store.get(LEASES, 'kube-node-lease', 'worker'), ['spec', 'renewTime']))
}

test('a lab that was killed with a worker running has its tenant at its address, its worker and its Node again', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'fochista-workers-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const bed = await startTestBed(() => {}, 'empty', join(folder, 'first'))
  t.after(() => bed.lab.stop())
  const vm = bed.start(150, bed.seed('worker', { join: { token: bed.token('keepit') } }))
  await eventually(
    'a Node',
    () => bed.nodes().includes('worker'),
    () => vm.console,
  )
  const before = await eventually('its lease', () => renewed(bed.tenant.api))
  const node = bed.tenant.api.store.get(gvr.nodes, undefined, 'worker')
  const address = bed.tenant.address
  // The token goes when the worker has joined: it cannot come back by joining again.
  bed.tenant.api.store.delete(gvr.secrets, { namespace: 'kube-system', name: 'bootstrap-token-keepit' })
  await eventually(
    'the disk is kept',
    () => bed.lab.proxmox.guests.disk(150)?.files.has('/var/lib/kubelet/pki/kubelet-client-current.pem'),
    () => [...(bed.lab.proxmox.guests.disk(150)?.files.keys() ?? [])].join('\n'),
  )
  await new Promise((resolve) => setImmediate(resolve))
  // What stands in the folder at this moment is what a kill at this moment would leave.
  await cp(join(folder, 'first'), join(folder, 'second'), { recursive: true })
  await rm(join(folder, 'second', 'owner'))
  await bed.lab.stop()
  const problems: string[] = []
  const lab = await startLab({
    ports: { proxmox: 0, kubernetes: 0 },
    speed: 50,
    state: join(folder, 'second'),
    log: (text) => problems.push(text),
  })
  t.after(() => lab.stop())
  const tenant = await eventually(
    'the tenant',
    () => lab.management.tenants.find('default', 'tenant'),
    () => problems.join('\n'),
  )
  assert.deepEqual(tenant.address, address)
  assert.equal(tenant.ca.certPem, bed.tenant.ca.certPem)
  const again = tenant.api.store.get(gvr.nodes, undefined, 'worker')
  assert.equal(again?.metadata.uid, node?.metadata.uid)
  assert.equal(lab.proxmox.world.vms.get(150)?.running, true)
  await eventually(
    'the kubelet renews its lease',
    () => renewed(tenant.api) > before,
    () => lab.proxmox.world.vms.get(150)?.console ?? '',
  )
  assert.deepEqual(problems, [])
})

test('what a fault had made wrong when the lab was killed is right again when it starts', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'fochista-faults-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const first = await startLab({
    ports: { proxmox: 0, kubernetes: 0 },
    speed: 100,
    state: join(folder, 'first'),
  })
  t.after(() => first.stop())
  const least = first.environment['PROXMOX_LEAST_TOKEN_ID'] ?? ''
  const token = { ...first.proxmox.world.access.tokens.get(least) }
  for (const [on, what] of [
    [{ node: 'pve2' }, { kind: 'host-removed' }],
    [{ node: 'pve3' }, { kind: 'host-lost' }],
    [{ storage: 'local-lvm' }, { kind: 'storage-full' }],
    [{ vmid: 102 }, { kind: 'lock-held', lock: 'backup' }],
    [{ user: least }, { kind: 'token-revoked' }],
    [{ user: 'root@pam!lab' }, { kind: 'token-expired' }],
  ] as const)
    await first.faults.add({ on: { backEnd: 'proxmox', ...on }, what })
  await new Promise((resolve) => setTimeout(resolve, 50))
  await cp(join(folder, 'first'), join(folder, 'second'), { recursive: true })
  await rm(join(folder, 'second', 'owner'))
  await first.stop()
  for (const which of ['second', 'first']) {
    const lab = await startLab({ ports: {}, speed: 100, state: join(folder, which) })
    for (const name of ['PROXMOX_URL', 'KAMAJI_URL', 'LAB_URL'])
      assert.equal(lab.environment[name], first.environment[name])
    const { world } = lab.proxmox
    for (const name of ['pve2', 'pve3']) assert.equal(world.hosts.get(name)?.online, true, `${which} ${name}`)
    assert.deepEqual([...world.hosts.keys()], ['pve1', 'pve2', 'pve3'])
    assert.equal(world.storages.get('local-lvm')?.usedByOthers, 0)
    assert.equal(world.vms.get(102)?.config['lock'], undefined)
    assert.deepEqual({ ...world.access.tokens.get(least) }, token)
    assert.equal(world.access.tokens.get('root@pam!lab')?.expire, 0)
    assert.deepEqual(lab.faults.list(), [])
    await lab.stop()
  }
})
