import type { Clock } from '../runtime/clock.ts'

/** Time that passes only when it is told to, and as fast as its events can be worked off. */
export interface VirtualTime extends Clock {
  /** Lets so many milliseconds pass, event by event, each with all that follows from it. Stops early when `isOver` says so. */
  pass(ms: number, isOver?: () => boolean): Promise<void>
  /** Events that have happened so far. */
  readonly events: number
  /** Those of them that have happened since time went on last. */
  readonly atOnce: number
  /** The clock of one process, so many milliseconds before the others: of one that has died nothing is called any more. */
  of(isAlive: () => boolean, skewMs?: () => number): Clock
}

interface Timer {
  readonly at: number
  readonly order: number
  callback: (() => void) | undefined
}

/** Makes time that begins on New Year's Day. */
export function createVirtualTime(): VirtualTime {
  let now = Date.parse('2026-01-01T00:00:00Z')
  let order = 0
  let events = 0
  let atOnce = 0
  /** A heap: the earliest first, of one moment the first that was asked for. */
  const heap: Timer[] = []
  const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

  const push = (timer: Timer): void => {
    let at = heap.push(timer) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (!above || !isBefore(timer, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = timer
  }
  const pop = (): void => {
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let at = 0
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]]
      const child = left && right && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1
      const below = heap[child]
      if (!below || !isBefore(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
  }
  const setTimeout = (callback: () => void, ms: number): (() => void) => {
    const timer: Timer = { at: now + Math.max(0, ms), order: (order += 1), callback }
    push(timer)
    return () => (timer.callback = undefined)
  }
  const clockOf = (isAlive: () => boolean, skewMs = () => 0): Clock => {
    const own = (callback: () => void, ms: number): (() => void) =>
      setTimeout(() => {
        if (isAlive()) callback()
      }, ms)
    return {
      now: () => now + skewMs(),
      setTimeout: own,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) {
            reject(signal.reason as Error)
            return
          }
          const give = (): void => {
            cancel()
            reject(signal?.reason as Error)
          }
          const cancel = own(() => {
            // A signal that outlives its sleeper would keep all that the sleeper holds.
            signal?.removeEventListener('abort', give)
            resolve()
          }, ms)
          signal?.addEventListener('abort', give)
        }),
    }
  }
  return {
    ...clockOf(() => true),
    of: clockOf,
    get events() {
      return events
    },
    get atOnce() {
      return atOnce
    },
    pass: async (ms, isOver) => {
      const end = now + ms
      for (;;) {
        await everythingElse()
        let next = heap[0]
        while (next && !next.callback) {
          pop()
          next = heap[0]
        }
        if (!next || next.at > end || isOver?.()) break
        pop()
        if (next.at > now) atOnce = 0
        now = Math.max(now, next.at)
        events += 1
        atOnce += 1
        next.callback?.()
      }
      if (!isOver?.()) now = end
    },
  }
}

/** Resolves when everything that needs no time has happened: all of it is promises. */
const everythingElse = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
