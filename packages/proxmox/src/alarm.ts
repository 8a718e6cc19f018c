interface Alarm {
  /** By `performance.now()`. */
  readonly at: number
  readonly ring: () => void
}

const alarms = new Set<Alarm>()
let timer: NodeJS.Timeout | undefined
/** When the timer fires; never, if it does not run. */
let firesAt = Number.POSITIVE_INFINITY
/** Node's timers end at once when asked for more than this, milliseconds. */
const LONGEST = 2 ** 31 - 1

/**
 * Calls `ring` in so many milliseconds, unless it is cancelled before. One timer serves all, and is left running when an alarm is cancelled:
 * most calls end long before their limit, and a timer for each was a sixth of what a call costs. It does not keep the process alive; the
 * connection of the call does.
 * @returns what cancels it
 */
export function alarmIn(ms: number, ring: () => void): () => void {
  const alarm = { at: performance.now() + ms, ring }
  alarms.add(alarm)
  if (alarm.at < firesAt) fireAt(alarm.at)
  return () => alarms.delete(alarm)
}

function fireAt(at: number): void {
  clearTimeout(timer)
  firesAt = at
  timer = setTimeout(ringDue, Math.min(Math.max(1, Math.ceil(at - performance.now())), LONGEST))
  timer.unref()
}

function ringDue(): void {
  firesAt = Number.POSITIVE_INFINITY
  const now = performance.now()
  const due: Alarm[] = []
  for (const alarm of alarms) if (alarm.at <= now) due.push(alarm)
  // Several at once are those of a process that has stood still.
  due.sort((one, other) => one.at - other.at)
  for (const alarm of due) if (alarms.delete(alarm)) alarm.ring()
  let next = Number.POSITIVE_INFINITY
  for (const { at } of alarms) next = Math.min(next, at)
  if (next < firesAt) fireAt(next)
}
