import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SYSTEM_NAMESPACE } from '@fochista/api'
import { Lease, Secret } from '@fochista/kubernetes'
import { ProxmoxApiError } from '@fochista/proxmox'
import { aClass, aHost, aProxmoxCluster, aStorage, aTemplate, GIB, INSTALLATION } from '../test/factories.ts'
import { createFakeClient } from '../test/fake-client.ts'
import { createFakeKubernetes } from '../test/fake-kubernetes.ts'
import { createManualClock } from '../test/manual-clock.ts'
import { CredentialsError, holdSecret, readAccess } from './connect.ts'
import { createFence, fencePool, LEASE_NAME } from './fence.ts'
import { createHypervisor, WritesForbiddenError } from './hypervisor.ts'
import { nodesOf, storagesOf } from './observed.ts'
import { describeMissing, missingRights, rightsNeeded } from './rights.ts'

const base64 = (data: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))

function withSecret(data: Record<string, string>, name = 'dc1-credentials') {
  const fake = createFakeKubernetes(createManualClock())
  fake.has(Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: SYSTEM_NAMESPACE },
    data: base64(data),
  })
  return fake
}
const credentials = { tokenId: 'fochista@pve!main', secret: 'xyz' }

test('the rights that are needed follow from classes, pools, templates, storages and bridges, and are no more', () => {
  const classes = [
    aClass({ spec: { networks: [{ bridge: 'vmbr0' }, { bridge: 'vmbr1', vlan: 7 }] } }),
    aClass({ metadata: { name: 'elsewhere' }, spec: { proxmoxClusterName: 'dc2', storage: 'other' } }),
  ]
  const needed = rightsNeeded(aProxmoxCluster(), classes, ['fochista-acme'], 'fence', [
    aTemplate(9000, 'pve1'),
  ])
  const byPath = new Map(needed.map(({ path, privileges }) => [path, privileges]))
  assert.deepEqual(
    [...byPath.keys()].sort((a, b) => a.localeCompare(b)),
    [
      '/',
      '/pool/fence',
      '/pool/fochista-acme',
      '/sdn/zones/localnetwork/vmbr0',
      '/sdn/zones/localnetwork/vmbr1/7',
      '/storage/local',
      '/storage/local-lvm',
      '/vms',
      '/vms/9000',
    ],
  )
  // An entry on a path replaces what is inherited: without VM.Audit the template could not be seen any more.
  assert.deepEqual(byPath.get('/vms/9000'), ['VM.Audit', 'VM.Clone'])
  assert.deepEqual(byPath.get('/storage/local'), [
    'Datastore.AllocateTemplate',
    'Datastore.Allocate',
    'Datastore.Audit',
  ])
  assert.ok(byPath.get('/pool/fochista-acme')?.includes('VM.Config.Network'))
})

test('what a token lacks is said path by path', async () => {
  const client = createFakeClient()
  client.privileges.set('/vms/9000', []).set('/', ['Sys.Audit', 'Sys.Modify'])
  const hypervisor = createHypervisor(client.proxmox, () => undefined)
  const missing = await missingRights(hypervisor, [
    { path: '/', privileges: ['Sys.Audit'] },
    { path: '/vms/9000', privileges: ['VM.Clone', 'VM.Audit'] },
  ])
  assert.equal(
    describeMissing(missing),
    'The token lacks VM.Clone, VM.Audit on /vms/9000. The commands that grant it: `fochista doctor -o pveum`.',
  )
})

test('access is read from the object and its Secrets, and its identity changes with them', async () => {
  const fake = withSecret(credentials)
  const cluster = aProxmoxCluster()
  const { config, identity } = await readAccess(fake.kubernetes, cluster)
  assert.deepEqual(config, { endpoints: ['https://pve1.example:8006'], credentials })
  assert.equal((await readAccess(fake.kubernetes, cluster)).identity, identity)
  assert.ok(!identity.includes('xyz'))
  fake.change(
    Secret,
    { name: 'dc1-credentials', namespace: SYSTEM_NAMESPACE },
    (one) => (one.data = base64({ ...credentials, secret: 'new' })),
  )
  assert.notEqual((await readAccess(fake.kubernetes, cluster)).identity, identity)
})

test('a CA is read from the Secret that names it', async () => {
  const fake = withSecret(credentials)
  fake.has(Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'ca', namespace: SYSTEM_NAMESPACE },
    data: base64({ 'ca.crt': 'PEM' }),
  })
  const { config } = await readAccess(
    fake.kubernetes,
    aProxmoxCluster({ spec: { tls: { caRef: { name: 'ca' } } } }),
  )
  assert.deepEqual(config.tls, { ca: 'PEM' })
})

test('a Secret that is missing or not complete is named with its key', async () => {
  for (const [data, tls, message] of [
    [undefined, undefined, 'Secret "dc1-credentials" is not in namespace fochista-system.'],
    [
      { tokenId: 'fochista@pve!main' },
      undefined,
      'Secret "dc1-credentials" in fochista-system has no key "secret".',
    ],
    [
      { tokenId: 'root', secret: 'x' },
      undefined,
      'Key tokenId of Secret "dc1-credentials" in fochista-system is not a token id: it reads user@realm!name.',
    ],
    [credentials, { caRef: { name: 'ca' } }, 'Secret "ca" is not in namespace fochista-system.'],
  ] as const) {
    const fake = data ? withSecret(data) : createFakeKubernetes(createManualClock())
    await assert.rejects(
      readAccess(fake.kubernetes, aProxmoxCluster({ spec: tls ? { tls } : {} })),
      (error) => error instanceof CredentialsError && error.message === message,
    )
  }
})

test('the Secret in use bears our finalizer, and no other change is made to it', async () => {
  const fake = withSecret(credentials)
  const read = () => fake.read(Secret, 'dc1-credentials', SYSTEM_NAMESPACE)
  await holdSecret(fake.kubernetes, aProxmoxCluster(), true)
  assert.deepEqual(read()?.metadata.finalizers, ['fochista.dev/finalizer'])
  const { length } = fake.calls
  await holdSecret(fake.kubernetes, aProxmoxCluster(), true)
  assert.deepEqual(
    fake.calls.slice(length).map(({ verb }) => verb),
    ['get'],
  )
  assert.deepEqual(read()?.data, base64(credentials))
  await holdSecret(fake.kubernetes, aProxmoxCluster(), false)
  assert.deepEqual(read()?.metadata.finalizers ?? [], [])
  fake.vanish(Secret, { name: 'dc1-credentials', namespace: SYSTEM_NAMESPACE })
  await holdSecret(fake.kubernetes, aProxmoxCluster(), false)
})

test('hosts are shown with rounded load, so that a status is not written for every breath', () => {
  const shown = (mem: number, cpu: number) =>
    nodesOf({
      observer: { nodes: () => [aHost('pve2', { mem, cpu }), aHost('pve1', { status: 'offline' })] } as never,
    })
  assert.deepEqual(shown(5 * GIB + 77, 0.234)[1], {
    name: 'pve2',
    status: 'online',
    cores: 16,
    memory: 64 * GIB,
    memoryUsed: 5 * GIB,
    load: '20%',
  })
  assert.equal(shown(5 * GIB, 0)[0]?.status, 'offline')
  assert.deepEqual(shown(5 * GIB + 77, 0.234), shown(5 * GIB + 1077, 0.241))
})

test('a shared storage counts once, a local one with all of its hosts; each with what classes use it for', () => {
  const observer = {
    storages: () => [
      aStorage('ceph', 'pve1', { disk: 100 * GIB }),
      aStorage('ceph', 'pve2', { disk: 100 * GIB }),
      aStorage('local-lvm', 'pve1'),
      aStorage('local-lvm', 'pve2', { disk: GIB }),
    ],
  }
  const storages = () => [
    { name: 'local-lvm', type: 'lvmthin', content: ['images'], isShared: false },
    { name: 'ceph', type: 'rbd', content: ['images'], isShared: true },
    { name: 'nobody', type: 'dir', content: ['iso'], isShared: false, nodes: ['pve3'] },
  ]
  const shown = storagesOf({ observer, storages } as never, [
    aClass(),
    aClass({ spec: { isoStorage: 'ceph' } }),
  ])
  assert.deepEqual(
    shown.map(({ name, bytes, bytesAvailable, roles }) => [name, bytes, bytesAvailable, roles]),
    [
      ['ceph', 500 * GIB, 400 * GIB, ['images']],
      ['local-lvm', 1000 * GIB, 999 * GIB, ['disks']],
      ['nobody', undefined, undefined, []],
    ],
  )
})

test('no write goes to Proxmox while it may not, and reads go on', async () => {
  const client = createFakeClient()
  let why: string | undefined = 'It is paused.'
  const hypervisor = createHypervisor(client.proxmox, () => why)
  const vm = { node: 'pve1', vmid: 412 }
  for (const write of [
    () => hypervisor.clone(vm, { newid: 413 }),
    () => hypervisor.configure(vm, {}),
    () => hypervisor.resize(vm, 'scsi0', GIB),
    () => hypervisor.start(vm),
    () => hypervisor.shutdown(vm, 60),
    () => hypervisor.stop(vm),
    () => hypervisor.destroy(vm),
    () => hypervisor.uploadImage('pve1', 'local', 'x.iso', new Uint8Array()),
    () => hypervisor.deleteVolume('pve1', 'local', 'local:iso/x.iso'),
    () => hypervisor.ensurePool('p', ''),
  ])
    await assert.rejects(write(), (error) => error instanceof WritesForbiddenError && error.message === why)
  assert.deepEqual(client.calls, [])
  assert.equal(await hypervisor.version(), '9.1.2')
  why = undefined
  await hypervisor.ensurePool('p', 'ours')
  assert.equal(client.pools.get('p'), 'ours')
})

test('a VM is destroyed with its own disks only, a disk grows to an absolute size', async () => {
  const client = createFakeClient()
  client.answers
    .set('delete /nodes/{node}/qemu/{vmid}', 'UPID')
    .set('put /nodes/{node}/qemu/{vmid}/resize', 'UPID')
  const hypervisor = createHypervisor(client.proxmox, () => undefined)
  const vm = { node: 'pve1', vmid: 412 }
  await hypervisor.destroy(vm)
  assert.deepEqual(client.calls[0]?.params, { ...vm, purge: true, 'destroy-unreferenced-disks': false })
  for (const [bytes, size] of [
    [20 * GIB, '20G'],
    [GIB / 2, '512M'],
    [1500, '2K'],
  ] as const) {
    await hypervisor.resize(vm, 'scsi0', bytes)
    assert.equal(client.calls.at(-1)?.params['size'], size)
  }
})

test('a VM that its host does not know is no error, anything else is', async () => {
  const client = createFakeClient()
  const hypervisor = createHypervisor(client.proxmox, () => undefined)
  const call = { method: 'GET', path: '/' }
  client.fail = () =>
    new ProxmoxApiError(call, 500, "Configuration file 'nodes/pve1/qemu-server/412.conf' does not exist")
  assert.equal(await hypervisor.config({ node: 'pve1', vmid: 412 }), undefined)
  client.fail = () => new ProxmoxApiError(call, 595, 'No route to host')
  await assert.rejects(hypervisor.config({ node: 'pve1', vmid: 412 }), /No route to host/)
})

function aFence() {
  const clock = createManualClock()
  const management = createFakeKubernetes(clock)
  const client = createFakeClient()
  const pool = fencePool(INSTALLATION)
  let leads = true
  const make = (kubernetes = management.kubernetes) =>
    createFence({
      kubernetes,
      proxmox: client.proxmox,
      installation: INSTALLATION,
      clusterName: 'dc1',
      clock,
      mayStamp: () => leads,
    })
  return {
    clock,
    management,
    client,
    pool,
    make,
    fence: make(),
    cluster: aProxmoxCluster(),
    losesTheLead: () => (leads = false),
    words: () =>
      (
        management.read(Lease, LEASE_NAME, SYSTEM_NAMESPACE)?.metadata.annotations?.[
          'fence.fochista.dev/dc1'
        ] ?? ''
      ).split(','),
  }
}

test('nothing is written before the stamp has been read, and a missing stamp is made', async () => {
  const { fence, cluster, client, pool, words } = aFence()
  assert.match(fence.whyNot() ?? '', /was not read of late/)
  assert.deepEqual(await fence.check(cluster), { state: 'open' })
  assert.equal(fence.whyNot(), undefined)
  assert.deepEqual(words(), [client.pools.get(pool)])
})

test('a fail-over within one installation never fences', async () => {
  const { fence, make, cluster } = aFence()
  await fence.check(cluster)
  for (let turn = 0; turn < 25; turn += 1)
    assert.equal((await (turn % 2 ? fence : make()).check(cluster)).state, 'open')
})

test('a restored or second copy finds a word that its Lease does not know, and is fenced', async () => {
  const { clock, fence, make, cluster, client, pool } = aFence()
  await fence.check(cluster)
  const copy = make(createFakeKubernetes(clock).kubernetes)
  const stamp = client.pools.get(pool)
  const state = await copy.check(cluster)
  assert.equal(state.state, 'fenced')
  assert.match(copy.whyNot() ?? '', /fochista proxmox unfence dc1/)
  assert.equal(client.pools.get(pool), stamp, 'a fenced copy stamps nothing')
  const freed = aProxmoxCluster({ metadata: { annotations: { 'fochista.dev/unfence': '' } } })
  assert.equal((await copy.check(freed)).state, 'open')
  assert.equal((await fence.check(cluster)).state, 'fenced', 'and the other one is fenced from then on')
})

test('a word is in the Lease before it is in Proxmox, and stamps that fail do not fence ourselves', async () => {
  const { fence, cluster, client, words, pool } = aFence()
  await fence.check(cluster)
  const stamp = client.pools.get(pool) ?? ''
  client.fail = ({ method }) => (method === 'put' ? new Error('lost') : undefined)
  for (let turn = 0; turn < 30; turn += 1) await assert.rejects(fence.check(cluster), /lost/)
  assert.ok(words().includes(stamp) && words().length === 10)
  client.fail = undefined
  assert.equal((await fence.check(cluster)).state, 'open')
})

test('a leader that leads no more stamps nothing', async () => {
  const { fence, cluster, client, pool, losesTheLead } = aFence()
  losesTheLead()
  await fence.check(cluster)
  assert.equal(client.pools.has(pool), false)
})

test('a stamp that was not read for long allows no write', async () => {
  const { clock, fence, cluster } = aFence()
  await fence.check(cluster)
  await clock.advance(151_000)
  assert.match(fence.whyNot() ?? '', /was not read of late/)
})
