import type { Clock } from '../runtime/clock.ts'

/** A clock that a test moves. */
export interface ManualClock extends Clock {
  /** Moves time, calls what has become due in its order, and lets everything that follows from it happen. */
  advance(ms: number): Promise<void>
  /** Timers that wait. */
  readonly pending: number
}

/** Makes a clock that stands at `start`, milliseconds since 1970. */
export function createManualClock(start = Date.parse('2026-01-01T00:00:00Z')): ManualClock {
  let now = start
  const timers = new Set<{ at: number; callback: () => void }>()
  const setTimeout = (callback: () => void, ms: number): (() => void) => {
    const timer = { at: now + ms, callback }
    timers.add(timer)
    return () => timers.delete(timer)
  }
  return {
    now: () => now,
    setTimeout,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error)
          return
        }
        const cancel = setTimeout(resolve, ms)
        signal?.addEventListener('abort', () => {
          cancel()
          reject(signal.reason as Error)
        })
      }),
    advance: async (ms) => {
      const end = now + ms
      for (;;) {
        await settled()
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (!next) break
        timers.delete(next)
        now = Math.max(now, next.at)
        next.callback()
      }
      now = end
    },
    get pending() {
      return timers.size
    },
  }
}

/** Resolves when everything that needs no time to pass has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
