import type { Machine, MachineClass, NodePool } from '@fochista/api'
import { isMadeAsAsked } from '../revision.ts'
import { planReshape } from './reshape.ts'
import { pickForRemoval } from './remove.ts'
import {
  isAvailable,
  isMisshapen,
  isRebooting,
  isReshaping,
  isStandIn,
  reshapingOf,
  type Reshaping,
  type Way,
} from './way.ts'

/** How many machines a pool needs, which are too many, and which get another shape. */
export interface ScalePlan {
  readonly create: number
  /** How many of those that are created only stand in for others while they are rebooted. */
  readonly standIns?: number
  /** Machines that stood in for others and are needed now: from here on they are as any other. */
  readonly settle?: readonly Machine[]
  readonly remove: readonly Machine[]
  readonly reshape: readonly Reshaping[]
}

/**
 * True for a machine that must be replaced: the pool's spec would make it otherwise today and what differs cannot be changed, or it was
 * made before `rollout.before`. A time that is still to come counts once it has: until then each machine made in another's place would be
 * outdated too, and none would last. So it would be where the server's clock, by which a machine's age is told, is late: one that was made for
 * this time is not made for it again.
 * @param machineClass The pool's; see `shapeWanted`.
 * @param now Milliseconds since 1970.
 */
export function isOutdated(
  pool: NodePool,
  machineClass: MachineClass | undefined,
  machine: Machine,
  now: number,
): boolean {
  if (!isMadeAsAsked(pool, machine) || isMisshapen(pool, machineClass, machine)) return true
  const before = Date.parse(pool.spec.rollout?.before ?? '')
  const isMadeForIt = Date.parse(machine.spec.rolledBefore ?? '') >= before
  return before <= now && !isMadeForIt && Date.parse(machine.metadata.creationTimestamp ?? '') < before
}

/**
 * What becomes of a machine that is not as its pool asks for, or on its way to that; undefined for one that is.
 * @param now Milliseconds since 1970.
 */
export function wayOf(
  pool: NodePool,
  machineClass: MachineClass | undefined,
  machine: Machine,
  now: number,
): 'replace' | 'standIn' | Exclude<Way, 'none'> | undefined {
  if (isOutdated(pool, machineClass, machine, now)) return 'replace'
  if (isStandIn(machine)) return 'standIn'
  const way = reshapingOf(pool, machineClass, machine)?.way ?? 'none'
  if (way !== 'none') return way
  if (isRebooting(machine)) return 'reboot'
  return isReshaping(machine) ? 'hot' : undefined
}

/**
 * What to make, what to take away and what to change: towards the number of replicas, and where machines are outdated towards new ones in
 * their place, with at most `maxSurge` more and `maxUnavailable` fewer available ones meanwhile, as a Deployment does it. Shapes are
 * changed once nothing is left to be replaced.
 * @param staying The pool's machines without those on their way out.
 * @param now Milliseconds since 1970.
 */
export function planScale(
  pool: NodePool,
  machineClass: MachineClass | undefined,
  staying: readonly Machine[],
  now: number,
): ScalePlan {
  const replicas = pool.spec.replicas ?? 1
  const outdated = staying.filter((machine) => isOutdated(pool, machineClass, machine, now))
  const margins = marginsOf(pool)
  if (outdated.length === 0) return planReshape(pool, machineClass, staying, margins)
  if (replicas === 0) return { create: 0, remove: staying, reshape: [] }
  const { surge, unavailable } = margins
  const current = staying.length - outdated.length
  const create = Math.max(0, Math.min(replicas - current, replicas + surge - staying.length))
  const fewest = replicas - unavailable
  const old = new Set(outdated)
  const currentNotReady = staying.filter((machine) => !old.has(machine) && !isAvailable(machine)).length
  const spare = Math.max(0, staying.length - fewest - currentNotReady)
  // Those that do not serve go first, for nobody misses them.
  const broken = pickForRemoval(
    outdated.filter((machine) => !isAvailable(machine)),
    () => true,
    spare,
  )
  const readySpare = Math.max(0, staying.filter(isAvailable).length - fewest)
  const serving = pickForRemoval(
    outdated.filter(isAvailable),
    () => true,
    Math.min(readySpare, spare - broken.length),
  )
  return { create, remove: [...broken, ...serving], reshape: [] }
}

/**
 * The machine itself, if a quota has no room for its new shape beside the one that was made to stand in: that takes its place then; none
 * while it is missed.
 * @param staying The pool's machines without those on their way out.
 */
export function withStandIn(
  pool: NodePool,
  staying: readonly Machine[],
  machine: Machine,
): readonly Machine[] {
  const { replicas = 1 } = pool.spec
  const isMissed =
    isAvailable(machine) && staying.filter(isAvailable).length <= replicas - marginsOf(pool).unavailable
  return staying.length > replicas && !isMissed ? [machine] : []
}

/** How many machines more than `replicas`, and how many available ones fewer, there may be meanwhile. */
export interface Margins {
  readonly surge: number
  readonly unavailable: number
}

/**
 * How many machines more than `replicas`, and how many available ones fewer, there may be while the pool's machines are replaced or
 * changed.
 */
export function marginsOf({ spec }: NodePool): Margins {
  const { replicas = 1, rollout: { maxSurge = 1, maxUnavailable = 0 } = {} } = spec
  const surge = amountOf(maxSurge, replicas, Math.ceil)
  const unavailable = amountOf(maxUnavailable, replicas, Math.floor)
  // As in a Deployment: a share of few machines may come to none, and then one must be missed.
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

/** A number, or a share of the replicas. */
function amountOf(given: number | string, replicas: number, round: (value: number) => number): number {
  if (typeof given === 'number') return given
  const value = Number.parseInt(given, 10)
  return given.endsWith('%') ? round((replicas * value) / 100) : value
}
