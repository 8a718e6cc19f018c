import {
  ANNOTATION_RESHAPE,
  ANNOTATION_STAND_IN,
  type Machine,
  type MachineClass,
  type NodePool,
} from '@fochista/api'
import { isOutdated, marginsOf, planScale } from './rollout.ts'
import { revisionOf, revisedFields } from '../revision.ts'
import { askedOf, isAvailable, isRebooting, isReshaping, type Reshaping, type Way } from './way.ts'

/** What becomes of a field that a pool's edit changes. */
export interface FieldPlan {
  /** Such as `spec.version`. */
  readonly field: string
  readonly from: unknown
  readonly to: unknown
  /**
   * `replace`: machines are made anew; `reboot`: VMs are changed and rebooted, one after the other; `grow`: disks grow while VMs run;
   * `hot`: given to what runs; `later`: holds for what happens from now on; `scale`: the number of machines. Of several ways the hardest
   * one.
   */
  readonly effect: 'replace' | 'reboot' | 'grow' | 'hot' | 'scale' | 'later'
}

/** What the controllers would do to a pool. Nothing of it is a promise: machines fail, and people edit. */
export interface PoolPlan {
  readonly fields: readonly FieldPlan[]
  /** Names of machines that stay. */
  readonly keep: readonly string[]
  /** Names of machines that are replaced by new ones. */
  readonly replace: readonly string[]
  /** Names of machines that stay, are drained and rebooted into another shape. */
  readonly reboot: readonly string[]
  /** Names of machines that stay and whose disk grows while they run. */
  readonly grow: readonly string[]
  /** Names of machines that stay and get cores or memory while they run. */
  readonly hot: readonly string[]
  /** Names of machines that are too many and go without another in their place. */
  readonly remove: readonly string[]
  /** How many are made in all. */
  readonly create: number
  /** How many of those stand in for others that are rebooted, and go at the end. */
  readonly standIns: number
  /** How many there may be at once meanwhile. */
  readonly most: number
  /** How many are Ready at any moment, if all were so before. */
  readonly fewest: number
  /** What happens at once; each next step when the new and the changed machines of the one before are Ready. */
  readonly steps: readonly PlanStep[]
}

/** One step of a plan. */
export interface PlanStep {
  readonly create: number
  /** Names of machines that are asked to go. */
  readonly remove: readonly string[]
  /** Machines that get another shape, and how. */
  readonly reshape: readonly { readonly name: string; readonly way: Way }[]
}

/** Steps are worked out as far as this; a pool of thousands goes on alike. */
const MOST_STEPS = 20_000

/**
 * What would happen if a pool asked for `wanted`: the controllers' own decisions, played to the end with machines that all become Ready.
 * @param machineClass The class that it would use, for what it does not say itself.
 * @param machines The pool's machines; those on their way out count no more.
 * @param now Milliseconds since 1970.
 */
export function planPool(
  before: NodePool,
  wanted: NodePool,
  machineClass: MachineClass | undefined,
  machines: readonly Machine[],
  now: number,
): PoolPlan {
  const staying = machines.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const steps: PlanStep[] = []
  // What is under way belongs to the plan.
  const ways = new Map<string, Way>(
    staying
      .filter(isReshaping)
      .map((machine) => [nameOf(machine), isRebooting(machine) ? 'reboot' : 'hot'] as const),
  )
  let left = staying
  let create = 0
  let most = staying.length
  while (steps.length < MOST_STEPS) {
    const step = planScale(wanted, machineClass, left, now)
    // Also where nothing is done at once: what is on its way is waited for.
    const begun =
      left.some((machine) => !isAvailable(machine) || isReshaping(machine)) || (step.settle ?? []).length > 0
    const seen = step.reshape.filter(({ way }) => way !== 'none')
    if (step.create === 0 && step.remove.length === 0 && step.reshape.length === 0 && !begun) break
    const gone = new Set(step.remove)
    if (step.create > 0 || step.remove.length > 0 || seen.length > 0)
      steps.push({
        create: step.create,
        remove: step.remove.map(nameOf),
        reshape: seen.map(({ machine, way }) => ({ name: nameOf(machine), way })),
      })
    for (const { machine, way } of seen) ways.set(nameOf(machine), way)
    const made = Array.from({ length: step.create }, (_, index) =>
      readyMachine(wanted, create + index + 1, now, index >= step.create - (step.standIns ?? 0)),
    )
    most = Math.max(most, left.length + made.length)
    const changes = new Map(step.reshape.map((change) => [change.machine, change]))
    const stayed = left.filter((machine) => !gone.has(machine))
    const settled = new Set(step.settle)
    left = [
      ...stayed.map((machine) =>
        arrived(settled.has(machine) ? settledOf(machine) : machine, changes.get(machine)),
      ),
      ...made,
    ]
    create += step.create
  }
  const outdated = staying.filter((machine) => isOutdated(wanted, machineClass, machine, now))
  const leaving = new Set(steps.flatMap(({ remove }) => remove))
  const going = staying.filter((machine) => leaving.has(nameOf(machine)))
  // What is made for a while is taken away again.
  const standIns = leaving.size - going.length
  const lasting = create - standIns
  // Those that are too many go first; of the rest each has another in its place.
  const replaced = lasting === 0 ? [] : going.filter((machine) => outdated.includes(machine)).slice(-lasting)
  const keep = staying.filter((machine) => !going.includes(machine)).map(nameOf)
  const taking = (way: Way): string[] => keep.filter((name) => ways.get(name) === way)
  const reboot = taking('reboot')
  return {
    fields: fieldsOf(before, wanted, outdated.length > 0, new Set(ways.values())),
    keep,
    replace: replaced.map(nameOf),
    reboot,
    grow: taking('grow'),
    hot: taking('hot'),
    remove: going.filter((machine) => !replaced.includes(machine)).map(nameOf),
    create,
    standIns,
    most,
    fewest: Math.max(0, (wanted.spec.replicas ?? 1) - marginsOf(wanted).unavailable),
    steps,
  }
}

/** A machine that stood in for others, once it is one like them. */
function settledOf(machine: Machine): Machine {
  const { [ANNOTATION_STAND_IN]: _over, ...annotations } = machine.metadata.annotations ?? {}
  return { ...machine, metadata: { ...machine.metadata, annotations } }
}

/** A machine as it is once what was begun with it has ended well: changed, or Ready for the first time. */
function arrived(machine: Machine, change: Reshaping | undefined): Machine {
  if (!change && !isReshaping(machine) && isAvailable(machine)) return machine
  const { [ANNOTATION_RESHAPE]: _done, ...annotations } = machine.metadata.annotations ?? {}
  return {
    ...machine,
    metadata: { ...machine.metadata, annotations },
    spec: { ...machine.spec, ...change?.shape, ...(change ? { asked: change.asked } : {}) },
    status: { ...machine.status, conditions: ready(machine.metadata.creationTimestamp ?? '') },
  }
}

const ready = (at: string): NonNullable<NonNullable<Machine['status']>['conditions']> => [
  { type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime: at },
]

const nameOf = ({ metadata }: Machine): string => metadata.name

/** A machine as the pool would make it, once it is Ready. */
function readyMachine(pool: NodePool, serial: number, now: number, isStandIn: boolean): Machine {
  const at = new Date(now + serial * 1000).toISOString()
  const { className, version } = pool.spec
  return {
    apiVersion: pool.apiVersion,
    kind: 'Machine',
    metadata: {
      name: `(new ${serial})`,
      creationTimestamp: at,
      ...(isStandIn ? { annotations: { [ANNOTATION_STAND_IN]: '' } } : {}),
    },
    spec: {
      id: '',
      nodePoolName: pool.metadata.name,
      proxmoxCluster: '',
      ...(className === undefined ? {} : { className }),
      ...(version === undefined ? {} : { version }),
      poolHash: revisionOf(pool),
      asked: askedOf(pool),
      made: true,
    },
    status: { conditions: ready(at) },
  }
}

/** The fields of the spec that differ, each with what comes of it. */
function fieldsOf(
  { spec: before }: NodePool,
  { spec: wanted }: NodePool,
  isReplacing: boolean,
  ways: ReadonlySet<Way>,
): FieldPlan[] {
  const flat = (spec: NodePool['spec']): Record<string, unknown> => {
    const { node, rollout, ...rest } = spec
    const inner = Object.entries({ ...prefixed('node', node), ...prefixed('rollout', rollout) })
    return { ...rest, ...Object.fromEntries(inner) }
  }
  const [from, to] = [flat(before), flat(wanted)]
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].sort().flatMap((key) => {
    if (JSON.stringify(from[key]) === JSON.stringify(to[key])) return []
    return [{ field: `spec.${key}`, from: from[key], to: to[key], effect: effectOf(key, isReplacing, ways) }]
  })
}

const prefixed = (name: string, value: object | undefined): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value ?? {}).map(([key, inner]) => [`${name}.${key}`, inner as unknown]))

function effectOf(key: string, isReplacing: boolean, ways: ReadonlySet<Way>): FieldPlan['effect'] {
  if (revisedFields.some((field) => field === key) || key === 'rollout.before')
    return isReplacing ? 'replace' : 'later'
  if (key === 'replicas') return 'scale'
  if (key.startsWith('node.')) return 'hot'
  if (key !== 'cores' && key !== 'memory' && key !== 'disk') return 'later'
  if (isReplacing) return 'replace'
  // A disk grows while its VM runs, whatever else is done with the VM.
  if (key === 'disk') return ways.size > 0 ? 'grow' : 'later'
  return ways.has('reboot') ? 'reboot' : ways.has('hot') ? 'hot' : 'later'
}
