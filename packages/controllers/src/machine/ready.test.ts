import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TenantControlPlane } from '@fochista/kamaji'
import { Node } from '@fochista/kubernetes'
import { NodePools } from '../kinds.ts'
import { aWorld } from '../test/a-world.ts'
import { aMachine, NAMESPACE } from '../test/factories.ts'

const MINUTE = 60_000

/** A machine that has come all its way; its Node says what a test lets it say. */
async function aReady(isReady = true) {
  const world = aWorld()
  const machine = world.has(aMachine())
  await world.looks(machine, 6)
  world.tenant.joins(world.machine(), isReady)
  await world.looks(machine, 3)
  const node = { name: machine.metadata.name }
  const turns = (status: 'True' | 'False' | 'Unknown', lastTransitionTime?: string): void =>
    void world.tenant.api.change(Node, node, (one) => {
      one.status = {
        ...one.status,
        conditions: [{ type: 'Ready', status, message: '', lastTransitionTime }],
      } as NonNullable<Node['status']>
    })
  const look = async (): Promise<string | undefined> => {
    await world.look(machine)
    return world.machine().status?.failure?.reason
  }
  return { world, machine, turns, look }
}

test('a Node that was Ready and is not for five minutes is unhealthy, and not before; one that comes round in between is not', async () => {
  const { world, turns, look } = await aReady()
  assert.equal(world.condition('Ready')?.status, 'True')
  turns('Unknown')
  assert.equal(await look(), undefined)
  await world.clock.advance(4 * MINUTE)
  assert.equal(await look(), undefined)
  turns('True')
  await look()
  turns('Unknown')
  await look()
  await world.clock.advance(4 * MINUTE)
  assert.equal(await look(), undefined)
  await world.clock.advance(MINUTE)
  assert.equal(await look(), 'NodeUnhealthy')
  assert.match(world.condition('Ready')?.message ?? '', /stopped to report.*is to be replaced/)
  assert.equal(await look(), 'NodeUnhealthy', 'what was judged stays judged')
  turns('True')
  assert.equal(await look(), undefined)
})

test('a tenant whose clock is wrong by an hour has no machine replaced for a moment’s silence', async () => {
  const { world, turns, look } = await aReady()
  turns('Unknown', new Date(world.clock.now() - 60 * MINUTE).toISOString())
  assert.equal(await look(), undefined)
  await world.clock.advance(4 * MINUTE)
  assert.equal(await look(), undefined)
  turns('Unknown', new Date(world.clock.now() + 60 * MINUTE).toISOString())
  await world.clock.advance(MINUTE)
  assert.equal(await look(), 'NodeUnhealthy', 'nor is one kept for an hour')
})

test('what was waited for before takes nothing from the time of a Node that falls silent then', async () => {
  const { world, machine, turns, look } = await aReady()
  const config = world.proxmox.config(world.machine().spec.vmid ?? 0)
  // Its mark is to be written again, under a lock.
  Object.assign(config, { lock: 'backup', description: 'mine' })
  world.world.drifted.add(`${NAMESPACE}/${machine.metadata.name}`)
  await look()
  assert.deepEqual(
    [world.condition('Ready')?.status, world.condition('Ready')?.reason],
    ['Unknown', 'Locked'],
  )
  await world.clock.advance(60 * MINUTE)
  delete config['lock']
  turns('Unknown')
  for (let turn = 0; turn < 3; turn += 1) assert.equal(await look(), undefined)
  assert.equal(world.condition('Ready')?.reason, 'NodeNotReady')
  await world.clock.advance(4 * MINUTE)
  assert.equal(await look(), undefined)
  await world.clock.advance(MINUTE)
  assert.equal(await look(), 'NodeUnhealthy')
})

test('a VM that was stopped and started again gets its time from the start on', async () => {
  const { world, machine, turns, look } = await aReady()
  const { vmid = 0 } = world.machine().spec
  const vm = world.proxmox.vms.get(vmid)
  assert.ok(vm)
  vm.status = 'stopped'
  turns('Unknown')
  await look()
  await world.clock.advance(5 * MINUTE)
  await world.looks(machine, 3)
  assert.equal(vm.status, 'running')
  assert.equal(await look(), undefined)
  await world.clock.advance(4 * MINUTE)
  assert.equal(await look(), undefined)
})

test('a Node that was never Ready is not unhealthy, nor one whose control plane is not Ready', async () => {
  const never = await aReady(false)
  never.turns('Unknown')
  await never.look()
  await never.world.clock.advance(60 * MINUTE)
  assert.equal(await never.look(), undefined)
  const { world, turns, look } = await aReady()
  world.management.change(TenantControlPlane, { name: 'tenant-test', namespace: NAMESPACE }, (one) => {
    one.status = { kubernetesResources: { version: { status: 'NotReady' } } } as NonNullable<
      typeof one.status
    >
  })
  turns('Unknown')
  await look()
  await world.clock.advance(60 * MINUTE)
  assert.equal(await look(), undefined)
})

test('of a kubelet that trusts an authority which its cluster has no more, cause and way on are said', async () => {
  const { world, turns, look } = await aReady()
  await world.clock.advance(MINUTE)
  const say = async (caSince: number): Promise<string> => {
    world.management.change(NodePools, { name: 'workers', namespace: NAMESPACE }, (pool) => {
      pool.status = { cluster: { uid: 'tcp-1', caSince: new Date(caSince).toISOString() } }
    })
    turns('Unknown')
    await look()
    return world.condition('Ready')?.message ?? ''
  }
  const words = /authority .* replaced.*`fochista pool rollout workers --namespace acme`\.$/
  assert.doesNotMatch(await say(world.clock.now() - 30 * MINUTE), words, 'it has joined since')
  const joined = world.clock.now() - 30 * MINUTE
  await world.clock.advance(5 * MINUTE)
  assert.equal(await look(), 'NodeUnhealthy')
  assert.doesNotMatch(world.machine().status?.failure?.message ?? '', words)
  assert.match(await say(world.clock.now()), /The machine is to be replaced\.$/)
  assert.match(world.machine().status?.failure?.message ?? '', words, 'also where it is known later')
  assert.doesNotMatch(await say(joined), words)
})
