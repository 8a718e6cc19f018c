import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NodePools } from '../kinds.ts'
import { aPoolWorld } from '../test/a-pool-world.ts'
import { NAMESPACE } from '../test/factories.ts'

test('a pool that is deleted between the two writes of its first look leaves no machine, though the watch lags', async () => {
  const world = aPoolWorld()
  let writes = 0
  world.management.faults.before = ({ verb, plural }) => {
    if (verb !== 'patch' || plural !== 'nodepools') return undefined
    writes += 1
    if (writes !== 2) return undefined
    // Its status is written, our finalizer is not: nobody asks us before it goes.
    world.caches.nodePools.freeze()
    world.management.vanish(NodePools, { name: 'workers', namespace: NAMESPACE })
    return undefined
  }
  for (let turn = 0; turn < 3; turn += 1) await assert.rejects(world.look(), { status: 404 })
  world.caches.nodePools.thaw()
  await world.look()
  assert.deepEqual(world.machines(), [])
})

test('a machine is made only for a pool that bears our finalizer, whatever its status says', async () => {
  const world = aPoolWorld()
  world.management.faults.before = ({ verb, plural, subresource }) =>
    verb === 'patch' && plural === 'nodepools' && subresource === undefined ? new Error('cut off') : undefined
  for (let turn = 0; turn < 3; turn += 1) await assert.rejects(world.look(), /cut off/)
  assert.ok(world.pool()?.status?.cluster)
  assert.deepEqual([world.pool()?.metadata.finalizers ?? [], world.machines()], [[], []])
  world.management.faults.before = undefined
  await world.looks(2)
  assert.equal(world.staying().length, 3)
})
