import { randomUUID } from 'node:crypto'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine, NodePool } from '@fochista/api'
import { TenantControlPlane } from '@fochista/kamaji'
import { KubernetesApiError, KubernetesConnectionError, Secret } from '@fochista/kubernetes'
import { MachineClasses, Machines, NodePools } from '../kinds.ts'
import { aWorld, type Given } from '../test/a-world.ts'
import { certificates } from '../test/certificates.ts'
import { aClass, aControlPlane, aMachine, aPool, markOf, NAMESPACE, placed } from '../test/factories.ts'
import { revisionOf } from '../revision.ts'
import { createNodePoolReconciler } from './controller.ts'

const ref = { name: 'workers', namespace: NAMESPACE }
const cluster = { name: 'tenant-test', namespace: NAMESPACE }
const known = { cluster: { uid: 'tcp-1' } }

function aPoolWorld(given: Given = {}) {
  const world = aWorld(given)
  let reconcile = createNodePoolReconciler(world.world)
  const { signal } = new AbortController()
  const look = (name = 'workers') => reconcile(`${NAMESPACE}/${name}`, signal)
  const machines = (): Machine[] => world.management.all(Machines)
  const condition = (name = 'workers') =>
    world.management
      .read(NodePools, name, NAMESPACE)
      ?.status?.conditions?.find(({ type }) => type === 'Ready')
  return {
    ...world,
    look,
    looks: async (count: number) => {
      for (let turn = 0; turn < count; turn += 1) await look()
    },
    dies: () => {
      world.dies()
      reconcile = createNodePoolReconciler(world.world)
    },
    machines,
    staying: () => machines().filter(({ metadata }) => !metadata.deletionTimestamp),
    pool: () => world.management.read(NodePools, 'workers', NAMESPACE),
    edit: (change: (pool: NodePool) => void) => world.management.change(NodePools, ref, change),
    condition,
    reason: () => condition()?.reason,
    message: () => condition()?.message ?? '',
  }
}

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
  world.edit(({ spec }) => Object.assign(spec, { version: 'v1.30.4' }))
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

test('a pool whose control plane is not there yet waits, and destroys nothing', async () => {
  const world = aPoolWorld({ controlPlane: null })
  const machine = world.has(aMachine())
  for (let turn = 0; turn < 4; turn += 1) {
    await world.look()
    await world.clock.advance(120_000)
  }
  assert.equal(world.reason(), 'ClusterNotFound')
  assert.equal(world.machine(machine.metadata.name).metadata.deletionTimestamp, undefined)
})

test('a control plane that was seen and is gone takes the machines along, after a minute and not before', async () => {
  const world = aPoolWorld()
  await world.looks(2)
  world.management.vanish(TenantControlPlane, cluster)
  await world.look()
  await world.clock.advance(59_000)
  await world.look()
  assert.equal(world.staying().length, 3)
  assert.equal(world.reason(), 'ClusterNotFound')
  await world.clock.advance(1000)
  await world.look()
  assert.equal(world.staying().length, 0)
  assert.equal(world.reason(), 'ClusterGone')
})

test('a new process asks twice again, and one that comes back in between is no loss', async () => {
  const world = aPoolWorld()
  await world.looks(2)
  const controlPlane = world.management.read(TenantControlPlane, cluster.name, NAMESPACE)
  assert.ok(controlPlane)
  world.management.vanish(TenantControlPlane, cluster)
  await world.look()
  await world.clock.advance(61_000)
  world.dies()
  await world.look()
  assert.equal(world.staying().length, 3, 'what the old process knew is no evidence')
  world.management.has(TenantControlPlane, controlPlane)
  await world.clock.advance(61_000)
  await world.look()
  world.management.vanish(TenantControlPlane, cluster)
  await world.look()
  assert.equal(world.staying().length, 3)
})

test('an answer that the kind is not there, or none at all, is no evidence', async () => {
  for (const failure of [
    new KubernetesApiError(404, { message: '404 page not found' }, { method: 'GET', path: '/apis/kamaji' }),
    new KubernetesConnectionError('connect ECONNREFUSED'),
  ]) {
    const world = aPoolWorld()
    await world.looks(2)
    world.management.vanish(TenantControlPlane, cluster)
    world.management.faults.before = ({ verb, plural }) =>
      verb === 'get' && plural === 'tenantcontrolplanes' ? failure : undefined
    for (let turn = 0; turn < 4; turn += 1) {
      await assert.rejects(world.look(), failure)
      await world.clock.advance(60_000)
    }
    assert.equal(world.staying().length, 3)
  }
})

test('a control plane that is being deleted takes the machines along at once', async () => {
  const world = aPoolWorld()
  await world.looks(2)
  world.management.change(TenantControlPlane, cluster, (one) => {
    one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    one.metadata.finalizers = ['kamaji']
  })
  await world.look()
  assert.equal(world.staying().length, 0)
})

test('a pool that was made anew under its old name and names another cluster keeps its hands off the workers of the first', async () => {
  const world = aPoolWorld()
  await world.looks(2)
  const before = world.staying()
  const makeAnew = (clusterName: string): void =>
    void world.edit((pool) => {
      pool.spec.clusterName = clusterName
      delete pool.status
    })
  makeAnew('another')
  world.management.has(
    TenantControlPlane,
    aControlPlane({ metadata: { name: 'another', namespace: NAMESPACE, uid: 'tcp-9' } }),
  )
  await world.looks(2)
  assert.equal(world.reason(), 'MachinesOfOtherCluster')
  assert.match(world.message(), /belong to cluster "tenant-test", the pool names "another"/)
  world.management.change(TenantControlPlane, { name: 'another', namespace: NAMESPACE }, (one) => {
    one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    one.metadata.finalizers = ['kamaji']
  })
  await world.looks(2)
  assert.deepEqual(world.staying(), before)
  makeAnew('tenant-test')
  await world.looks(2)
  assert.notEqual(world.reason(), 'MachinesOfOtherCluster')
})

/** A pool that has seen its cluster, with its CA. */
async function aSettled() {
  const world = aPoolWorld()
  const withCa = (pem: string): void => {
    world.management.vanish(Secret, { name: 'tenant-test-ca', namespace: NAMESPACE })
    world.management.has(Secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'tenant-test-ca', namespace: NAMESPACE },
      data: { 'ca.crt': Buffer.from(pem).toString('base64') },
    })
  }
  const isRemade = (): void => {
    world.management.change(TenantControlPlane, cluster, (one) => (one.metadata.uid = 'tcp-2'))
  }
  withCa(certificates.one)
  await world.looks(2)
  return { ...world, withCa, isRemade }
}

test('the same name with another UID waits for its CA before anything is judged', async () => {
  const world = await aSettled()
  world.isRemade()
  world.management.vanish(Secret, { name: 'tenant-test-ca', namespace: NAMESPACE })
  await world.look()
  assert.equal(world.reason(), 'ClusterNotReady')
  assert.equal(world.staying().length, 3)
})

test('another UID with the same CA is the same cluster restored', async () => {
  const world = await aSettled()
  world.isRemade()
  world.withCa(certificates.renewed)
  world.edit(({ spec }) => (spec.replicas = 4))
  await world.looks(2)
  assert.equal(world.staying().length, 4)
  assert.equal(world.pool()?.status?.cluster?.uid, 'tcp-2')
})

test('another UID with another CA is another cluster: nothing is made and nothing taken away', async () => {
  const world = await aSettled()
  world.isRemade()
  world.withCa(certificates.another)
  world.edit(({ spec }) => (spec.replicas = 1))
  await world.looks(3)
  assert.equal(world.reason(), 'ClusterReplaced')
  assert.equal(world.staying().length, 3)
  assert.equal(world.pool()?.status?.cluster?.uid, 'tcp-1')
  world.management.change(TenantControlPlane, cluster, (one) => {
    one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    one.metadata.finalizers = ['kamaji']
  })
  await world.look()
  assert.equal(world.staying().length, 3, 'not even when that other cluster goes')
})

test('a CA that is rotated under the same UID is learnt, one that is missing is not forgotten', async () => {
  const world = await aSettled()
  const first = world.pool()?.status?.cluster?.caPin
  assert.match(first ?? '', /^sha256:/)
  world.management.vanish(Secret, { name: 'tenant-test-ca', namespace: NAMESPACE })
  await world.look()
  assert.equal(world.pool()?.status?.cluster?.caPin, first)
  world.withCa(certificates.another)
  await world.look()
  assert.notEqual(world.pool()?.status?.cluster?.caPin, first)
  assert.equal(world.staying().length, 3)
})

test('a CA whose checksum Kamaji says is read again when that changes, and after ten minutes', async () => {
  const world = await aSettled()
  const reads = () => world.management.calls.filter(({ plural }) => plural === 'secrets').length
  const says = (checksum: string) =>
    world.management.change(TenantControlPlane, cluster, ({ status }) => {
      Object.assign(status?.certificates?.ca ?? {}, { checksum })
    })
  says('1')
  await world.look()
  const [first, before] = [world.pool()?.status?.cluster?.caPin, reads()]
  await world.looks(3)
  assert.equal(reads(), before)
  world.withCa(certificates.another)
  says('2')
  await world.look()
  const second = world.pool()?.status?.cluster?.caPin
  assert.notEqual(second, first)
  world.withCa(certificates.one)
  await world.look()
  assert.equal(world.pool()?.status?.cluster?.caPin, second)
  await world.clock.advance(600_000)
  await world.look()
  assert.equal(world.pool()?.status?.cluster?.caPin, first)
})

test('a CA that is none is said of the pool, and takes nothing away', async () => {
  const world = await aSettled()
  world.withCa('not a certificate')
  await world.look()
  assert.equal(world.reason(), 'ClusterRefused')
  assert.equal(world.staying().length, 3)
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
