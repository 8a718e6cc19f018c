import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Machines, NodePools } from '../kinds.ts'
import { aLeaving } from '../test/a-leaving.ts'
import { aPool, NAMESPACE } from '../test/factories.ts'
import { settled } from '../test/manual-clock.ts'

test('a drain is told of while it runs, and a VM is not stopped before it has ended', async () => {
  const { world, looks, reason } = aLeaving()
  const gate = Promise.withResolvers<{ drained: boolean; remaining: [] }>()
  world.tenant.drain = () => gate.promise
  await looks(3)
  assert.equal(reason(), 'Draining')
  assert.deepEqual(world.proxmox.writes, [])
  gate.resolve({ drained: true, remaining: [] })
  await settled()
  assert.deepEqual(world.woken, ['acme/workers-x7k2b'], 'the end of a drain wakes its machine')
  await looks(1)
  assert.deepEqual(world.proxmox.writes, ['shutdown 412'])
})

test('a drain whose time is over is told, and the machine goes all the same', async () => {
  const { world, looks } = aLeaving()
  world.tenant.drain = () =>
    Promise.resolve({
      drained: false,
      remaining: [{ namespace: 'x', name: 'y', reason: 'Budget', message: 'no' }],
    })
  await looks(6)
  assert.ok(world.isGone())
  assert.ok((await world.events()).includes('DrainTimedOut'))
})

test('a server whose clock is late takes nothing from the time of a drain, and a restart gives it none twice', async () => {
  const { world, machine, looks, reason } = aLeaving({ pool: aPool({ spec: { drain: { timeout: '5m' } } }) })
  const asked = (minutesAgo: number): void =>
    void world.management.change(Machines, machine.metadata, ({ metadata }) => {
      metadata.deletionTimestamp = new Date(world.clock.now() - minutesAgo * 60_000).toISOString()
    })
  world.tenant.drain = () => new Promise(() => undefined)
  asked(6)
  await looks(2)
  assert.equal(reason(), 'Draining')
  await world.clock.advance(4 * 60_000)
  await looks(2)
  assert.equal(reason(), 'Draining')
  asked(30)
  world.dies()
  await looks(2)
  assert.equal(reason(), 'Draining')
  await world.clock.advance(61_000)
  await looks(4)
  assert.ok(world.isGone())
})

test('neither a host that is silent for an hour nor a pause takes anything from the time of a drain', async () => {
  const { world, looks, reason } = aLeaving({ pool: aPool({ spec: { drain: { timeout: '5m' } } }) })
  world.tenant.drain = () => new Promise(() => undefined)
  world.proxmox.silent.add('pve1')
  await looks(2)
  assert.equal(reason(), 'HostUnreachable')
  await world.clock.advance(3_600_000)
  world.proxmox.silent.clear()
  await looks(2)
  assert.equal(reason(), 'Draining')
  const pause = (paused: boolean): void =>
    void world.management.change(NodePools, { name: 'workers', namespace: NAMESPACE }, ({ spec }) => {
      spec.paused = paused
    })
  await world.clock.advance(4 * 60_000)
  pause(true)
  await looks(1)
  assert.equal(reason(), 'Paused')
  await world.clock.advance(3_600_000)
  pause(false)
  await looks(2)
  await world.clock.advance(4 * 60_000)
  await looks(1)
  assert.equal(reason(), 'Draining')
  assert.deepEqual(world.proxmox.writes, [])
  await world.clock.advance(61_000)
  await looks(4)
  assert.ok(world.isGone())
})

test('a limit that is made shorter ends a drain that is under way, and says so', async () => {
  const { world, looks, reason } = aLeaving({ pool: aPool({ spec: { drain: { timeout: '10m' } } }) })
  world.tenant.drain = () => new Promise(() => undefined)
  await looks(2)
  assert.equal(reason(), 'Draining')
  world.management.change(NodePools, { name: 'workers', namespace: NAMESPACE }, ({ spec }) => {
    spec.drain = { timeout: '1s' }
  })
  await world.clock.advance(2000)
  await looks(4)
  assert.ok(world.isGone())
  assert.ok((await world.events()).includes('DrainTimedOut'))
})

test('a controller that has just begun waits for the list of Nodes, and drains then', async () => {
  const { world, looks, reason } = aLeaving()
  world.tenant.isListed = false
  await looks(2)
  assert.equal(reason(), 'ListingNodes')
  assert.deepEqual(world.proxmox.writes, [], 'nothing is stopped that was not drained')
  world.tenant.isListed = true
  await looks(2)
  assert.ok(world.tenant.calls.includes('drain workers-x7k2b'))
})
