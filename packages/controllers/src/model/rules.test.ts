import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANNOTATION_RESHAPE, type Machine } from '@fochista/api'
import { Node } from '@fochista/kubernetes'
import { isPermissionDenied, isUnauthorized } from '@fochista/proxmox'
import { Machines, NodePools } from '../kinds.ts'
import { aMachine, aPool, markOf, placed } from '../test/factories.ts'
import { revisionOf } from '../revision.ts'
import { createChance } from './chance.ts'
import { historyOf, play } from './history.ts'
import { endNamespace, refuseInEnding } from './namespaces.ts'
import { createRules } from './rules.ts'
import { createVirtualTime } from './time.ts'
import { createTruth } from './truth.ts'
import type { Weather } from './weather.ts'

// What the rules find must be found: each is shown a world in which it is broken.
const pool = aPool({ spec: { clusterName: 'alpha', replicas: 1 } })
const machine = aMachine({
  spec: { ...placed, clusterName: 'alpha', made: true, poolHash: revisionOf(pool) },
})
const ref = { node: 'pve1', vmid: placed.vmid }
const calmWeather: Weather = { faults: 0, slow: 0, lagMs: 0, skewMs: 0, skewedAt: 0, roughUntil: 0 }

async function aWorld() {
  const time = createVirtualTime()
  const truth = createTruth(time, createChance(1))
  truth.management.has(NodePools, pool)
  truth.management.has(Machines, machine)
  await truth.hypervisor.clone(
    { node: 'pve1', vmid: 9000 },
    { newid: placed.vmid, description: markOf(machine) },
  )
  const rules = createRules(truth, calmWeather)
  const broken = (
    backEnd: Parameters<typeof rules.writing>[0],
    name: string,
    ...args: unknown[]
  ): string | undefined => {
    rules.writing(backEnd, name, args)?.()
    return rules.violation?.rule
  }
  /** What rules of a world that has gone on say when a Machine is asked to go. */
  const ask = (...args: unknown[]): string | undefined => {
    const later = createRules(truth, calmWeather)
    later.writing('kubernetes', 'delete', args)
    return later.violation?.rule
  }
  return { truth, broken, ask }
}

test('the VM of somebody else is not to be touched, and ours not destroyed while it is to stay', async () => {
  const { truth, broken } = await aWorld()
  truth.proxmox.has({ vmid: 450 })
  assert.equal(broken('proxmox', 'configure', { node: 'pve1', vmid: placed.vmid }, {}), undefined)
  assert.equal(broken('proxmox', 'stop', { node: 'pve1', vmid: 450 }), 'foreign-touched')
  assert.equal((await aWorld()).broken('proxmox', 'destroy', ref), 'destroyed')
})

test('a second VM for a machine, and a second clone on one storage, are seen', async () => {
  const { broken } = await aWorld()
  const description = markOf(machine)
  assert.equal(
    broken('proxmox', 'clone', { node: 'pve1', vmid: 9000 }, { newid: 413, description }),
    'vm-twice',
  )
})

test('a Node deleted before its VM was seen stopped is seen', async () => {
  const { truth, broken } = await aWorld()
  truth.tenants.get('acme/alpha')?.fake.api.has(Node, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: machine.metadata.name },
  } as Node)
  assert.equal(broken('tenant', 'deleteNode', 'acme/alpha', machine.metadata.name), 'node-deleted')
})

test('a Machine asked to go without a reason, or one too many, is seen', async () => {
  const { truth, broken } = await aWorld()
  const kind = { plural: Machines.plural }
  assert.equal(
    broken('kubernetes', 'delete', kind, { name: machine.metadata.name, namespace: 'acme' }),
    'no-cause',
  )
  const other = await aWorld()
  for (const name of ['a', 'b'])
    other.truth.management.has(Machines, aMachine({ metadata: { name }, spec: { clusterName: 'alpha' } }))
  assert.equal(
    other.broken('kubernetes', 'create', kind, { metadata: { name: 'b', namespace: 'acme' } }),
    'surge',
  )
  assert.equal(truth.machines().length, 1)
})

test('a finalizer dropped before the VM is gone, and a VMID or an address given twice, are seen', async () => {
  const { truth, broken } = await aWorld()
  const kind = { plural: Machines.plural }
  const own = { name: machine.metadata.name, namespace: 'acme' }
  truth.management.has(
    Machines,
    aMachine({ metadata: { name: 'twin' }, spec: { ...placed, clusterName: 'alpha' } }),
  )
  assert.equal(broken('kubernetes', 'patch', kind, own), 'vmid-twice')
  const other = await aWorld()
  const { truth: world } = other
  const rulesOf = createRules(world, calmWeather)
  const after = rulesOf.writing('kubernetes', 'patch', [kind, own])
  world.management.vanish(Machines, own)
  after?.()
  assert.equal(rulesOf.violation?.rule, 'vm-left')
})

test('a VM rebooted while it serves, one reboot too many, and a made Machine that becomes another are seen', async () => {
  const kind = { plural: Machines.plural }
  const own = { name: machine.metadata.name, namespace: 'acme' }
  const serving = async () => {
    const world = await aWorld()
    world.truth.tenants.get('acme/alpha')?.fake.joins(machine)
    return world
  }
  assert.equal((await serving()).broken('proxmox', 'reboot', ref), 'stopped')
  const allowed = await serving()
  const leave = (world: typeof allowed): void =>
    void world.truth.management.change(Machines, own, ({ metadata }) => {
      metadata.annotations = { [ANNOTATION_RESHAPE]: 'reboot' }
    })
  leave(allowed)
  assert.equal(allowed.broken('proxmox', 'reboot', ref), 'stopped', 'its Node takes pods')
  const cordoned = await serving()
  leave(cordoned)
  cordoned.truth.tenants
    .get('acme/alpha')
    ?.fake.api.change(Node, { name: own.name }, (node) => (node.spec = { ...node.spec, unschedulable: true }))
  assert.equal(cordoned.broken('proxmox', 'reboot', ref), undefined)
  /** What is found when a write has this effect. */
  const written = async (effect: (machine: Machine) => void): Promise<string | undefined> => {
    const { truth } = await aWorld()
    truth.management.change(Machines, own, (one) => {
      const at = new Date(truth.time.now() - 3_600_000).toISOString()
      one.status = {
        conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime: at }],
      }
    })
    const rules = createRules(truth, calmWeather)
    const after = rules.writing('kubernetes', 'patch', [kind, own])
    truth.management.change(Machines, own, effect)
    after?.()
    return rules.violation?.rule
  }
  assert.equal(
    await written(({ metadata }) => (metadata.annotations = { [ANNOTATION_RESHAPE]: 'reboot' })),
    'reboots-at-once',
  )
  assert.equal(await written(({ spec }) => (spec.cores = 8)), undefined)
  assert.equal(await written(({ spec }) => (spec.host = 'pve2')), 'made-changed')
  assert.equal(await written(({ spec }) => (spec.disk = 1)), 'made-changed')
})

test('a Machine that is replaced though it is well, or soon after another, or of a paused pool, is seen', async () => {
  const kind = { plural: Machines.plural }
  const own = { name: machine.metadata.name, namespace: 'acme' }
  const failing = async () => {
    const world = await aWorld()
    const { truth } = world
    truth.management.change(Machines, own, (one) => {
      one.status = { failure: { reason: 'NodeUnhealthy', message: 'it is silent' } }
    })
    return world
  }
  const ill = await failing()
  assert.equal(ill.broken('kubernetes', 'delete', kind, own), undefined)
  assert.equal(ill.broken('kubernetes', 'delete', kind, own), 'replaced-at-once')
  const well = await failing()
  const tenant = well.truth.tenants.get('acme/alpha')
  tenant?.fake.joins(machine)
  const one = well.truth.madeOf(machine.spec.id)
  assert.ok(one && tenant)
  Object.assign(one.vm, { status: 'running' })
  Object.assign(one, { joined: tenant.uid, registeredAt: well.truth.time.now() })
  await well.truth.time.pass(120_000)
  tenant.fake.api.change(Node, { name: own.name }, ({ status }) => {
    Object.assign(status?.conditions?.[0] ?? {}, { status: 'True', lastTransitionTime: undefined })
  })
  assert.equal(well.broken('kubernetes', 'delete', kind, own), 'healthy-replaced')
  const gone = async (): Promise<Awaited<ReturnType<typeof failing>>> => {
    const world = await failing()
    world.truth.management.change(Machines, own, (one) => {
      one.status = { failure: { reason: 'Vanished', message: 'no host has it' } }
    })
    return world
  }
  assert.equal((await gone()).broken('kubernetes', 'delete', kind, own), 'vanished-believed')
  const early = await gone()
  early.truth.proxmox.vms.delete(placed.vmid)
  await early.truth.time.pass(10_000)
  assert.equal(early.broken('kubernetes', 'delete', kind, own), 'vanished-at-once')
  const late = await gone()
  late.truth.proxmox.vms.delete(placed.vmid)
  await late.truth.time.pass(70_000)
  assert.equal(late.broken('kubernetes', 'delete', kind, own), undefined)
  const paused = await failing()
  paused.truth.management.change(NodePools, { name: pool.metadata.name, namespace: 'acme' }, (one) => {
    one.spec.paused = true
    one.metadata.generation = 7
  })
  await paused.truth.time.pass(60_000)
  assert.equal(paused.ask(kind, own), 'paused')
})

test('a VM that is destroyed with the disk of a person is seen', async () => {
  const { truth, broken } = await aWorld()
  const one = truth.madeOf(machine.spec.id)
  if (one) one.diskAt = truth.time.now()
  await truth.time.pass(60_000)
  assert.equal(broken('proxmox', 'destroy', ref), 'disk-lost')
})

test('a token that has lost a privilege, or has expired, is refused as Proxmox refuses it', async () => {
  const { truth } = await aWorld()
  const { hypervisor, rights } = truth
  assert.ok(await hypervisor.config(ref))
  rights.lost.add('VM.Audit')
  await assert.rejects(hypervisor.config(ref), isPermissionDenied)
  assert.deepEqual(await hypervisor.privileges('/pool/fochista-acme'), [])
  assert.ok((await hypervisor.membership()).quorate)
  rights.isRefused = true
  await assert.rejects(hypervisor.membership(), isUnauthorized)
})

test('a loop in which no time passes is seen', async () => {
  const time = createVirtualTime()
  const rules = createRules(createTruth(time, createChance(1)), calmWeather)
  const again = (): void => void time.setTimeout(again, 0)
  again()
  await time.pass(1000, () => rules.violation !== undefined)
  assert.equal(rules.violation?.rule, 'spins')
})

test('a history that is played again comes out the same', async () => {
  const [one, two] = [await play(7, historyOf(7)), await play(7, historyOf(7))]
  assert.deepEqual(one.story, two.story)
  assert.equal(one.events, two.events)
})

test('who tries again and again to create something in a namespace that is being deleted is seen', async () => {
  const { truth, broken } = await aWorld()
  refuseInEnding(truth)
  truth.ending.add('acme')
  const again = (): string | undefined => broken('kubernetes', 'create', Machines, machine)
  await assert.rejects(
    truth.management.kubernetes.create(Machines, {
      ...machine,
      metadata: { ...machine.metadata, name: 'b' },
    }),
    /machines "b" is forbidden: .*because it is being terminated/,
  )
  for (let turn = 1; turn < 60; turn += 1) assert.equal(again(), undefined)
  assert.equal(again(), 'refused-again')
})

test('a namespace that is deleted asks all that is in it to go, and is there anew once nothing is left', async () => {
  const { truth } = await aWorld()
  const { time } = truth
  endNamespace(truth, 'acme')
  await time.pass(120_000)
  assert.ok(truth.pools().every(({ metadata }) => metadata.deletionTimestamp !== undefined))
  assert.ok(truth.machines()[0]?.metadata.deletionTimestamp)
  assert.deepEqual([...truth.tenants.keys()], ['umbrella/gamma'])
  assert.ok(truth.ending.has('acme'))
  truth.management.vanish(Machines, { name: machine.metadata.name, namespace: 'acme' })
  truth.management.vanish(NodePools, { name: pool.metadata.name, namespace: 'acme' })
  await time.pass(10_000)
  assert.ok(!truth.ending.has('acme'))
})
