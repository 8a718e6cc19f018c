import type { Clock } from '../runtime/clock.ts'
import { createLines } from '../runtime/lines.ts'

/** Pause before the first new try, milliseconds; doubled as those of a line are. */
const FIRST_PAUSE_MS = 2000

/** Who waits to be called looks again after this if nobody calls it, milliseconds. */
export const UNCALLED_MS = 120_000

/** What somebody failed at, and where: whoever fails at the same stands in the same line. */
interface Failing {
  /** Type of the task, or `room` for a place on a host. */
  readonly what: string
  /** Proxmox cluster, host, storage: whatever others who fail for the same cause have in common. */
  readonly where: readonly (string | number | undefined)[]
}

/**
 * Machines that failed at something slow or costly, as a clone whose storage is full. Those that failed for one cause try it one after the
 * other, at pauses of six seconds at most; when one gets through the others follow at once, and then the line is gone. One that fails alone
 * for more than a minute tries less and less often, down to every half a minute. Lost with the process: then each tries once.
 */
export interface Retries {
  /**
   * A machine has failed. It tries again when it is called.
   * @param tookMs how long what failed had run, milliseconds. @default 0
   */
  failed(key: string, failing: Failing, tookMs?: number): void
  /** Whether a machine has to wait until it is called. */
  isHeld(key: string): boolean
  /** A machine begins what takes its time: nobody of its line is called before it is known how that went. */
  began(key: string): void
  /** A machine has done what it had failed at; nothing for one that had not. */
  passed(key: string, what: string): void
  /** Forgets a machine that goes, or has nothing more to try. */
  forget(key: string): void
  /** Hears of each machine whose turn it is. @returns what ends it */
  subscribe(wake: (key: string) => void): () => void
  stop(): void
}

/** Makes it, with nobody waiting. */
export function createRetries(clock: Clock): Retries {
  const listeners = new Set<(key: string) => void>()
  /** Those whose turn it is, until they fail again. */
  const called = new Set<string>()
  const lines = createLines({
    clock,
    baseDelayMs: FIRST_PAUSE_MS,
    wake: (key) => {
      called.add(key)
      for (const wake of listeners) wake(key)
    },
  })
  const forget = (key: string): void => {
    called.delete(key)
    lines.leave(key)
  }
  return {
    failed: (key, { what, where }, tookMs) => {
      called.delete(key)
      lines.join(key, [what, ...where].join(' '), tookMs)
    },
    isHeld: (key) => lines.causeOf(key) !== undefined && !called.has(key),
    began: (key) => lines.begin(key),
    passed: (key, what) => {
      if (lines.causeOf(key)?.split(' ')[0] !== what) return
      called.delete(key)
      lines.pass(key)
    },
    forget,
    subscribe: (wake) => {
      listeners.add(wake)
      return () => listeners.delete(wake)
    },
    stop: () => {
      lines.stop()
      called.clear()
    },
  }
}
