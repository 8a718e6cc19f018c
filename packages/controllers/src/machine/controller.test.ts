import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MACHINE_STEPS } from '@fochista/api'
import { Node } from '@fochista/kubernetes'
import { Machines, NodePools, ProxmoxClusters } from '../kinds.ts'
import { aWorld, type Given } from '../test/a-world.ts'
import { aMachine, aPool, aProxmoxCluster, NAMESPACE } from '../test/factories.ts'

/** A world whose machine has come all its way. */
async function aReady(given: Given = {}) {
  const world = aWorld(given)
  const machine = world.has(aMachine())
  await world.looks(machine, 6)
  world.tenant.joins(world.machine())
  await world.looks(machine, 3)
  assert.equal(world.machine().status?.phase, 'Ready')
  world.proxmox.writes.length = 0
  world.management.calls.length = 0
  return { world, machine }
}

test('a machine passes its seven steps in order, each with a condition of its own', async () => {
  const { world } = await aReady()
  assert.deepEqual(
    world.machine().status?.conditions?.map(({ type, status }) => [type, status]),
    MACHINE_STEPS.map((step) => [step, 'True']),
  )
})

test('a machine that is Ready costs no request, in either back end', async () => {
  const { world, machine } = await aReady()
  const asked: string[] = []
  const { hypervisor } = world.proxmox
  for (const name of ['config', 'status', 'task'] as const) {
    const original = hypervisor[name].bind(hypervisor) as () => Promise<never>
    hypervisor[name] = () => {
      asked.push(name)
      return original()
    }
  }
  await world.looks(machine, 5)
  assert.deepEqual(asked, [])
  assert.deepEqual(world.management.calls, [])
})

test('with its whole status lost a machine comes to the same end, and nothing is made again', async () => {
  const { world, machine } = await aReady()
  const before = world.machine()
  world.management.change(Machines, machine.metadata, (one) => delete one.status)
  world.dies()
  await world.looks(machine, 6)
  const after = world.machine()
  assert.equal(after.status?.phase, 'Ready')
  assert.deepEqual(after.spec, before.spec)
  assert.equal(after.status?.nodeName, before.status?.nodeName)
  assert.deepEqual(
    world.proxmox.writes.filter((one) => !one.startsWith('configure')),
    [],
  )
  assert.equal(world.tenant.tokens.size, 0)
  assert.equal(world.proxmox.images.size, 0)
})

test('a task of its status that is none holds a machine up nowhere', async () => {
  const world = aWorld()
  const machine = world.has(aMachine())
  await world.looks(machine, 2)
  world.management.change(Machines, machine.metadata, (one) => {
    one.status = { ...one.status, task: 'UPID:pve2:00001BC7:000-4203:6B073A26:qmclone:9001:a@pve!t:' }
  })
  await world.looks(machine, 6)
  assert.equal(world.condition('Started')?.status, 'True')
  assert.equal(world.machine().status?.task, undefined)
})

test('with its status lost half way a machine goes on where it stands', async () => {
  for (let looks = 1; looks <= 7; looks += 1) {
    const world = aWorld()
    const machine = world.has(aMachine())
    await world.looks(machine, looks)
    world.management.change(Machines, machine.metadata, (one) => delete one.status)
    world.dies()
    await world.looks(machine, 7)
    world.tenant.joins(world.machine())
    await world.looks(machine, 4)
    assert.equal(world.machine().status?.phase, 'Ready', `lost after look ${looks}`)
    assert.equal(world.proxmox.writes.filter((one) => one.startsWith('clone')).length, 1)
    assert.equal(world.proxmox.vms.size, 2)
    assert.equal(world.proxmox.images.size, 0)
  }
})

test('a description that a person has edited is put right once the sweep has seen it', async () => {
  const { world, machine } = await aReady()
  const { vmid = 0 } = world.machine().spec
  world.proxmox.config(vmid)['description'] = 'edited'
  await world.look(machine)
  assert.deepEqual(world.proxmox.writes, [])
  world.world.drifted.add(`${NAMESPACE}/${machine.metadata.name}`)
  await world.looks(machine, 2)
  assert.deepEqual(world.proxmox.writes, [`configure ${vmid} description`])
  assert.equal(world.world.drifted.size, 0)
  assert.equal(world.machine().status?.phase, 'Ready')
})

test('paused by annotation, pool or Proxmox cluster a machine stands still and says by what', async () => {
  const byPool = aPool({ spec: { paused: true } })
  const byCluster = aProxmoxCluster({ spec: { paused: true } })
  const annotations = { 'fochista.dev/paused': '' }
  for (const [given, metadata, words] of [
    [{}, { annotations }, 'annotation fochista.dev/paused'],
    [{ pool: byPool }, {}, 'NodePool "workers"'],
    [{ proxmoxCluster: byCluster }, {}, 'ProxmoxCluster "dc1"'],
  ] as const) {
    const world = aWorld(given)
    const machine = world.has(aMachine({ metadata }))
    await world.looks(machine, 3)
    assert.equal(world.machine().status?.phase, 'Paused')
    assert.ok(world.condition('Placed')?.message.includes(words))
    assert.deepEqual(world.proxmox.writes, [])
    assert.equal(world.machine().spec.vmid, undefined)
  }
})

test('a pause that ends lets a machine go on', async () => {
  const world = aWorld({ pool: aPool({ spec: { paused: true } }) })
  const machine = world.has(aMachine())
  await world.look(machine)
  world.management.change(
    NodePools,
    { name: 'workers', namespace: NAMESPACE },
    (one) => (one.spec.paused = false),
  )
  await world.look(machine)
  assert.equal(world.proxmox.writes.length, 1)
})

test('a paused machine that is Ready stays Ready as long as its Node is', async () => {
  const { world, machine } = await aReady()
  world.management.change(ProxmoxClusters, { name: 'dc1' }, (one) => (one.spec.paused = true))
  await world.look(machine)
  assert.equal(world.condition('Ready')?.status, 'True')
  world.tenant.api.change(Node, { name: machine.metadata.name }, (node) => {
    node.status = { conditions: [{ type: 'Ready', status: 'False', message: 'PLEG' }] }
  })
  await world.look(machine)
  assert.equal(world.condition('Ready')?.status, 'Unknown')
})

test('without its Proxmox cluster a machine waits, and says for what', async () => {
  const world = aWorld()
  const machine = world.has(aMachine())
  world.connections.remove('dc1')
  const result = await world.look(machine)
  assert.equal(world.condition('Placed')?.reason, 'ProxmoxUnreachable')
  assert.ok((result?.requeueAfterMs ?? 0) > 0)
})

test('without its Proxmox cluster, and before its tenant’s Nodes are listed, a Ready machine stays so for a while', async () => {
  const { world, machine } = await aReady()
  world.connections.remove('dc1')
  world.tenant.isListed = false
  world.tenant.tenants.answeringSince = () => undefined
  await world.look(machine)
  assert.equal(world.condition('Ready')?.status, 'True')
  assert.deepEqual(world.management.calls, [], 'nothing is written')
  await world.clock.advance(31_000)
  await world.look(machine)
  assert.equal(world.condition('Ready')?.status, 'Unknown')
})

test('a machine whose pool is gone keeps running', async () => {
  const { world, machine } = await aReady()
  world.management.vanish(NodePools, { name: 'workers', namespace: NAMESPACE })
  await world.looks(machine, 2)
  assert.equal(world.machine().status?.phase, 'Ready')
  assert.deepEqual(world.proxmox.writes, [])
})

test('what a step throws is said in its condition before the key is put off', async () => {
  const world = aWorld()
  const machine = world.has(aMachine())
  world.proxmox.refuse = { write: 'clone', error: new Error('the disk is on fire') }
  await assert.rejects(world.look(machine), /on fire/)
  assert.deepEqual(
    [world.condition('Cloned')?.status, world.condition('Cloned')?.message],
    ['False', 'the disk is on fire'],
  )
  assert.equal(world.machine().status?.phase, 'Cloning')
})

test('a machine that has gone is forgotten, its drain too', async () => {
  const { world, machine } = await aReady()
  world.management.vanish(Machines, machine.metadata)
  assert.equal(await world.look(machine), undefined)
})

test('a machine without our finalizer gets it before anything is made', async () => {
  const world = aWorld()
  const machine = world.has(aMachine({ metadata: { finalizers: [] } }))
  world.proxmox.refuse = { write: 'clone', error: new Error('killed') }
  await world.look(machine).catch(() => undefined)
  assert.deepEqual(world.machine().metadata.finalizers, ['fochista.dev/finalizer'])
})

test('a VM that has vanished is believed gone after a minute, and never when many vanish at once', async () => {
  const { world, machine } = await aReady()
  const { vmid = 0 } = world.machine().spec
  world.proxmox.vms.delete(vmid)
  await world.look(machine)
  assert.equal(world.condition('Cloned')?.reason, 'Vanished')
  assert.equal(world.machine().status?.failure, undefined)
  await world.clock.advance(59_000)
  await world.look(machine)
  assert.equal(world.machine().status?.failure, undefined)
  await world.clock.advance(1000)
  await world.look(machine)
  assert.equal(world.machine().status?.failure?.reason, 'Vanished')
  assert.equal(world.machine().spec.vmid, vmid, 'and no other is cloned in its name')
  assert.deepEqual(
    world.proxmox.writes.filter((one) => one.startsWith('clone')),
    [],
  )

  const many = await aReady()
  const second = many.world.has(aMachine({ metadata: { name: 'b' } }))
  await many.world.looks(second, 6)
  for (const name of [machine.metadata.name, 'b'])
    many.world.proxmox.vms.delete(many.world.machine(name).spec.vmid ?? 0)
  for (let turn = 0; turn < 3; turn += 1) {
    await many.world.look(many.machine)
    await many.world.look(second)
    await many.world.clock.advance(61_000)
  }
  assert.equal(many.world.condition('Cloned')?.reason, 'InventorySuspect')
  assert.equal(many.world.machine().status?.failure, undefined)
})

test('without a quorum, or without the right to look, nothing is concluded from a VM that is not found', async () => {
  for (const [change, reason] of [
    [
      (world: ReturnType<typeof aWorld>) => {
        world.proxmox.hypervisor.membership = () => Promise.resolve({ hosts: ['pve1'], quorate: false })
      },
      'NotQuorate',
    ],
    [
      (world: ReturnType<typeof aWorld>) => {
        world.proxmox.hypervisor.privileges = () => Promise.resolve([])
      },
      'NotReadable',
    ],
  ] as const) {
    const { world, machine } = await aReady()
    world.proxmox.vms.delete(world.machine().spec.vmid ?? 0)
    change(world)
    for (let turn = 0; turn < 3; turn += 1) {
      await world.look(machine)
      await world.clock.advance(61_000)
    }
    assert.equal(world.condition('Cloned')?.reason, reason)
    assert.equal(world.machine().status?.failure, undefined)
  }
})
