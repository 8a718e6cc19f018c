import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KubernetesConnectionError, Lease } from '@fochista/kubernetes'
import { aWorld } from '../test/a-world.ts'
import { NodePools } from '../kinds.ts'
import { aClass, aMachine, aPool, aProxmoxCluster, markOf, NAMESPACE, placed } from '../test/factories.ts'
import { place } from './place.ts'

const withNetwork = aClass({
  spec: {
    networks: [
      { bridge: 'vmbr0', addresses: { ranges: [{ start: '10.0.0.10', end: '10.0.0.12' }], prefix: 24 } },
    ],
  },
})

test('host, template, VMID, shape and addresses are written down before anything is made', async () => {
  const world = aWorld({ machineClass: withNetwork })
  const machine = world.has(aMachine())
  const said = await world.step(place, machine)
  assert.equal(said.state, 'done')
  const { spec } = world.machine()
  assert.equal(spec.host, 'pve1')
  assert.deepEqual(spec.template, { vmid: 9000, node: 'pve1' })
  assert.ok(spec.vmid !== undefined && spec.vmid >= 400 && spec.vmid <= 499)
  assert.deepEqual([spec.storage, spec.isoStorage, spec.pool], ['local-lvm', 'local', 'fochista-acme'])
  assert.deepEqual([spec.cores, spec.memory, spec.disk], [2, 4 * 2 ** 30, 20 * 2 ** 30])
  assert.deepEqual(
    spec.addresses?.map(({ address }) => address),
    ['10.0.0.10'],
  )
  assert.deepEqual(world.proxmox.writes, [])
})

test('a machine is placed by what its pool was judged by last, also where the watch has not told of it', async () => {
  const world = aWorld()
  const machine = world.has(aMachine())
  world.caches.nodePools.freeze()
  world.world.nodePools.wrote(
    world.management.change(
      NodePools,
      { name: 'workers', namespace: NAMESPACE },
      (pool) => (pool.spec.cores = 7),
    ),
  )
  await world.step(place, machine)
  assert.equal(world.machine().spec.cores, 7)
  assert.deepEqual(world.machine().spec.asked, { cores: 7 })
})

test('a placed machine is not placed again', async () => {
  const world = aWorld()
  const machine = world.has(aMachine({ spec: placed }))
  assert.equal((await world.step(place, machine)).state, 'done')
  assert.equal(world.machine().spec.vmid, 412)
})

test('two leaders that place one machine cannot both win', async () => {
  const world = aWorld()
  const machine = world.has(aMachine())
  world.caches.machines.freeze()
  await world.step(place, machine)
  const first = world.machine().spec
  world.dies()
  await assert.rejects(world.step(place, machine), /was modified/)
  assert.deepEqual(world.machine().spec, first)
})

/** Whoever has an id with this beginning draws the same VMID first. */
const idOf = (tail: string): string => `80000000-0000-4000-8000-00000000000${tail}`

test('a VMID whose write was not answered is drawn for nobody else, until its machine is placed', async () => {
  const world = aWorld()
  const [first, second, third] = ['a', 'b', 'c'].map((name) =>
    world.has(aMachine({ metadata: { name }, spec: { id: idOf(name) } })),
  )
  assert.ok(first && second && third)
  const { kubernetes } = world.management
  const patch = kubernetes.patch.bind(kubernetes)
  kubernetes.patch = () => Promise.reject(new KubernetesConnectionError('socket hang up', {}))
  await assert.rejects(world.step(place, first), /socket hang up/)
  kubernetes.patch = patch
  await world.step(place, second)
  const { vmid = 0 } = world.machine('b').spec
  await world.step(place, first)
  assert.equal(world.machine('a').spec.vmid, vmid - 1)
  await world.step(place, third)
  assert.equal(world.machine('c').spec.vmid, vmid + 1)
})

test('a place that could not be written is not written with what is said of the failure, when others may have drawn', async () => {
  const world = aWorld()
  const machine = world.has(aMachine())
  const { kubernetes } = world.management
  const patch = kubernetes.patch.bind(kubernetes)
  let isFirst = true
  kubernetes.patch = (...given) => {
    if (!isFirst) return patch(...given)
    isFirst = false
    return Promise.reject(new KubernetesConnectionError('socket hang up', {}))
  }
  await assert.rejects(world.look(machine), /socket hang up/)
  assert.equal(world.condition('Placed')?.message, 'socket hang up')
  assert.equal(world.machine().spec.vmid, undefined)
})

test('a VMID of another machine, of the inventory, or given up by anybody is not drawn', async () => {
  const world = aWorld({ proxmoxCluster: aProxmoxCluster({ spec: { vmidRange: { start: 400, end: 404 } } }) })
  world.has(aMachine({ metadata: { name: 'a' }, spec: { ...placed, vmid: 400 } }))
  world.proxmox.has({ vmid: 401 })
  world.has(aMachine({ metadata: { name: 'b' }, status: { vmidsGivenUp: [402] } }))
  const machine = world.has(aMachine({ status: { vmidsGivenUp: [403] } }))
  await world.step(place, machine)
  assert.equal(world.machine().spec.vmid, 404)
  const another = world.has(aMachine({ metadata: { name: 'c' } }))
  const said = await world.step(place, another)
  assert.deepEqual([said.state, said.reason], ['blocked', 'VmidsExhausted'])
  assert.match(said.message, /No VMID from 400 to 404 is free\. Widen vmidRange of ProxmoxCluster "dc1"/)
})

test('machines that are placed at once get VMIDs and addresses of their own', async () => {
  const world = aWorld({ machineClass: withNetwork })
  const names = ['a', 'b', 'c']
  const machines = names.map((name) => world.has(aMachine({ metadata: { name } })))
  world.caches.machines.freeze()
  await Promise.all(machines.map((machine) => world.step(place, machine)))
  const specs = names.map((name) => world.machine(name).spec)
  assert.equal(new Set(specs.map(({ vmid }) => vmid)).size, 3)
  assert.deepEqual(
    new Set(specs.map(({ addresses }) => addresses?.[0]?.address)),
    new Set(['10.0.0.10', '10.0.0.11', '10.0.0.12']),
  )
  const one = world.has(aMachine({ metadata: { name: 'd' } }))
  world.caches.machines.thaw()
  assert.equal((await world.step(place, one)).reason, 'AddressesExhausted')
})

test('a VMID that was given up and bears our mark after all is taken again', async () => {
  const world = aWorld()
  const machine = world.has(aMachine({ status: { vmidsGivenUp: [450, 451] } }))
  world.proxmox.has({ vmid: 450, node: 'pve2', config: { description: 'somebody else’s' } })
  world.proxmox.has({ vmid: 451, node: 'pve2', config: { description: markOf(machine, { building: true }) } })
  const said = await world.step(place, machine)
  assert.equal(said.state, 'done')
  const { spec, status } = world.machine()
  assert.deepEqual([spec.vmid, spec.host, spec.storage], [451, 'pve2', 'local-lvm'])
  assert.deepEqual(spec.template, { vmid: 9000, node: 'pve1' })
  assert.deepEqual(status?.vmidsGivenUp, [450])
})

test('a given-up VMID that we may not read is not ours and stops nothing', async () => {
  const world = aWorld()
  const machine = world.has(aMachine({ status: { vmidsGivenUp: [450] } }))
  world.proxmox.has({ vmid: 450 })
  world.proxmox.secret.add(450)
  assert.equal((await world.step(place, machine)).state, 'done')
  assert.notEqual(world.machine().spec.vmid, 450)
})

test('a machine is not placed without its pool, its class, or against the class’s rules', async () => {
  for (const [given, reason] of [
    [{ pool: null }, 'PoolNotFound'],
    [{ machineClass: null }, 'ClassNotFound'],
    [{ pool: aPool({ spec: { cores: 64 } }) }, 'NotAllowed'],
    [{ machineClass: aClass({ spec: { allowedNamespaces: { names: ['other'] } } }) }, 'NotAllowed'],
  ] as const) {
    const world = aWorld(given)
    const machine = world.has(aMachine())
    const said = await world.step(place, machine)
    assert.deepEqual([said.state, said.reason], ['blocked', reason])
    assert.equal(world.machine().spec.vmid, undefined)
  }
})

test('an address that was claimed before a crash is the one that is written after it', async () => {
  const world = aWorld({ machineClass: withNetwork })
  const machine = world.has(aMachine())
  world.management.faults.before = ({ verb, plural }) =>
    verb === 'patch' && plural === 'machines' ? new Error('killed') : undefined
  await assert.rejects(world.step(place, machine), /killed/)
  world.management.faults = Object.assign(world.management.faults, { before: undefined })
  world.dies()
  await world.step(place, machine)
  assert.equal(world.machine().spec.addresses?.[0]?.address, '10.0.0.10')
  assert.equal(world.management.all(Lease).length, 1)
})

test('a pool that asks for more after its machines were counted gets no more than its quota', async () => {
  const world = aWorld({ machineClass: aClass({ spec: { quota: { cores: 8 } } }) })
  world.has(aMachine({ metadata: { name: 'workers-a' }, spec: placed }))
  // Made when the pool asked for 2 cores each; before it is placed the pool asks for 8.
  const machine = world.has(aMachine({ metadata: { name: 'workers-b' } }))
  const edit = (cores: number): unknown =>
    world.management.change(
      NodePools,
      { name: 'workers', namespace: NAMESPACE },
      ({ spec }) => (spec.cores = cores),
    )
  edit(8)
  const said = await world.step(place, machine)
  assert.deepEqual(
    [said.state, said.reason, said.message],
    ['blocked', 'NotAllowed', 'spec.cores: 8: class "small" allows a namespace at most 8 cores in all'],
  )
  assert.equal(world.machine('workers-b').spec.vmid, undefined)
  edit(6)
  assert.equal((await world.step(place, machine)).state, 'done')
})

test('a clone has at least its template’s disk, and counts with it', async () => {
  const machineClass = aClass({ spec: { quota: { disk: '100Gi' }, disk: { default: '1Gi' } } })
  const world = aWorld({ machineClass })
  const { observer } = world.proxmox
  const vms = observer.vms.bind(observer)
  Object.assign(world.proxmox.observer, { vms: () => vms().map((vm) => ({ ...vm, maxdisk: 60 * 2 ** 30 })) })
  const [a, b] = ['workers-a', 'workers-b'].map((name) => world.has(aMachine({ metadata: { name } })))
  assert.ok(a && b)
  await world.step(place, a)
  assert.equal(world.machine('workers-a').spec.disk, 60 * 2 ** 30)
  assert.equal((await world.step(place, b)).reason, 'NotAllowed')
})

test('a class for certain namespaces is for no other, also while ours is not known yet', async () => {
  const world = aWorld({
    machineClass: aClass({ spec: { allowedNamespaces: { matchLabels: { tier: 'silver' } } } }),
  })
  const machine = world.has(aMachine())
  const refused = 'spec.className: "small": class "small" does not allow namespace "acme"'
  assert.equal((await world.step(place, machine)).message, refused)
  Object.assign(world.caches.namespaces, { get: () => undefined })
  assert.equal((await world.step(place, machine)).message, refused)
})

test('machines that find no room look again by turns, at most six seconds apart, and all follow the one that finds some', async () => {
  const world = aWorld()
  const machines = ['a', 'b', 'c', 'd'].map((name, index) =>
    world.has(aMachine({ metadata: { name }, spec: { id: idOf(String(index)) } })),
  )
  const { observer } = world.proxmox
  const nodes = observer.nodes()
  observer.nodes = () => []
  const looks: string[] = []
  let last = Promise.resolve()
  // One after the other, as a queue looks at one machine: it may be called twice.
  const look = (name: string): Promise<void> =>
    (last = last.then(async () => {
      looks.push(name)
      const machine = machines.find(({ metadata }) => metadata.name === name)
      assert.ok(machine)
      await world.step(place, machine)
    }))
  const end = world.world.retries.subscribe((key) => void look(key.split('/')[1] ?? ''))
  for (const { metadata } of machines) await look(metadata.name)
  await world.clock.advance(60_000)
  assert.equal(world.machine('a').spec.vmid, undefined)
  looks.length = 0
  await world.clock.advance(12_000)
  assert.equal(looks.length, 2)
  observer.nodes = () => nodes
  await world.clock.advance(6000)
  assert.deepEqual(
    machines.map(({ metadata }) => typeof world.machine(metadata.name).spec.host),
    ['string', 'string', 'string', 'string'],
  )
  end()
  assert.deepEqual(world.proxmox.writes, [])
})
