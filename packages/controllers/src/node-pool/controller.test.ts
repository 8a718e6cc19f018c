import { randomUUID } from 'node:crypto'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine } from '@fochista/api'
import { MachineClasses, Machines, NodePools } from '../kinds.ts'
import { aPoolWorld, known } from '../test/a-pool-world.ts'
import { aClass, aMachine, aPool, markOf, NAMESPACE, placed } from '../test/factories.ts'
import { revisionOf } from '../revision.ts'

test('a pool makes exactly the machines that it lacks, however often it is looked at', async () => {
  const world = aPoolWorld()
  await world.looks(6)
  assert.equal(world.machines().length, 3)
  assert.equal(world.pool()?.status?.replicas, 3)
  assert.equal(world.pool()?.status?.version, 'v1.30.4')
  assert.deepEqual(world.pool()?.metadata.finalizers, ['fochista.dev/finalizer'])
})

test('a pool makes no twin while its cache lags behind what it has made', async () => {
  const world = aPoolWorld()
  await world.look()
  world.caches.machines.freeze()
  await world.looks(4)
  assert.equal(world.machines().length, 3)
})

test('killed after any write a pool makes no machine too many', async () => {
  for (let deadly = 1; deadly <= 8; deadly += 1) {
    const world = aPoolWorld()
    const killed = new Error('killed')
    let writes = 0
    Object.assign(world.management.faults, {
      after: ({ verb, plural }: { verb: string; plural: string }) => {
        if (plural !== 'events' && (verb === 'create' || verb === 'patch')) writes += 1
        return writes === deadly ? killed : undefined
      },
      before: () => (writes === deadly ? killed : undefined),
    })
    for (let turn = 0; turn < 8; turn += 1)
      await world.look().catch((error: unknown) => {
        if (error !== killed) throw error
        writes += 1
        world.dies()
      })
    assert.equal(world.machines().length, 3, `killed after write ${deadly}`)
  }
})

test('which cluster it belongs to is written down before the first machine is made', async () => {
  const world = aPoolWorld()
  await world.look()
  assert.equal(world.machines().length, 0)
  assert.equal(world.pool()?.status?.cluster?.uid, 'tcp-1')
  assert.notEqual(world.condition()?.status, 'False', 'beginning is no failure')
})

test('replicas default to one', async () => {
  const world = aPoolWorld({ pool: aPool({ spec: { replicas: undefined } }) })
  await world.looks(3)
  assert.equal(world.machines().length, 1)
})

test('scaled down a pool retires what is too much; one on its way out does not count', async () => {
  const world = aPoolWorld()
  await world.looks(2)
  world.edit(({ spec }) => (spec.replicas = 1))
  await world.looks(3)
  assert.equal(world.staying().length, 1)
  assert.equal(world.machines().length, 3, 'the others have their finalizers still')
  world.edit(({ spec }) => (spec.replicas = 2))
  await world.looks(2)
  assert.equal(world.staying().length, 2)
  world.edit(({ spec }) => (spec.replicas = 0))
  await world.looks(2)
  assert.equal(world.staying().length, 0)
})

test('a machine that somebody deletes is made again', async () => {
  const world = aPoolWorld()
  await world.looks(2)
  const [first] = world.machines()
  assert.ok(first)
  await world.world.kubernetes.delete(Machines, { name: first.metadata.name, namespace: NAMESPACE })
  await world.looks(2)
  assert.equal(world.staying().length, 3)
})

test('paused a pool makes nothing, takes nothing away, and does not go', async () => {
  const world = aPoolWorld({ pool: aPool({ spec: { paused: true } }) })
  await world.looks(2)
  assert.equal(world.machines().length, 0)
  assert.equal(world.reason(), 'Paused')
  world.edit(({ spec }) => (spec.paused = false))
  await world.looks(2)
  world.edit((pool) => {
    pool.spec.paused = true
    pool.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
  })
  await world.looks(2)
  assert.equal(world.staying().length, 3)
  assert.ok(world.pool())
})

test('a pool that is deleted waits for the last of its machines', async () => {
  const world = aPoolWorld()
  await world.looks(2)
  world.edit((pool) => (pool.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'))
  await world.looks(2)
  assert.equal(world.staying().length, 0)
  assert.equal(world.reason(), 'Deleting')
  for (const { metadata } of world.machines()) world.management.vanish(Machines, metadata)
  await world.looks(1)
  assert.equal(world.pool(), undefined)
})

test('a pool that is deleted waits for a machine that was restored a moment ago and is in no cache yet', async () => {
  const world = aPoolWorld()
  await world.looks(2)
  const [lost] = world.machines()
  assert.ok(lost)
  world.edit(({ spec }) => (spec.replicas = 0))
  for (const { metadata } of world.machines()) world.management.vanish(Machines, metadata)
  await world.look()
  assert.equal(world.machines().length, 0)
  world.caches.machines.freeze()
  world.management.has(Machines, lost)
  world.edit((pool) => (pool.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'))
  await world.looks(2)
  assert.equal(world.reason(), 'Deleting')
  world.caches.machines.thaw()
  await world.look()
  assert.equal(world.staying().length, 0, 'it is asked to go too')
})

test('a quota stops a pool at its limit, and says the field, the value and the rule', async () => {
  const world = aPoolWorld({ machineClass: aClass({ spec: { quota: { machines: 2 } } }) })
  await world.looks(4)
  assert.equal(world.machines().length, 2)
  assert.equal(world.reason(), 'NotAllowed')
  assert.equal(
    world.message(),
    'spec.replicas: 3: class "small" allows a namespace at most 2 machines in all.',
  )
})

test('two pools of one namespace do not share a quota’s last machines twice', async () => {
  const world = aPoolWorld({ machineClass: aClass({ spec: { quota: { machines: 4 } } }) })
  world.management.has(NodePools, aPool({ metadata: { name: 'others' } }))
  await Promise.all([world.look('workers'), world.look('others')])
  await Promise.all([world.look('workers'), world.look('others')])
  await Promise.all([world.look('workers'), world.look('others')])
  assert.equal(world.machines().length, 4)
})

test('many pools of a namespace that ask at once, over a server that is slow, never exceed its quota', async () => {
  const machineClass = aClass({ spec: { quota: { machines: 9, cores: 14 } } })
  const world = aPoolWorld({ machineClass, pool: aPool({ spec: { replicas: 5, cores: 1 } }) })
  const names = ['workers', 'a', 'b', 'c']
  for (const name of names.slice(1))
    world.management.has(NodePools, aPool({ metadata: { name }, spec: { replicas: 5, cores: 2 } }))
  world.caches.machines.freeze()
  for (let round = 0; round < 4; round += 1) {
    await Promise.all(names.map((name) => world.look(name)))
    const cores = world.machines().map(({ spec }) => (spec.nodePoolName === 'workers' ? 1 : 2))
    assert.ok(cores.length <= 9 && cores.reduce((sum, one) => sum + one, 0) <= 14, `${cores.join('+')}`)
  }
  assert.ok(world.machines().length >= 7, 'and use all of it that fits')
})

test('a class that shrinks under a running pool takes nothing away: what runs stays, and is reported', async () => {
  const world = aPoolWorld({
    pool: aPool({ spec: { cores: 4, replicas: 3, rollout: { maxUnavailable: 1 } } }),
  })
  await world.looks(3)
  const before = world.machines().map(({ metadata }) => metadata.name)
  assert.equal(before.length, 3)
  const shrink = (max: number): unknown =>
    world.management.change(
      MachineClasses,
      { name: 'small' },
      ({ spec }) => (spec.cores = { default: 2, max }),
    )
  shrink(2)
  // Not even a rollout or a failed machine: what can have no successor stays.
  world.edit(({ spec }) => Object.assign(spec, { disk: '30Gi' }))
  world.management.change(Machines, { name: before[0] ?? '', namespace: NAMESPACE }, (machine) => {
    machine.status = { ...machine.status, failure: { reason: 'NodeUnhealthy', message: 'x' } }
  })
  await world.looks(3)
  assert.deepEqual(
    world.staying().map(({ metadata }) => metadata.name),
    before,
  )
  assert.deepEqual(
    [world.reason(), world.message()],
    ['NotAllowed', 'spec.cores: 4: class "small" allows at most 2'],
  )
  assert.equal((await world.events()).filter((reason) => reason === 'NotAllowed').length, 1)
  world.edit(({ spec }) => Object.assign(spec, { replicas: 2 }))
  await world.look()
  assert.equal(world.staying().length, 2, 'fewer it may always be')
})

test('a roll that Proxmox is unreachable for keeps the machine that it has made beyond the number, and goes on later', async () => {
  const world = aPoolWorld()
  await world.looks(3)
  world.edit(({ spec }) => Object.assign(spec, { bootstrap: { postJoinCommands: ['true'] } }))
  await world.looks(2)
  assert.equal(world.staying().length, 4, 'one more is made first')
  const connection = world.connections.list()[0]
  assert.ok(connection)
  world.connections.remove(connection.name)
  await world.looks(3)
  assert.equal(world.reason(), 'ProxmoxUnreachable')
  assert.equal(world.staying().length, 4, 'nothing goes because something is unseen')
  world.edit(({ spec }) => Object.assign(spec, { replicas: 1 }))
  await world.look()
  assert.equal(world.staying().length, 2, 'fewer it may always be')
  world.edit(({ spec }) => Object.assign(spec, { replicas: 0 }))
  await world.look()
  assert.equal(world.staying().length, 0)
})

test('a quota made smaller than what runs is reported, and takes nothing away', async () => {
  const world = aPoolWorld()
  await world.looks(3)
  world.management.change(MachineClasses, { name: 'small' }, ({ spec }) =>
    Object.assign(spec, { quota: { machines: 1 } }),
  )
  await world.looks(2)
  assert.equal(world.staying().length, 3)
  assert.deepEqual(
    [world.reason(), world.message()],
    [
      'NotAllowed',
      'spec.replicas: 3: class "small" allows a namespace at most 1 machines in all. What runs stays.',
    ],
  )
})

test('of machines that have no place yet no more go than are too many, where a quota was made smaller too', async () => {
  const world = aPoolWorld()
  await world.looks(3)
  world.edit(({ spec }) => (spec.replicas = 2))
  world.management.change(MachineClasses, { name: 'small' }, ({ spec }) =>
    Object.assign(spec, { quota: { machines: 2 } }),
  )
  await world.looks(3)
  assert.equal(world.staying().length, 2)
})

test('what the class does not allow is refused with field, value and rule', async () => {
  const world = aPoolWorld({ pool: aPool({ spec: { cores: 64 } }) })
  await world.looks(2)
  assert.equal(world.machines().length, 0)
  assert.equal(world.reason(), 'NotAllowed')
  assert.match(world.message(), /spec\.cores: "?64"?/)
})

test('a pool that waits says so once: looks without news write nothing', async () => {
  const world = aPoolWorld({ controlPlane: null })
  await world.looks(2)
  await world.events()
  world.management.calls.length = 0
  await world.clock.advance(90_000)
  await world.looks(3)
  assert.deepEqual(await world.events(), ['ClusterNotFound'])
  assert.deepEqual(
    world.management.calls.filter(({ verb }) => verb === 'patch'),
    [],
  )
})

test('without class, Proxmox cluster or template nothing is made, and the reason is said', async () => {
  for (const [given, reason] of [
    [{ machineClass: null }, 'ClassNotFound'],
    [{ pool: aPool({ spec: { className: undefined } }) }, 'ClassNotFound'],
    [{ proxmoxCluster: null }, 'ProxmoxUnreachable'],
    [{ machineClass: aClass({ spec: { template: { vmid: 9999 } } }) }, 'NoTemplateForVersion'],
  ] as const) {
    const world = aPoolWorld(given)
    await world.looks(2)
    assert.equal(world.reason(), reason)
    assert.equal(world.machines().length, 0)
  }
})

test('VMs that bear the pool’s mark and that no Machine has keep a pool without status from making any', async () => {
  const world = aPoolWorld()
  const lost = aMachine({ metadata: { name: 'workers-lost1' } })
  world.proxmox.has({ vmid: 450, config: { name: 'workers-lost1', description: markOf(lost) } })
  await world.looks(3)
  assert.equal(world.machines().length, 0)
  assert.equal(world.reason(), 'VMsWithoutMachine')
  assert.match(world.message(), /VMs 450 bear this pool's mark/)
})

test('VMs of other pools, released ones and those that a Machine has stop no pool', async () => {
  const world = aPoolWorld()
  const other = aMachine({ metadata: { name: 'others-a' }, spec: { nodePoolName: 'others', ...placed } })
  world.has(other)
  world.proxmox.has({ vmid: 412, config: { name: 'others-a', description: markOf(other) } })
  const released = aMachine({ metadata: { name: 'workers-old' } })
  world.proxmox.has({
    vmid: 451,
    config: { name: 'workers-old', description: markOf(released, { released: true }) },
  })
  world.proxmox.has({ vmid: 452, config: { name: 'workers-secret' } })
  world.proxmox.secret.add(452)
  await world.looks(3)
  assert.equal(world.machines().filter(({ spec }) => spec.nodePoolName === 'workers').length, 3)
})

test('a pool that knows its cluster makes the machines that it lacks, whatever VMs there are', async () => {
  const world = aPoolWorld({ pool: aPool({ status: known }) })
  const lost = aMachine({ metadata: { name: 'workers-lost1' } })
  world.proxmox.has({ vmid: 450, config: { name: 'workers-lost1', description: markOf(lost) } })
  await world.looks(2)
  assert.equal(world.machines().length, 3)
})

test('a pool waits for all of its machines that come back one after the other, and not for a copy of one', async () => {
  const lost = ['a', 'b', 'c'].map((name, index) =>
    aMachine({
      metadata: { name: `workers-${name}` },
      spec: { ...placed, vmid: 460 + index, made: true, poolHash: revisionOf(aPool()) },
    }),
  )
  for (const status of [undefined, known]) {
    const world = aPoolWorld({ pool: aPool(status ? { status } : {}) })
    for (const machine of lost)
      world.proxmox.has({
        vmid: machine.spec.vmid ?? 0,
        config: {
          name: machine.metadata.name,
          description: markOf(machine),
          smbios1: `uuid=${machine.spec.id}`,
        },
      })
    const [first] = lost
    assert.ok(first)
    world.proxmox.has({
      vmid: 470,
      config: { name: 'workers-a', description: markOf(first), smbios1: `uuid=${randomUUID()}` },
    })
    await world.looks(2)
    for (const [index, machine] of lost.entries()) {
      assert.equal(world.reason(), 'VMsWithoutMachine', `with ${index} of 3`)
      world.has(machine)
      await world.looks(2)
    }
    assert.notEqual(world.reason(), 'VMsWithoutMachine')
    assert.equal(world.machines().length, 3)
  }
})

test('which of too many machines go is decided once each was looked at: one without status may be the best of all', async () => {
  const world = aPoolWorld({ pool: aPool({ spec: { replicas: 1 }, status: known }) })
  const ready = {
    type: 'Ready',
    status: 'True' as const,
    reason: 'Ready',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  const one = (name: string, vmid: number, creationTimestamp: string): Machine =>
    world.has(
      aMachine({
        metadata: { name, creationTimestamp },
        spec: { ...placed, vmid, made: true, poolHash: revisionOf(aPool()) },
      }),
    )
  const adopted = one('workers-adopted', 460, '2026-01-01T00:00:00Z')
  const other = one('workers-other', 461, '2026-01-01T01:00:00Z')
  world.management.change(Machines, other.metadata, (machine) => (machine.status = { conditions: [ready] }))
  await world.looks(2)
  assert.equal(world.reason(), 'Looking')
  assert.equal(world.staying().length, 2)
  world.management.change(Machines, adopted.metadata, (machine) => (machine.status = { conditions: [ready] }))
  await world.looks(2)
  assert.deepEqual(
    world.staying().map(({ metadata }) => metadata.name),
    ['workers-adopted'],
  )
})
