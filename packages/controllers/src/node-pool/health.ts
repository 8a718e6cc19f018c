import {
  ANNOTATION_RESHAPE,
  CONDITION,
  getCondition,
  isTrue,
  REASON,
  type Machine,
  type NodePool,
} from '@fochista/api'
import { timestampOf } from '../runtime/clock.ts'
import type { World } from '../world.ts'

/** Pause after the first replacement of a row, milliseconds; doubled with each further one. */
const FIRST_PAUSE_MS = 30_000
const LONGEST_PAUSE_MS = 30 * 60_000
/** How long those that are still unhealthy are waited for once no more are so than may be, milliseconds. */
const RECOVERY_MS = 60_000
/** So many machines in a row that did not join stop the pool: the next would not either. */
const MOST_JOIN_FAILURES = 3

/** What becomes of the failed machines of a pool. */
export type Repair =
  | { readonly replace: readonly Machine[]; readonly reason?: undefined }
  | {
      readonly replace: readonly Machine[]
      readonly reason: string
      readonly message: string
      readonly lookAgainMs?: number
      readonly isWaiting?: boolean
    }

/**
 * Which failed machines are replaced now: those with evidence against them (`status.failure`), one at a time, not when too many are
 * unhealthy or silent at once, with growing pauses, and no more after the third in a row that did not join. Counts in the pool's status.
 */
export function planRepair(world: World, pool: NodePool, staying: readonly Machine[]): Repair {
  const status = (pool.status ??= {})
  const { generation } = pool.metadata
  const failed = staying.filter((machine) => machine.status?.failure !== undefined)
  endRow(world, pool, staying, failed.length)
  // Counted already, and asked to go only once that was written: after a crash it is not counted again.
  const counted =
    status.failures && staying.find(({ metadata }) => metadata.name === status.failures?.machine)
  if (counted?.status?.failure) return { replace: [counted] }
  // One that has come round meanwhile stays; should it fail again, it is counted again.
  if (counted) delete status.failures?.machine
  const [first] = failed
  if (!first?.status?.failure) return { replace: [] }
  const { failures } = status
  const { reason, message } = first.status.failure
  const isJoinFailure = reason === REASON.joinFailed
  if (isJoinFailure && (failures?.joining ?? 0) >= MOST_JOIN_FAILURES - 1)
    return {
      replace: [],
      reason: REASON.joinFailing,
      message: `${MOST_JOIN_FAILURES} machines in a row did not join; the last is left to be looked at. ${first.metadata.name}: ${message} Edit the pool, or delete the machine, to try again.`,
    }
  const most = maxUnhealthyOf(pool)
  const unhealthy = failed.length + staying.filter(isSilent).length
  if (unhealthy > most)
    return {
      replace: [],
      reason: REASON.tooManyUnhealthy,
      message: `${unhealthy === 1 ? '1 machine is' : `${unhealthy} machines are`} unhealthy and at most ${most} may be (spec.health.maxUnhealthy), so nothing is replaced. ${first.metadata.name}: ${message} Cure or delete what is unhealthy, or raise that number.`,
    }
  const now = world.clock.now()
  const said = getCondition(pool, CONDITION.ready)
  const isRecovering = said?.reason === REASON.recovering
  // Those that fall silent at once come back one after the other: the last of them is not the only one that failed.
  if (isRecovering || said?.reason === REASON.tooManyUnhealthy) {
    const patience = (isRecovering ? Date.parse(said.lastTransitionTime) : now) + RECOVERY_MS - now
    if (patience > 0)
      return {
        replace: [],
        reason: REASON.recovering,
        message: `No more are unhealthy than may be. Those that still are, are waited for a minute before one is replaced. ${first.metadata.name}: ${message}`,
        lookAgainMs: patience,
        isWaiting: true,
      }
  }
  const rest = restOfPause(world, pool)
  if (rest > 0)
    return {
      replace: [],
      reason: 'ReplacementPaused',
      message: `The next unhealthy machine is replaced in ${Math.ceil(rest / 1000)} s. ${first.metadata.name}: ${message}`,
      lookAgainMs: rest,
    }
  status.failures = {
    count: (failures?.count ?? 0) + 1,
    joining: isJoinFailure ? (failures?.joining ?? 0) + 1 : 0,
    machine: first.metadata.name,
    since: timestampOf(now),
    ...(generation === undefined ? {} : { generation }),
  }
  world.voice.tell(
    pool,
    'Warning',
    'MachineReplaced',
    `Machine ${first.metadata.name} is replaced: ${message}`,
  )
  return {
    replace: [],
    reason: 'Replacing',
    message: `Machine ${first.metadata.name} is replaced: ${message}`,
    lookAgainMs: 0,
  }
}

/**
 * Ends the row of failures: an edit of the pool may have cured it. One that was placed since and is Ready proves that machines do join; the
 * pauses get short again once none has failed when the last of them is over, for of those that fail at once each has to wait.
 */
function endRow(world: World, pool: NodePool, staying: readonly Machine[], failed: number): void {
  const { failures } = pool.status ?? {}
  if (!pool.status || !failures) return
  if (failures.generation !== pool.metadata.generation) {
    delete pool.status.failures
    return
  }
  // Both times are of our own clock and in whole seconds: the next machine is placed in the second in which the last was asked to go.
  const isProof = (machine: Machine): boolean =>
    isTrue(machine, 'Ready') &&
    Date.parse(getCondition(machine, 'Placed')?.lastTransitionTime ?? '') >= Date.parse(failures.since)
  if (!staying.some(isProof)) return
  failures.joining = 0
  if (failed === 0 && restOfPause(world, pool) <= 0) delete pool.status.failures
}

/** How much longer no failed machine is replaced, milliseconds; none if the row is empty. */
function restOfPause({ clock }: World, { status: { failures } = {} }: NodePool): number {
  if (!failures) return 0
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (failures.count - 1), LONGEST_PAUSE_MS)
  return Date.parse(failures.since) + pause - clock.now()
}

/**
 * A machine whose Node was Ready once and is not now, though its time is not over: of many that fall silent at once the time of one is over
 * first, and it must not be taken for the only one. One that we reboot ourselves is silent for a reason.
 */
function isSilent({ metadata, status }: Machine): boolean {
  return (
    status?.failure === undefined &&
    status?.wasReady === true &&
    metadata.annotations?.[ANNOTATION_RESHAPE] === undefined &&
    status.conditions?.find(({ type }) => type === 'Ready')?.reason === REASON.nodeNotReady
  )
}

/** How many may be unhealthy before nothing is repaired; of a share at least one, or a pool of one could never be. */
export function maxUnhealthyOf({ spec }: NodePool): number {
  const given = spec.health?.maxUnhealthy ?? '40%'
  if (typeof given === 'number') return given
  const share = Number.parseInt(given, 10)
  if (!given.endsWith('%')) return share
  return share === 0 ? 0 : Math.max(1, Math.floor(((spec.replicas ?? 1) * share) / 100))
}
