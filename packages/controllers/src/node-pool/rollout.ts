import { isTrue, type Machine, type NodePool } from '@fochista/api'
import { revisionOf } from '../revision.ts'
import { pickForRemoval } from './scale.ts'

/** How many machines a pool needs, and which are too many. */
export interface ScalePlan {
  readonly create: number
  readonly remove: readonly Machine[]
}

/**
 * True for a machine that the pool's spec would make otherwise today, or that was made before `rollout.before`. A time that is still to
 * come counts once it has: until then each machine made in another's place would be outdated too, and none would last.
 * @param now Milliseconds since 1970.
 */
export function isOutdated(pool: NodePool, { spec, metadata }: Machine, now: number): boolean {
  if (spec.poolHash !== revisionOf(pool)) return true
  const before = Date.parse(pool.spec.rollout?.before ?? '')
  return before <= now && Date.parse(metadata.creationTimestamp ?? '') < before
}

/**
 * What to make and what to take away: towards the number of replicas, and where machines are outdated towards new ones in their place,
 * with at most `maxSurge` more and `maxUnavailable` fewer Ready ones meanwhile, as a Deployment does it.
 * @param staying The pool's machines without those on their way out.
 * @param now Milliseconds since 1970.
 */
export function planScale(pool: NodePool, staying: readonly Machine[], now: number): ScalePlan {
  const replicas = pool.spec.replicas ?? 1
  const outdated = staying.filter((machine) => isOutdated(pool, machine, now))
  if (outdated.length === 0 || replicas === 0)
    return {
      create: Math.max(0, replicas - staying.length),
      remove: pickForRemoval(
        staying,
        (machine) => isOutdated(pool, machine, now),
        Math.max(0, staying.length - replicas),
      ),
    }
  const { surge, unavailable } = marginsOf(pool)
  const current = staying.length - outdated.length
  const create = Math.max(0, Math.min(replicas - current, replicas + surge - staying.length))
  const fewest = replicas - unavailable
  const isReady = (machine: Machine): boolean => isTrue(machine, 'Ready')
  const currentNotReady = staying.filter(
    (machine) => !isOutdated(pool, machine, now) && !isReady(machine),
  ).length
  const spare = Math.max(0, staying.length - fewest - currentNotReady)
  // Those that do not serve go first, for nobody misses them.
  const broken = pickForRemoval(
    outdated.filter((machine) => !isReady(machine)),
    () => true,
    spare,
  )
  const readySpare = Math.max(0, staying.filter(isReady).length - fewest)
  const serving = pickForRemoval(
    outdated.filter(isReady),
    () => true,
    Math.min(readySpare, spare - broken.length),
  )
  return { create, remove: [...broken, ...serving] }
}

/** How many machines more than `replicas`, and how many Ready ones fewer, there may be while the pool's machines are replaced. */
export function marginsOf({ spec }: NodePool): { readonly surge: number; readonly unavailable: number } {
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
