import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine, NodePool } from '@fochista/api'
import { revisionOf } from '../revision.ts'
import { aWorld } from '../test/a-world.ts'
import { aClass, aMachine, aPool, NAMESPACE } from '../test/factories.ts'
import type { World } from '../world.ts'
import { Machines, NodePools } from '../kinds.ts'
import { createNodePoolReconciler } from './controller.ts'
import { planRepair } from './health.ts'
import { isOutdated, planScale } from './rollout.ts'

const conditions = (status: 'True' | 'False') => [
  { type: 'Ready', status, reason: 'X', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
]
const placed = { type: 'Placed', status: 'True', reason: 'Placed', message: '' } as const
const NOW = Date.parse('2026-01-02T00:00:00Z')
let serial = 0
const made = (
  pool: NodePool,
  { isNew = true, isReady = true, failure }: { isNew?: boolean; isReady?: boolean; failure?: string } = {},
): Machine => {
  serial += 1
  return aMachine({
    metadata: { name: `m${serial}`, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { poolHash: isNew ? revisionOf(pool) : 'before' },
    status: {
      conditions: conditions(isReady ? 'True' : 'False'),
      ...(failure ? { failure: { reason: failure, message: 'It is broken.' } } : {}),
    },
  })
}
const aRollout = (replicas: number, rollout: NonNullable<NodePool['spec']['rollout']> = {}): NodePool =>
  aPool({ spec: { replicas, rollout } })
const several = (count: number, make: () => Machine): Machine[] => Array.from({ length: count }, make)

test('without outdated machines only the number counts', () => {
  const pool = aRollout(3)
  const two = several(2, () => made(pool))
  const { create, standIns, remove } = planScale(pool, aClass(), two, NOW)
  assert.deepEqual([create, standIns, remove], [1, 0, []])
  const four = [...two, ...several(2, () => made(pool))]
  assert.equal(planScale(pool, aClass(), four, NOW).create, 0)
  assert.equal(planScale(pool, aClass(), four, NOW).remove.length, 1)
})

test('a machine is outdated by the pool’s own words, or by the time that a person names', () => {
  const pool = aRollout(1, { before: '2026-01-01T00:00:01Z' })
  assert.equal(isOutdated(pool, aClass(), made(pool), NOW), true)
  assert.equal(isOutdated(aRollout(1, { before: '2025-12-31T00:00:00Z' }), aClass(), made(pool), NOW), false)
  assert.equal(isOutdated(pool, aClass(), made(pool, { isNew: false }), NOW), true)
  const soon = aRollout(1, { before: '2026-01-03T00:00:00Z' })
  assert.equal(
    isOutdated(soon, aClass(), made(soon), NOW),
    false,
    'a time to come would outdate each new one too',
  )
})

test('where the server’s clock is late a machine that was made for a time is not made for it again', async () => {
  const before = '2026-01-01T12:00:00Z'
  const pool = aPool({ spec: { replicas: 1, rollout: { before } }, status: { cluster: { uid: 'tcp-1' } } })
  const { world, clock, management } = aWorld({ pool })
  const make = async (): Promise<Machine> => {
    const reconcile = createNodePoolReconciler(world)
    for (let turn = 0; turn < 3; turn += 1) await reconcile('acme/workers', new AbortController().signal)
    const [machine, ...more] = management.all(Machines).filter(({ metadata }) => !metadata.deletionTimestamp)
    assert.ok(machine && more.length === 0)
    return { ...machine, metadata: { ...machine.metadata, creationTimestamp: '2026-01-01T11:52:00Z' } }
  }
  await clock.advance(Date.parse(before) - 1000 - clock.now())
  const early = await make()
  assert.equal(isOutdated(pool, aClass(), early, NOW), true, 'the time was still to come')
  management.vanish(Machines, { name: early.metadata.name, namespace: NAMESPACE })
  await clock.advance(2000)
  const machine = await make()
  assert.equal(isOutdated(pool, aClass(), machine, NOW), false)
  const later = aRollout(1, { before: '2026-01-01T12:00:01Z' })
  assert.equal(isOutdated(later, aClass(), machine, NOW), true)
})

test('a share of few machines that comes to none still lets one be missed', () => {
  const pool = aRollout(3, { maxSurge: 0, maxUnavailable: '10%' })
  const old = several(3, () => made(pool, { isNew: false }))
  assert.equal(planScale(pool, aClass(), old, NOW).remove.length, 1)
})

test('one more is made first, and an outdated one goes only once the new one is Ready', () => {
  const pool = aRollout(3)
  const old = several(3, () => made(pool, { isNew: false }))
  assert.deepEqual(planScale(pool, aClass(), old, NOW), { create: 1, remove: [], reshape: [] })
  const coming = made(pool, { isReady: false })
  assert.deepEqual(planScale(pool, aClass(), [...old, coming], NOW), { create: 0, remove: [], reshape: [] })
  const ready = made(pool)
  const plan = planScale(pool, aClass(), [...old, ready], NOW)
  assert.equal(plan.create, 0)
  assert.equal(plan.remove.length, 1)
  assert.ok(old.includes(plan.remove[0] as Machine))
})

test('a rollout never takes more Ready machines away than may be missing', () => {
  for (const [surge, unavailable] of [
    [1, 0],
    [0, 1],
    [2, 1],
    ['50%', '25%'],
  ] as const) {
    const pool = aRollout(4, { maxSurge: surge, maxUnavailable: unavailable })
    const mayBeMissing = unavailable === '25%' ? 1 : unavailable
    const mayBeMore = surge === '50%' ? 2 : surge
    let machines = several(4, () => made(pool, { isNew: false }))
    let turns = 0
    const isDone = (): boolean =>
      machines.length === 4 && !machines.some((machine) => isOutdated(pool, aClass(), machine, NOW))
    while (!isDone()) {
      const { create, remove } = planScale(pool, aClass(), machines, NOW)
      machines = machines.filter((machine) => !remove.includes(machine))
      const ready = machines.filter(({ status }) => status?.conditions?.[0]?.status === 'True')
      assert.ok(ready.length >= 4 - mayBeMissing, `${surge}/${unavailable}: ${ready.length} are Ready`)
      machines.push(...several(create, () => made(pool, { isReady: false })))
      assert.ok(machines.length <= 4 + mayBeMore, `${surge}/${unavailable}: ${machines.length} exist`)
      // One of those that come gets Ready.
      const coming = machines.find(({ status }) => status?.conditions?.[0]?.status !== 'True')
      if (coming?.status) coming.status.conditions = conditions('True')
      turns += 1
      assert.ok(turns < 40, `${surge}/${unavailable} comes to an end`)
    }
  }
})

test('an outdated machine that does not serve goes first, for nobody misses it', () => {
  const pool = aRollout(2)
  const broken = made(pool, { isNew: false, isReady: false })
  const { remove } = planScale(pool, aClass(), [made(pool, { isNew: false }), broken, made(pool)], NOW)
  assert.deepEqual(remove, [broken])
})

/** Counts the failure, and with that written picks the machine. */
function replaced(world: World, pool: NodePool, machines: readonly Machine[]): readonly Machine[] {
  const counted = planRepair(world, pool, machines)
  assert.deepEqual([counted.replace, counted.reason], [[], 'Replacing'])
  const count = pool.status?.failures?.count
  const { replace } = planRepair(world, pool, machines)
  assert.equal(pool.status?.failures?.count, count, 'it is counted once')
  return replace
}

test('a failed machine is replaced, one at a time', () => {
  const { world } = aWorld()
  const pool = aRollout(10)
  const failed = several(2, () => made(pool, { isReady: false, failure: 'NodeUnhealthy' }))
  const machines = [...failed, ...several(8, () => made(pool))]
  assert.deepEqual(replaced(world, pool, machines), [failed[0]])
})

test('with more unhealthy than may be nothing is replaced', () => {
  const { world } = aWorld()
  const pool = aRollout(10)
  const failed = several(5, () => made(pool, { isReady: false, failure: 'NodeUnhealthy' }))
  const repair = planRepair(world, pool, [...failed, ...several(5, () => made(pool))])
  assert.deepEqual(repair.replace, [])
  assert.equal(repair.reason, 'TooManyUnhealthy')
  const none = aPool({ spec: { health: { maxUnhealthy: 0 } } })
  const alone = planRepair(world, none, [made(none, { isReady: false, failure: 'NodeUnhealthy' })])
  assert.match(
    'message' in alone ? alone.message : '',
    /^1 machine is unhealthy and at most 0 may be .* Cure or delete what is unhealthy, or raise that number\.$/,
  )
})

test('of many that were unhealthy the last to come round has a minute for it', async () => {
  const { world, clock } = aWorld()
  const pool = aRollout(3)
  const failed = (): Machine => made(pool, { isReady: false, failure: 'NodeUnhealthy' })
  const [one, other, well] = [failed(), failed(), made(pool)]
  const say = ({ reason, isWaiting }: { reason?: string; isWaiting?: boolean }): void =>
    world.voice[isWaiting ? 'unknown' : 'no'](pool, 'Ready', reason ?? '', '')
  say(planRepair(world, pool, [one, other, well]))
  await clock.advance(600_000)
  for (let turn = 0; turn < 2; turn += 1) {
    const repair = planRepair(world, pool, [one, made(pool), well])
    assert.deepEqual([repair.replace, repair.reason], [[], 'Recovering'])
    say(repair as { reason: string })
    await clock.advance(29_000)
  }
  await clock.advance(2000)
  assert.deepEqual(replaced(world, pool, [one, made(pool), well]), [one])
})

test('one whose time is over is not taken for the only one while others are silent too, unless we reboot them', () => {
  const { world } = aWorld()
  const pool = aRollout(3)
  const failed = made(pool, { isReady: false, failure: 'NodeUnhealthy' })
  const silent = made(pool, { isReady: false })
  silent.status = {
    ...silent.status,
    wasReady: true,
    conditions: [
      {
        type: 'Ready',
        status: 'Unknown',
        reason: 'NodeNotReady',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
  }
  const machines = [failed, silent, made(pool)]
  const repair = planRepair(world, pool, machines)
  assert.deepEqual([repair.replace, repair.reason], [[], 'TooManyUnhealthy'])
  silent.metadata.annotations = { 'fochista.dev/reshape': 'reboot' }
  assert.deepEqual(replaced(world, pool, machines), [failed])
})

test('the pauses between replacements grow, until a machine made since is Ready and none has failed for so long', async () => {
  const { world, clock } = aWorld()
  const pool = aRollout(10)
  const others = several(9, () => made(pool))
  await clock.advance(60_000)
  const waits: number[] = []
  for (let turn = 0; turn < 3; turn += 1) {
    const failed = made(pool, { isReady: false, failure: 'NodeUnhealthy' })
    assert.deepEqual(replaced(world, pool, [failed, ...others]), [failed])
    const again = planRepair(world, pool, [
      made(pool, { isReady: false, failure: 'NodeUnhealthy' }),
      ...others,
    ])
    assert.equal(again.reason, 'ReplacementPaused')
    const wait = (again.reason && again.lookAgainMs) || 0
    waits.push(wait)
    await clock.advance(wait)
  }
  assert.deepEqual(waits, [30_000, 60_000, 120_000])
  // Placed in the very second in which the one before it was asked to go; the server's clock may say anything.
  const placedAt = (lastTransitionTime = ''): Machine => {
    const machine = made(pool)
    machine.status?.conditions?.push({ ...placed, lastTransitionTime })
    return machine
  }
  const fresh = placedAt(pool.status?.failures?.since)
  const failed = made(pool, { isReady: false, failure: 'NodeUnhealthy' })
  assert.deepEqual(replaced(world, pool, [fresh, failed, ...others]), [failed])
  assert.equal(pool.status?.failures?.count, 4, 'it failed with those before it')
  planRepair(world, pool, [fresh, ...others])
  assert.equal(pool.status?.failures?.count, 4, 'its pause is not over')
  await clock.advance(240_000)
  planRepair(world, pool, others)
  assert.equal(pool.status?.failures?.count, 4, 'none was placed since')
  planRepair(world, pool, [placedAt(pool.status?.failures?.since), ...others])
  assert.equal(pool.status?.failures, undefined)
})

test('the third machine in a row that does not join stops the pool, until it is edited', async () => {
  const { world, clock } = aWorld()
  const pool = aPool({ metadata: { generation: 1 }, spec: { replicas: 1 } })
  const failed = (): Machine => made(pool, { isReady: false, failure: 'JoinFailed' })
  for (let turn = 0; turn < 2; turn += 1) {
    assert.equal(replaced(world, pool, [failed()]).length, 1)
    await clock.advance(3_600_000)
  }
  const since = pool.status?.failures?.since ?? ''
  const joined = made(pool)
  joined.status?.conditions?.push({ ...placed, lastTransitionTime: since })
  const other = structuredClone(pool)
  assert.equal(
    planRepair(world, other, [failed(), joined]).reason,
    'Replacing',
    'one has joined between them',
  )
  const third = planRepair(world, pool, [failed()])
  assert.deepEqual([third.replace, third.reason], [[], 'JoinFailing'])
  pool.metadata.generation = 2
  assert.equal(replaced(world, pool, [failed()]).length, 1)
})

test('a machine that was counted as failed and has come round since is not replaced', () => {
  const world = aWorld().world
  const pool = aRollout(3)
  const all = several(3, () => made(pool))
  const [first] = all as [Machine, ...Machine[]]
  first.status = { ...first.status, failure: { reason: 'NodeUnhealthy', message: 'It is broken.' } }
  assert.equal(planRepair(world, pool, all).reason, 'Replacing')
  delete first.status.failure
  assert.deepEqual(planRepair(world, pool, all), { replace: [] })
  assert.equal(pool.status?.failures?.machine, undefined)
})

test('a pool says how far a rollout is, and is Ready meanwhile if it has what it wants', async () => {
  const pool = aRollout(2)
  const world = aWorld({ pool })
  for (const name of ['one', 'two'])
    world.has(
      aMachine({
        metadata: { name },
        spec: { poolHash: 'before' },
        status: { conditions: conditions('True') },
      }),
    )
  const reconcile = createNodePoolReconciler(world.world)
  for (let turn = 0; turn < 2; turn += 1) await reconcile('acme/workers', new AbortController().signal)
  const said = world.management
    .read(NodePools, 'workers', 'acme')
    ?.status?.conditions?.find(({ type }) => type === 'Ready')
  assert.deepEqual([said?.status, said?.reason], ['True', 'RollingOut'])
  assert.match(said?.message ?? '', /^1 of 2 machines are as the pool asks for now, 2 are Ready/)
})
