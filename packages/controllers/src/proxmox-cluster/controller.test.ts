import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SYSTEM_NAMESPACE, type ProxmoxCluster } from '@fochista/api'
import { Event, Secret } from '@fochista/kubernetes'
import { ProxmoxApiError, ProxmoxConnectionError, ProxmoxTlsError } from '@fochista/proxmox'
import { Machines, ProxmoxClusters } from '../kinds.ts'
import { aWorld } from '../test/a-world.ts'
import { aMachine, aProxmoxCluster, INSTALLATION, placed } from '../test/factories.ts'
import { createFakeClient } from '../test/fake-client.ts'
import { settled } from '../test/manual-clock.ts'
import { createConnections } from './connections.ts'
import { createProxmoxClusterController } from './controller.ts'
import { fencePool } from './fence.ts'

const ref = { name: 'dc1-credentials', namespace: SYSTEM_NAMESPACE }

function aCluster({
  hasSecret = true,
  spec = {},
}: { hasSecret?: boolean; spec?: Partial<ProxmoxCluster['spec']> } = {}) {
  const world = aWorld({ proxmoxCluster: aProxmoxCluster({ spec }) })
  const client = createFakeClient()
  const registry = createConnections()
  const heard: string[] = []
  registry.subscribe(({ type }) => heard.push(type))
  let connections = 0
  const controller = createProxmoxClusterController({
    world: world.world,
    registry,
    writesAllowed: () => undefined,
    connect: () => {
      connections += 1
      return client.proxmox
    },
  })
  if (hasSecret)
    world.management.has(Secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: ref,
      data: {
        tokenId: Buffer.from('fochista@pve!main').toString('base64'),
        secret: Buffer.from('xyz').toString('base64'),
      },
    })
  const { signal } = new AbortController()
  const looks = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn += 1) {
      await controller.reconcile('/dc1', signal)
      await settled()
    }
  }
  const cluster = () => world.management.read(ProxmoxClusters, 'dc1')
  const said = (type: string) => {
    const one = cluster()?.status?.conditions?.find((condition) => condition.type === type)
    return one && `${one.status} ${one.reason}`
  }
  return {
    world,
    client,
    registry,
    heard,
    controller,
    looks,
    cluster,
    said,
    message: () => cluster()?.status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? '',
    connections: () => connections,
    edit: (change: (one: ProxmoxCluster) => void) =>
      world.management.change(ProxmoxClusters, { name: 'dc1' }, change),
  }
}

test('a Proxmox cluster is connected, its rights checked, and what there is is said', async () => {
  const { looks, cluster, said, registry, heard, message } = aCluster()
  await looks(2)
  assert.deepEqual(
    [said('Reachable'), said('Authorized'), said('Ready'), said('Fenced')],
    ['True Reachable', 'True Authorized', 'True Ready', undefined],
  )
  assert.equal(message(), '2 of 2 hosts are online, 1 VMs are listed.')
  assert.equal(cluster()?.status?.version, '9.1.2')
  assert.deepEqual(
    cluster()?.status?.nodes?.map(({ name }) => name),
    ['pve1', 'pve2'],
  )
  assert.deepEqual(
    cluster()?.status?.storages?.map(({ name, roles }) => [name, roles]),
    [
      ['local', ['images']],
      ['local-lvm', ['disks']],
    ],
  )
  assert.ok(registry.get('dc1'))
  assert.equal(heard.filter((type) => type === 'connection').length, 1)
})

test('looks without news write nothing, say nothing and ask for no rights again', async () => {
  const { world, client, looks } = aCluster()
  await looks(3)
  await world.events()
  world.management.calls.length = 0
  client.calls.length = 0
  const before = world.management.all(Event).length
  await looks(3)
  await world.events()
  assert.deepEqual(
    world.management.calls.filter(({ verb, plural }) => verb !== 'get' && plural === 'proxmoxclusters'),
    [],
  )
  assert.equal(world.management.all(Event).length, before)
  assert.deepEqual(
    client.calls.filter(({ path }) => path === '/access/permissions'),
    [],
  )
})

test('a token that lacks a right is told which, and asked again until it has it', async () => {
  const { client, looks, said, message } = aCluster()
  client.privileges.set('/vms/9000', ['VM.Audit'])
  await looks(2)
  assert.equal(said('Authorized'), 'False PrivilegesMissing')
  assert.equal(said('Ready'), 'False PrivilegesMissing')
  assert.equal(
    message(),
    'The token lacks VM.Clone on /vms/9000. The commands that grant it: `fochista doctor -o pveum`.',
  )
  client.privileges.clear()
  await looks(1)
  assert.equal(said('Ready'), 'True Ready')
})

test('what keeps us from it is told apart: no Secret, a refused token, a refused certificate, nobody there', async () => {
  const call = { method: 'GET', path: '/cluster/resources' }
  const missing = aCluster({ hasSecret: false })
  await missing.looks(2)
  assert.equal(missing.said('Authorized'), 'False CredentialsMissing')
  assert.equal(missing.registry.get('dc1'), undefined)
  for (const [failure, type, reason] of [
    [new ProxmoxApiError(call, 401, 'no such token'), 'Authorized', 'False TokenRefused'],
    [
      new ProxmoxTlsError(call, new Error('self-signed certificate'), 'AA:BB'),
      'Reachable',
      'False CertificateRefused',
    ],
    [new ProxmoxConnectionError(call, new Error('ECONNREFUSED'), false), 'Reachable', 'False Unreachable'],
  ] as const) {
    const { client, looks, said, registry } = aCluster()
    client.fail = () => failure
    await looks(2)
    assert.equal(said(type), reason)
    assert.equal(registry.get('dc1'), undefined, 'nobody works with what never answered')
    client.fail = undefined
    await looks(1)
    assert.equal(said('Ready'), 'True Ready')
  }
})

test('a cluster that stops to answer says so at once, and who has waited for it long is woken when it answers again', async () => {
  const { world, client, looks, said, message, heard } = aCluster()
  await looks(2)
  heard.length = 0
  const call = { method: 'GET', path: '/cluster/resources' }
  client.fail = () => new ProxmoxApiError(call, 401, 'Authentication failed!')
  for (let second = 0; second < 10 && heard.length === 0; second += 1) {
    await world.clock.advance(1000)
    await settled()
  }
  assert.deepEqual(heard, ['silence'])
  await looks(1)
  assert.equal(said('Authorized'), 'False TokenRefused')
  assert.match(message(), /Authentication failed! The token was deleted.*`fochista proxmox add dc1 /)
  await world.clock.advance(20_000)
  await settled()
  assert.deepEqual(heard, ['silence'], 'it is said once')
  client.fail = undefined
  await looks(1)
  assert.deepEqual(heard, ['silence', 'connection'])
  assert.equal(said('Ready'), 'True Ready')
})

test('new credentials make a new connection, and the old one is closed', async () => {
  const { world, client, looks, connections, registry } = aCluster()
  await looks(2)
  const before = registry.get('dc1')
  assert.equal(connections(), 1)
  world.management.change(
    Secret,
    ref,
    (one) => (one.data = { ...one.data, secret: Buffer.from('new').toString('base64') }),
  )
  await looks(1)
  assert.equal(connections(), 2)
  assert.ok(client.isClosed)
  assert.ok(registry.get('dc1') && registry.get('dc1') !== before)
})

test('the Secret in use bears our finalizer, until its cluster goes', async () => {
  const { world, looks, cluster, edit, registry, client } = aCluster()
  await looks(2)
  const secret = () => world.management.read(Secret, ref.name, ref.namespace)
  assert.deepEqual(secret()?.metadata.finalizers, ['fochista.dev/finalizer'])
  edit((one) => (one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'))
  await looks(1)
  assert.equal(cluster(), undefined)
  assert.deepEqual(secret()?.metadata.finalizers ?? [], [])
  assert.equal(registry.get('dc1'), undefined)
  assert.ok(client.isClosed)
})

test('a Secret that another Proxmox cluster uses too keeps its finalizer', async () => {
  const { world, looks, edit } = aCluster()
  world.management.has(ProxmoxClusters, aProxmoxCluster({ metadata: { name: 'dc2' } }))
  await looks(2)
  edit((one) => (one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'))
  await looks(1)
  assert.equal(world.management.read(Secret, ref.name, ref.namespace)?.metadata.finalizers?.length, 1)
})

test('a Proxmox cluster with machines refuses to go, says which, and stays connected for them', async () => {
  const { world, looks, cluster, edit, said, message, registry } = aCluster()
  world.management.has(Machines, aMachine())
  await looks(2)
  edit((one) => (one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'))
  await looks(2)
  assert.equal(said('Ready'), 'False InUse')
  assert.match(message(), /workers-x7k2b/)
  assert.ok(registry.get('dc1'))
  world.management.vanish(Machines, { name: 'workers-x7k2b', namespace: 'acme' })
  await looks(1)
  assert.equal(cluster(), undefined)
})

test('paused nothing is stamped, and a word to unfence waits', async () => {
  const { client, looks, said, edit, cluster } = aCluster({ spec: { paused: true } })
  edit((one) => (one.metadata.annotations = { 'fochista.dev/unfence': '' }))
  await looks(2)
  assert.equal(said('Ready'), 'False Paused')
  assert.equal(client.pools.size, 0)
  assert.ok('fochista.dev/unfence' in (cluster()?.metadata.annotations ?? {}))
})

test('a cluster that another copy has stamped is fenced until a person says otherwise', async () => {
  const { world, client, looks, said, edit, cluster, registry } = aCluster()
  client.pools.set(fencePool(INSTALLATION), 'a word of another copy')
  await looks(3)
  assert.equal(said('Fenced'), 'True Fenced')
  assert.equal(said('Ready'), 'False Fenced')
  await assert.rejects(
    registry.get('dc1')?.hypervisor.start({ node: 'pve1', vmid: 412 }) ?? Promise.resolve(),
    /Another copy of this installation/,
  )
  await world.events()
  const told = world.management.all(Event).length
  await looks(2)
  await world.events()
  assert.equal(world.management.all(Event).length, told, 'it is said once')
  edit((one) => (one.metadata.annotations = { 'fochista.dev/unfence': '' }))
  await looks(2)
  assert.equal(said('Fenced'), undefined)
  assert.equal(said('Ready'), 'True Ready')
  assert.equal(cluster()?.metadata.annotations?.['fochista.dev/unfence'], undefined)
})

test('VMs that vanish by the dozen make its inventory suspect, until they are found', async () => {
  const { world, looks, said } = aCluster()
  for (const name of ['a', 'b', 'c']) {
    world.has(aMachine({ metadata: { name }, spec: { ...placed, made: true } }))
    world.world.missing.note(`acme/${name}`, 'dc1', world.clock.now())
  }
  await looks(2)
  assert.equal(said('InventorySuspect'), 'True InventorySuspect')
  for (const name of ['a', 'b']) world.world.missing.clear(`acme/${name}`)
  await world.clock.advance(61_000)
  await looks(1)
  assert.equal(said('InventorySuspect'), undefined)
})

test('a ProxmoxCluster that is gone is disconnected, and closing ends all connections', async () => {
  const { world, looks, registry, client, controller } = aCluster()
  await looks(2)
  world.management.vanish(ProxmoxClusters, { name: 'dc1' })
  await looks(1)
  assert.equal(registry.get('dc1'), undefined)
  assert.ok(client.isClosed)
  await controller.close()
})
