import type { Machine, NodePool } from '@fochista/api'
import { isOutdated, marginsOf, planScale } from './rollout.ts'
import { revisionOf, revisedFields } from '../revision.ts'

/** What becomes of a field that a pool's edit changes. */
export interface FieldPlan {
  /** Such as `spec.version`. */
  readonly field: string
  readonly from: unknown
  readonly to: unknown
  /** `replace`: machines are made anew; `hot`: put on what runs; `later`: holds for what happens from now on; `scale`: the number of machines. */
  readonly effect: 'replace' | 'hot' | 'scale' | 'later'
}

/** What the controllers would do to a pool. Nothing of it is a promise: machines fail, and people edit. */
export interface PoolPlan {
  readonly fields: readonly FieldPlan[]
  /** Names of machines that stay. */
  readonly keep: readonly string[]
  /** Names of machines that are replaced by new ones. */
  readonly replace: readonly string[]
  /** Names of machines that are too many and go without another in their place. */
  readonly remove: readonly string[]
  /** How many are made in all. */
  readonly create: number
  /** How many there may be at once meanwhile. */
  readonly most: number
  /** How many are Ready at any moment, if all were so before. */
  readonly fewest: number
  /** What happens at once; each next step when the new machines of the one before are Ready. */
  readonly steps: readonly PlanStep[]
}

/** One step of a plan. */
export interface PlanStep {
  readonly create: number
  /** Names of machines that are asked to go. */
  readonly remove: readonly string[]
}

/** Steps are worked out as far as this; a pool of thousands goes on alike. */
const MOST_STEPS = 20_000

/**
 * What would happen if a pool asked for `wanted`: the controllers' own decisions, played to the end with machines that all become Ready.
 * @param machines The pool's machines; those on their way out count no more.
 * @param now Milliseconds since 1970.
 */
export function planPool(
  before: NodePool,
  wanted: NodePool,
  machines: readonly Machine[],
  now: number,
): PoolPlan {
  const staying = machines.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const steps: PlanStep[] = []
  let left = staying
  let create = 0
  let most = staying.length
  while (steps.length < MOST_STEPS) {
    const step = planScale(wanted, left, now)
    if (step.create === 0 && step.remove.length === 0) break
    const gone = new Set(step.remove)
    steps.push({ create: step.create, remove: step.remove.map(nameOf) })
    const made = Array.from({ length: step.create }, (_, index) =>
      readyMachine(wanted, create + index + 1, now),
    )
    most = Math.max(most, left.length + made.length)
    left = [...left.filter((machine) => !gone.has(machine)), ...made]
    create += step.create
  }
  const outdated = staying.filter((machine) => isOutdated(wanted, machine, now))
  const leaving = new Set(steps.flatMap(({ remove }) => remove))
  const going = staying.filter((machine) => leaving.has(nameOf(machine)))
  // Those that are too many go first; of the rest each has another in its place.
  const replace = going.filter((machine) => outdated.includes(machine)).slice(-create || going.length)
  const replaced = create === 0 ? [] : replace
  return {
    fields: fieldsOf(before, wanted),
    keep: staying.filter((machine) => !going.includes(machine)).map(nameOf),
    replace: replaced.map(nameOf),
    remove: going.filter((machine) => !replaced.includes(machine)).map(nameOf),
    create,
    most,
    fewest: Math.max(0, (wanted.spec.replicas ?? 1) - marginsOf(wanted).unavailable),
    steps,
  }
}

const nameOf = ({ metadata }: Machine): string => metadata.name

/** A machine as the pool would make it, once it is Ready. */
function readyMachine(pool: NodePool, serial: number, now: number): Machine {
  const at = new Date(now + serial * 1000).toISOString()
  return {
    apiVersion: pool.apiVersion,
    kind: 'Machine',
    metadata: { name: `(new ${serial})`, creationTimestamp: at },
    spec: { id: '', nodePoolName: pool.metadata.name, proxmoxCluster: '', poolHash: revisionOf(pool) },
    status: {
      conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime: at }],
    },
  }
}

/** The fields of the spec that differ, each with what comes of it. */
function fieldsOf({ spec: before }: NodePool, { spec: wanted }: NodePool): FieldPlan[] {
  const flat = (spec: NodePool['spec']): Record<string, unknown> => {
    const { node, rollout, ...rest } = spec
    const inner = Object.entries({ ...prefixed('node', node), ...prefixed('rollout', rollout) })
    return { ...rest, ...Object.fromEntries(inner) }
  }
  const [from, to] = [flat(before), flat(wanted)]
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].sort().flatMap((key) => {
    if (JSON.stringify(from[key]) === JSON.stringify(to[key])) return []
    return [{ field: `spec.${key}`, from: from[key], to: to[key], effect: effectOf(key) }]
  })
}

const prefixed = (name: string, value: object | undefined): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value ?? {}).map(([key, inner]) => [`${name}.${key}`, inner as unknown]))

function effectOf(key: string): FieldPlan['effect'] {
  if (revisedFields.some((field) => field === key) || key === 'rollout.before') return 'replace'
  if (key === 'replicas') return 'scale'
  return key.startsWith('node.') ? 'hot' : 'later'
}
