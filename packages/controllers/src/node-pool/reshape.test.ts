import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ANNOTATION_RESHAPE,
  ANNOTATION_STAND_IN,
  type Machine,
  type MachineClass,
  type NodePool,
} from '@fochista/api'
import { MachineClasses, Machines, NodePools } from '../kinds.ts'
import { revisionOf } from '../revision.ts'
import { aWorld } from '../test/a-world.ts'
import { aClass, aMachine, aPool, GIB, NAMESPACE, placed } from '../test/factories.ts'
import { createNodePoolReconciler } from './controller.ts'
import { planPool } from './plan.ts'
import { isOutdated, planScale, wayOf } from './rollout.ts'
import { askedOf, isAvailable, reshapingOf } from './way.ts'

const NOW = Date.parse('2026-01-02T00:00:00Z')
const conditions = (status: 'True' | 'False' | 'Unknown', reason = 'Ready') => [
  { type: 'Ready', status, reason, message: 'It is so.', lastTransitionTime: '2026-01-01T00:00:00Z' },
]
let serial = 0
/** A machine of 2 cores, 4 GiB and 20 GiB that its pool has made and that serves. */
const served = (
  pool: NodePool,
  given: Partial<Machine['spec']> = {},
  status: Machine['status'] = {},
): Machine => {
  serial += 1
  return aMachine({
    metadata: { name: `m${serial}`, creationTimestamp: '2026-01-01T00:00:00Z', uid: `uid-${serial}` },
    spec: {
      ...placed,
      vmid: 400 + serial,
      made: true,
      poolHash: revisionOf(pool),
      asked: askedOf(pool),
      ...given,
    },
    status: { conditions: conditions('True'), wasReady: true, ...status },
  })
}
const several = (count: number, make: () => Machine): Machine[] => Array.from({ length: count }, make)
const edited = (pool: NodePool, spec: Partial<NodePool['spec']>): NodePool => ({
  ...pool,
  spec: { ...pool.spec, ...spec },
})
const wayTo = (
  spec: Partial<NodePool['spec']>,
  given: {
    live?: NonNullable<Machine['status']>['live']
    machineClass?: MachineClass
    before?: NodePool
  } = {},
): string | undefined => {
  const { live, machineClass = aClass(), before = aPool() } = given
  return wayOf(edited(before, spec), machineClass, served(before, {}, live ? { live } : {}), NOW)
}

test('each change of shape takes the gentlest way that the machine’s VM allows', () => {
  assert.equal(wayTo({}), undefined)
  assert.equal(wayTo({ cores: 4 }), 'reboot')
  assert.equal(wayTo({ memory: '8Gi' }), 'reboot')
  assert.equal(wayTo({ disk: '40Gi' }), 'grow')
  assert.equal(wayTo({ disk: '40Gi', cores: 4 }), 'reboot')
  assert.equal(wayTo({ memory: '8Gi' }, { live: { memory: true } }), 'hot')
  assert.equal(
    wayTo({ memory: '2Gi' }, { live: { memory: true } }),
    'reboot',
    'no guest gives memory back for sure',
  )
  assert.equal(wayTo({ cores: 4 }, { live: { cores: 8 } }), 'hot')
  assert.equal(wayTo({ cores: 9 }, { live: { cores: 8 } }), 'reboot')
  assert.equal(wayTo({ cores: 4, memory: '8Gi' }, { live: { memory: true } }), 'reboot')
  assert.equal(wayTo({ version: 'v1.31.0', cores: 4 }), 'replace')
  assert.equal(wayTo({ disk: '10Gi' }), 'replace', 'a disk cannot shrink')
})

test('an edited class changes nothing, also with the next edit of the pool; a word taken out is the class’s again', () => {
  const machineClass = aClass({
    spec: {
      cores: { default: 4, max: 8 },
      memory: { default: '6Gi', max: '32Gi' },
      disk: { default: '30Gi', max: '100Gi' },
    },
  })
  assert.equal(wayTo({}, { machineClass }), undefined)
  const pool = aPool()
  const change = reshapingOf(edited(pool, { memory: '8Gi' }), machineClass, served(pool))
  assert.deepEqual(change?.shape, { cores: 2, memory: 8 * GIB, disk: 20 * GIB })
  const before = aPool({ spec: { cores: 2 } })
  const back = reshapingOf(aPool(), machineClass, served(before))
  assert.deepEqual([back?.way, back?.shape.cores], ['reboot', 4])
})

test('other words for the same, and a disk that its template has made larger, change nothing', () => {
  const before = aPool({ spec: { memory: '4Gi', disk: '10Gi' } })
  const machine = served(before)
  assert.equal(reshapingOf(edited(before, { memory: '4096Mi' }), aClass(), machine)?.way, 'none')
  assert.equal(wayOf(before, aClass(), machine, NOW), undefined)
  assert.equal(reshapingOf(edited(before, { disk: '15Gi' }), aClass(), machine)?.way, 'none')
  assert.equal(reshapingOf(edited(before, { disk: '40Gi' }), aClass(), machine)?.way, 'grow')
  assert.equal(isOutdated(edited(before, { disk: '5Gi' }), aClass(), machine, NOW), true)
})

test('a machine that is not made yet is made anew with another shape', () => {
  const pool = aPool()
  const { made: _made, ...unmade } = { ...placed, made: true }
  const machine = aMachine({ spec: { ...unmade, poolHash: revisionOf(pool), asked: {} } })
  assert.equal(isOutdated(edited(pool, { cores: 4 }), aClass(), machine, NOW), true)
  assert.equal(
    isOutdated(edited(pool, { cores: 4 }), aClass(), aMachine({ spec: { poolHash: revisionOf(pool) } }), NOW),
    false,
  )
})

/** Plays a pool's decisions: what is made gets Ready and what is rebooted comes back, one of them at a turn. */
function play(
  pool: NodePool,
  first: readonly Machine[],
  bounds: { most: number; fewest: number },
  /** What a person does at a turn; the pool from then on. */
  person: (turn: number, pool: NodePool, machines: Machine[]) => NodePool = (_turn, same) => same,
): { reboots: number; removed: number; made: number; left: Machine[] } {
  let machines = [...first]
  let reboots = 0
  let removed = 0
  let made = 0
  for (let turn = 0; turn < 60; turn += 1) {
    pool = person(turn, pool, machines)
    const { create, standIns = 0, settle = [], remove, reshape } = planScale(pool, aClass(), machines, NOW)
    const busy = machines.find((one) => !isAvailable(one))
    if (create + settle.length + remove.length + reshape.length === 0 && !busy && turn > 8)
      return { reboots, removed, made, left: machines }
    removed += remove.length
    made += create
    for (const { metadata } of settle) metadata.annotations = {}
    machines = machines.filter((one) => !remove.includes(one))
    for (const { machine, shape, asked, way } of reshape) {
      Object.assign(machine.spec, shape, { asked })
      if (way === 'reboot') (machine.metadata.annotations ??= {})[ANNOTATION_RESHAPE] = 'reboot'
      if (way === 'reboot') reboots += 1
    }
    const { cores = 2 } = pool.spec
    const fresh = several(create, () => served(pool, { cores }, { conditions: conditions('Unknown') }))
    for (const one of fresh.slice(create - standIns)) one.metadata.annotations = { [ANNOTATION_STAND_IN]: '' }
    machines.push(...fresh)
    assert.ok(machines.length <= bounds.most, `${machines.length} exist`)
    const serving = machines.filter(isAvailable).length
    assert.ok(serving >= bounds.fewest, `${serving} serve, at least ${bounds.fewest} must`)
    const next = machines.find((one) => !isAvailable(one))
    if (!next) continue
    delete next.metadata.annotations?.[ANNOTATION_RESHAPE]
    next.status = { ...next.status, conditions: conditions('True') }
  }
  return assert.fail('it does not come to an end')
}

test('reboots miss no more machines than may be missing, and surge by no more than may', () => {
  for (const [maxSurge, maxUnavailable, most, fewest, reboots, removed] of [
    // One more first; then all are rebooted, and the one that stood in goes.
    [1, 0, 5, 4, 4, 1],
    [2, 0, 6, 4, 4, 2],
    // What may be missing needs nobody in its place.
    [0, 1, 4, 3, 4, 0],
    [1, 1, 4, 3, 4, 0],
    [0, 3, 4, 1, 4, 0],
    ['50%', '25%', 4, 3, 4, 0],
  ] as const) {
    const before = aPool({ spec: { replicas: 4, rollout: { maxSurge, maxUnavailable } } })
    const pool = edited(before, { cores: 4 })
    const first = several(4, () => served(before))
    const end = play(pool, first, { most, fewest })
    assert.deepEqual([end.reboots, end.removed], [reboots, removed], `${maxSurge}/${maxUnavailable}`)
    assert.deepEqual(end.left, first, 'each machine stays')
    assert.deepEqual(
      end.left.map(({ spec }) => spec.cores),
      [4, 4, 4, 4],
    )
  }
})

test('who stands in goes when all are rebooted, also where a person edits, scales, undoes or deletes meanwhile', () => {
  const before = aPool({ spec: { replicas: 3 } })
  const pool = edited(before, { cores: 4 })
  const run = (
    bounds: { most: number; fewest: number },
    person: (turn: number, pool: NodePool, machines: Machine[]) => NodePool,
  ) => {
    const first = several(3, () => served(before))
    const end = play(pool, first, bounds, person)
    assert.ok(!end.left.some(({ metadata }) => metadata.annotations?.[ANNOTATION_STAND_IN] !== undefined))
    return { ...end, kept: first.filter((one) => end.left.includes(one)).length }
  }
  const cores = ({ left }: { left: Machine[] }): unknown[] => left.map(({ spec }) => spec.cores)
  const at =
    (when: number, spec: Partial<NodePool['spec']>) =>
    (turn: number, now: NodePool): NodePool =>
      turn === when ? edited(now, spec) : now
  for (let turn = 1; turn < 8; turn += 1) {
    const undone = run({ most: 4, fewest: 3 }, (now, one) =>
      now === turn ? edited(before, { rollout: one.spec.rollout ?? {} }) : one,
    )
    assert.deepEqual([undone.kept, cores(undone)], [3, [2, 2, 2]], `undone at ${turn}`)
    const twice = run({ most: 4, fewest: 3 }, at(turn, { cores: 6 }))
    assert.deepEqual([twice.kept, cores(twice)], [3, [6, 6, 6]], `edited at ${turn}`)
    const more = run({ most: 6, fewest: 3 }, at(turn, { replicas: 5 }))
    assert.deepEqual([more.kept, cores(more)], [3, [4, 4, 4, 4, 4]], `scaled up at ${turn}`)
    const fewer = run({ most: 4, fewest: 2 }, at(turn, { replicas: 2 }))
    assert.deepEqual([fewer.kept, cores(fewer)], [2, [4, 4]], `scaled down at ${turn}`)
    const deleted = run({ most: 4, fewest: 2 }, (now, one, machines) => {
      if (now === turn) machines.shift()
      return one
    })
    assert.deepEqual([deleted.kept, cores(deleted)], [2, [4, 4, 4]], `one deleted at ${turn}`)
    const missing = run({ most: 4, fewest: 2 }, at(turn, { rollout: { maxSurge: 0, maxUnavailable: 1 } }))
    assert.deepEqual([missing.kept, cores(missing)], [3, [4, 4, 4]], `allowed to miss one at ${turn}`)
  }
})

test('who stands in stays while another does not serve, and for good where one has gone', () => {
  const pool = aPool({ spec: { replicas: 2 } })
  const standIn = served(pool)
  standIn.metadata.annotations = { [ANNOTATION_STAND_IN]: '' }
  const silent = served(pool, {}, { conditions: conditions('Unknown', 'NodeNotReady') })
  const none = { create: 0, standIns: 0, settle: [], remove: [], reshape: [] }
  assert.deepEqual(planScale(pool, aClass(), [served(pool), silent, standIn], NOW), none)
  assert.deepEqual(planScale(pool, aClass(), [served(pool), standIn], NOW), { ...none, settle: [standIn] })
  assert.deepEqual(planScale(pool, aClass(), [served(pool), served(pool), standIn], NOW).remove, [standIn])
  assert.equal(wayOf(pool, aClass(), standIn, NOW), 'standIn')
})

test('a machine that does not serve is rebooted first, for nobody misses it', () => {
  const before = aPool({ spec: { replicas: 3, rollout: { maxSurge: 0, maxUnavailable: 1 } } })
  const broken = served(before, {}, { conditions: conditions('Unknown') })
  const { reshape } = planScale(
    edited(before, { memory: '8Gi' }),
    aClass(),
    [...several(2, () => served(before)), broken],
    NOW,
  )
  assert.deepEqual(
    reshape.map(({ machine }) => machine),
    [broken],
  )
})

test('disks grow a few at once, with no machine more and none less', () => {
  const before = aPool({ spec: { replicas: 3 } })
  const { create, remove, reshape } = planScale(
    edited(before, { disk: '40Gi' }),
    aClass(),
    several(3, () => served(before)),
    NOW,
  )
  assert.deepEqual([create, remove.length, reshape.map(({ way }) => way)], [0, 0, ['grow']])
})

test('a machine that did not get its shape stops the others, and still gets the pool’s last word', () => {
  const before = aPool({ spec: { replicas: 3, rollout: { maxSurge: 0, maxUnavailable: 2 } } })
  const pool = edited(before, { cores: 4 })
  const stuck = served(pool, { cores: 4 }, { conditions: conditions('False', 'RebootFailed') })
  stuck.metadata.annotations = { [ANNOTATION_RESHAPE]: 'reboot' }
  const all = [stuck, ...several(2, () => served(before))]
  assert.deepEqual(planScale(pool, aClass(), all, NOW).reshape, [])
  const back = planScale(edited(before, { cores: 3 }), aClass(), all, NOW).reshape
  assert.deepEqual(
    back.map(({ machine, shape }) => [machine, shape.cores]),
    [[stuck, 3]],
  )
})

test('a plan names each machine’s way, and is the one that is played', () => {
  const before = aPool({ spec: { replicas: 3 } })
  const machines = several(3, () => served(before))
  const plan = planPool(before, edited(before, { cores: 4, disk: '40Gi' }), aClass(), machines, NOW)
  assert.deepEqual(
    plan.fields.map(({ field, effect }) => `${field} ${effect}`),
    ['spec.cores reboot', 'spec.disk grow'],
  )
  assert.deepEqual(
    [plan.reboot.length, plan.replace, plan.remove, plan.create, plan.standIns, plan.most, plan.fewest],
    [3, [], [], 1, 1, 4, 3],
  )
  assert.deepEqual(
    plan.steps.map(({ create, remove, reshape }) => [create, remove.length, reshape.length]),
    [
      [1, 0, 0],
      [0, 0, 1],
      [0, 0, 1],
      [0, 0, 1],
      [0, 1, 0],
    ],
  )
  const grown = planPool(before, edited(before, { disk: '40Gi' }), aClass(), machines, NOW)
  assert.deepEqual([grown.grow.length, grown.create, grown.fields[0]?.effect], [3, 0, 'grow'])
  const smaller = planPool(before, edited(before, { disk: '10Gi' }), aClass(), machines, NOW)
  assert.deepEqual([smaller.replace.length, smaller.fields[0]?.effect], [3, 'replace'])
  const alone = edited(before, { replicas: 1 })
  const single = planPool(alone, edited(alone, { cores: 4 }), aClass(), machines.slice(0, 1), NOW)
  assert.deepEqual(
    [single.replace, single.reboot.length, single.standIns, single.fields[0]?.effect],
    [[], 1, 1, 'reboot'],
  )
  const begun = served(before, { cores: 4, asked: { cores: 4 } })
  begun.metadata.annotations = { [ANNOTATION_RESHAPE]: 'reboot' }
  const wanted = edited(before, { cores: 4 })
  const midway = planPool(wanted, wanted, aClass(), [begun, ...machines.slice(1)], NOW)
  assert.deepEqual([midway.reboot.length, midway.reboot.includes(begun.metadata.name)], [3, true])
  const coming = served(before, {})
  coming.status = {}
  const rolling = edited(before, { bootstrap: { postJoinCommands: ['true'] }, rollout: { maxSurge: 0 } })
  const rolled = { ...coming, spec: { ...coming.spec, poolHash: revisionOf(rolling) } }
  const rest = planPool(rolling, rolling, aClass(), [rolled, ...machines.slice(1)], NOW)
  assert.deepEqual([rest.replace.length, rest.create, rest.keep], [2, 2, [rolled.metadata.name]])
  const fewer = planPool(before, edited(before, { cores: 4, replicas: 2 }), aClass(), machines, NOW)
  assert.deepEqual([fewer.reboot.length, fewer.remove.length, fewer.replace, fewer.standIns], [2, 1, [], 0])
  assert.equal(planPool(before, before, aClass(), machines, NOW).steps.length, 0)
})

/** A pool with two machines that serve, its reconciler, and a while for it. */
function aPoolOf(pool: NodePool, machineClass = aClass()) {
  const known: NodePool = { ...pool, status: { cluster: { uid: 'tcp-1' }, className: 'small' } }
  const world = aWorld({ pool: known, machineClass })
  const machines = several(pool.spec.replicas ?? 0, () => world.has(served(pool)))
  const reconcile = createNodePoolReconciler(world.world)
  const { signal } = new AbortController()
  const looks = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn += 1) await reconcile(`${NAMESPACE}/workers`, signal)
  }
  const edit = (change: (spec: NodePool['spec']) => void): void =>
    void world.management.change(NodePools, { name: 'workers', namespace: NAMESPACE }, ({ spec }) =>
      change(spec),
    )
  const now = (): Machine[] => world.management.all(Machines)
  const said = () => world.management.read(NodePools, 'workers', NAMESPACE)
  return { world, machines, looks, edit, now, said }
}

test('a pool writes shape and leave together, to no more machines than may be missing, and says how far it is', async () => {
  const { looks, edit, now, said } = aPoolOf(
    aPool({ spec: { replicas: 2, rollout: { maxSurge: 0, maxUnavailable: 1 } } }),
  )
  await looks(2)
  edit((spec) => (spec.cores = 4))
  await looks(3)
  const changed = now().filter(({ spec }) => spec.cores === 4)
  assert.deepEqual(
    changed.map(({ metadata, spec }) => [metadata.annotations?.[ANNOTATION_RESHAPE], spec.asked]),
    [['reboot', { cores: 4 }]],
  )
  const { status } = said() ?? {}
  assert.equal(status?.updatedReplicas, 0)
  assert.match(
    status?.conditions?.[0]?.message ?? '',
    /^0 of 2 machines are as the pool asks for now, 2 are Ready, 2 to be rebooted/,
  )
})

test('a paused pool gives no shape; one that its class or its quota does not allow is refused with field, value and rule', async () => {
  const small = aClass({ spec: { quota: { cores: 5 } } })
  const { looks, edit, now, said } = aPoolOf(
    aPool({ spec: { replicas: 2, rollout: { maxSurge: 0, maxUnavailable: 1 } } }),
    small,
  )
  const message = (): string => said()?.status?.conditions?.[0]?.message ?? ''
  edit((spec) => Object.assign(spec, { cores: 4, paused: true }))
  await looks(2)
  assert.deepEqual(
    now().map(({ spec }) => spec.cores),
    [2, 2],
  )
  edit((spec) => Object.assign(spec, { paused: false }))
  await looks(2)
  assert.match(
    message(),
    /spec\.cores: 4: class "small" allows a namespace at most 5 cores in all.*keeps its shape/,
  )
  edit((spec) => Object.assign(spec, { cores: 9 }))
  await looks(2)
  assert.match(message(), /spec\.cores: 9: class "small" allows at most 8/)
  assert.deepEqual(
    now().map(({ spec }) => spec.cores),
    [2, 2],
  )
  edit((spec) => Object.assign(spec, { cores: 3 }))
  await looks(2)
  assert.deepEqual(
    now()
      .map(({ spec }) => spec.cores)
      .sort((a = 0, b = 0) => a - b),
    [2, 3],
  )
})

test('where a quota has no room for a shape beside the machine that stands in, an old one goes in its place', async () => {
  // Two machines of 2 cores; one of 4 fits beside them, and no reboot into 4 cores then.
  const { world, looks, edit, now, said } = aPoolOf(
    aPool({ spec: { replicas: 2 } }),
    aClass({ spec: { quota: { cores: 8 } } }),
  )
  await looks(2)
  edit((spec) => Object.assign(spec, { cores: 4 }))
  await looks(3)
  const made = (): unknown[] =>
    now()
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ spec }) => spec.cores)
  assert.deepEqual(made(), [2, 2, undefined], 'one more is on its way')
  const standIn = now().find(({ spec }) => spec.cores === undefined)
  world.management.change(
    Machines,
    { name: standIn?.metadata.name ?? '', namespace: NAMESPACE },
    (machine) => {
      Object.assign(machine.spec, { ...placed, vmid: 999, made: true, cores: 4 })
      machine.status = { conditions: conditions('True'), wasReady: true }
    },
  )
  await looks(1)
  assert.match(said()?.status?.conditions?.[0]?.message ?? '', /at most 8 cores in all/)
  await looks(3)
  assert.deepEqual(made(), [2, 4], 'an old one has gone for it, and no other can come')
})

test('a quota made smaller in the middle of a roll takes back the machine that it leaves no place to', async () => {
  const { world, looks, edit, now, said } = aPoolOf(aPool({ spec: { replicas: 2 } }), aClass())
  await looks(2)
  edit((spec) => Object.assign(spec, { cores: 4 }))
  await looks(3)
  const staying = (): unknown[] =>
    now()
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ spec }) => spec.cores)
  assert.deepEqual(staying(), [2, 2, undefined], 'one more waits for its place')
  world.management.change(MachineClasses, { name: 'small' }, ({ spec }) =>
    Object.assign(spec, { quota: { machines: 2 } }),
  )
  await looks(4)
  assert.deepEqual(staying(), [2, 2], 'what runs stays')
  assert.match(
    said()?.status?.conditions?.[0]?.message ?? '',
    /^The rollout needs one machine more, and class "small" allows .* Set spec.rollout.maxUnavailable to 1/,
  )
})

test('a class that is edited under a running pool writes nothing to its machines', async () => {
  const { world, looks, now } = aPoolOf(aPool({ spec: { replicas: 2 } }))
  await looks(2)
  const before = now().map(({ metadata }) => metadata.resourceVersion)
  world.management.change(MachineClasses, { name: 'small' }, ({ spec }) => {
    spec.cores = { default: 4, max: 8 }
    spec.disk = { default: '60Gi', max: '100Gi' }
  })
  await looks(3)
  assert.deepEqual(
    now().map(({ metadata }) => metadata.resourceVersion),
    before,
  )
})
