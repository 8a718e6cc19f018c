import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Replay } from './outcome.ts'
import type { Replayable } from './recordings.ts'

/** Most replays at once: they wait more than they work. */
const MOST = 12
/** How often it is looked whether the machine carries one more, milliseconds. */
const LOOK_EVERY = 200
/** By so much timers may be late for one more to begin, milliseconds: replays look at what happens in what order. */
const LATE = 40

/**
 * Replays as many at once as the machine carries: one begins only while timers are on time, or when no other is under way. What can be
 * slower is so while they are late, and may be later by as much.
 */
export async function replayAtOnce(replays: readonly Replayable[]): Promise<Replay[]> {
  const waiting = [...replays]
  const done: Replay[] = []
  const failures: unknown[] = []
  const running = new Set<Promise<void>>()
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  try {
    while (waiting.length > 0 && failures.length === 0) {
      const late = delay.percentile(90) / 1e6
      delay.reset()
      const pace = late < LATE ? 1 : (waiting[0]?.busyPace ?? 1)
      if (running.size === 0 || (running.size < MOST && late < LATE * pace)) {
        const task: Promise<void> = (waiting.shift()?.run(pace) ?? Promise.resolve([])).then(
          (results) => void done.push(...results),
          (error: unknown) => void failures.push(error),
        )
        running.add(task)
        void task.then(() => running.delete(task))
      }
      await pause(LOOK_EVERY)
    }
    await Promise.all(running)
  } finally {
    delay.disable()
  }
  if (failures.length > 0) throw failures[0]
  return done
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
