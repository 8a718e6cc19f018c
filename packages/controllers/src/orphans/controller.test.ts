import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Event } from '@fochista/kubernetes'
import { ProxmoxClusters } from '../kinds.ts'
import { aWorld } from '../test/a-world.ts'
import { aMachine, markOf, placed } from '../test/factories.ts'
import { runSweeps } from './controller.ts'

test('an orphan is told by Event and count, a copy as what it is, and the end of a round in the status', async () => {
  const world = aWorld()
  const machine = world.has(aMachine({ spec: { ...placed, made: true } }))
  const lost = aMachine({ metadata: { name: 'workers-lost1' } })
  world.proxmox.has({ vmid: 450, config: { description: markOf(lost) } })
  world.proxmox.has({ vmid: 451, config: { description: markOf(machine) } })
  const abort = new AbortController()
  const orphans = new Map<string, number>()
  const running = runSweeps(world.world, { drifted: () => undefined, orphans }, abort.signal)
  for (let turn = 0; turn < 10 && orphans.size === 0; turn += 1) await world.clock.advance(10_000)
  await world.clock.advance(1000)
  assert.deepEqual([...orphans], [['dc1', 2]])
  await world.events()
  const said = world.management.all(Event).map(({ reason, message }) => `${reason}: ${message}`)
  assert.deepEqual(said.length, 2)
  assert.match(
    said[0] ?? '',
    /^Orphan: VM 450 .* acme\/workers-lost1, which is not there\. Adopt or delete it/,
  )
  assert.match(said[1] ?? '', /^Orphan: VM 451 .*which has VM 412: it is a copy that a person made/)
  assert.ok(world.management.read(ProxmoxClusters, 'dc1')?.status?.lastLookAtMarks)
  world.management.vanish(ProxmoxClusters, { name: 'dc1' })
  assert.equal(orphans.size, 0)
  abort.abort(new Error('enough'))
  await running
})
