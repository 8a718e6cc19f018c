import type { Clock } from './clock.ts'

/** The longest pause between two tries of a line, milliseconds: what works again is noticed within it, however long it did not. */
const LONGEST_MS = 6000
/**
 * What fails for one key only is most likely that key's own affair: once it has failed for a minute its pauses grow on, each a tenth of the
 * time for which it has failed, up to this, milliseconds.
 */
const LONGEST_ALONE_MS = 30_000
/** So many try next when one has got through: all are soon through, and what has healed for one alone lets no crowd loose. */
const AFTER_SUCCESS = 2
/** A try that has been said to run keeps the others waiting for so long, milliseconds: one that hangs is no answer. */
const LONGEST_TRY_MS = 60_000
/** A try that took long is not made again before as long a pause, up to this, milliseconds. */
const LONGEST_PAUSE_MS = 120_000

/**
 * Keys that fail for one cause stand in one line: its first tries, after pauses that are the line's and not the key's, and each that gets
 * through lets the next two try. So a back end that fails for all is asked by one, and all go on when it works again.
 */
export interface Lines {
  /**
   * Puts a key at the end of its cause's line.
   * @param tookMs how long what failed had run: what takes minutes to fail is not begun again after seconds. @default 0
   * @returns milliseconds until the line tries next
   */
  join(key: string, cause: string, tookMs?: number): number
  /** A key tries, and it takes its time: until it comes back none of its line is called, for a minute at most. */
  begin(key: string): void
  /** The cause that a key waits for; undefined if it stands in no line. */
  causeOf(key: string): string | undefined
  /** A key has got through, and lets others of its line try. */
  pass(key: string): void
  /** A key has failed for what has no line. */
  leave(key: string): void
  stop(): void
}

interface Line {
  readonly keys: Set<string>
  /** Those who try now, with the time from which they are not waited for. */
  readonly trying: Map<string, number>
  /** When its first key failed. */
  readonly since: number
  tries: number
  /** What the next try is put off at least, for what failed last took long, milliseconds. */
  leastMs: number
  nextAt: number
  cancel: () => void
}

/** Makes no line yet. */
export function createLines(config: {
  readonly clock: Clock
  /** Pause before the first try of a line, milliseconds; doubled with each further one up to six seconds, and more for one that is alone. */
  readonly baseDelayMs: number
  /** Whose turn it is. */
  readonly wake: (key: string) => void
}): Lines {
  const { clock, baseDelayMs, wake } = config
  const lines = new Map<string, Line>()
  const causes = new Map<string, string>()

  const leave = (key: string): Line | undefined => {
    const cause = causes.get(key)
    const line = cause === undefined ? undefined : lines.get(cause)
    causes.delete(key)
    line?.keys.delete(key)
    line?.trying.delete(key)
    if (cause !== undefined && line?.keys.size === 0) {
      line.cancel()
      lines.delete(cause)
    }
    return line
  }

  const callNext = ({ keys }: Line, count: number): void => {
    const next: string[] = []
    for (const key of keys) {
      if (next.length === count) break
      next.push(key)
    }
    for (const key of next) {
      // Who does not get through, or has nothing to try now, must not keep the others from their turn.
      keys.delete(key)
      keys.add(key)
      wake(key)
    }
  }

  const pauseOf = ({ keys, since, tries, leastMs }: Line): number => {
    const alone = Math.min((clock.now() - since) / 10, LONGEST_ALONE_MS)
    const longest = keys.size > 1 ? LONGEST_MS : Math.max(LONGEST_MS, alone)
    return Math.max(Math.min(baseDelayMs * 2 ** Math.min(tries, 30), longest), leastMs)
  }

  const arm = (line: Line, tookMs = 0): void => {
    line.leastMs = Math.min(tookMs, LONGEST_PAUSE_MS)
    const pause = pauseOf(line)
    line.tries += 1
    line.nextAt = clock.now() + pause
    line.cancel()
    line.cancel = clock.setTimeout(() => {
      arm(line)
      const isTried = [...line.trying.values()].some((until) => until > clock.now())
      if (!isTried) callNext(line, 1)
    }, pause)
  }

  return {
    join: (key, cause, tookMs = 0) => {
      if (causes.get(key) !== cause) leave(key)
      const now = clock.now()
      let line = lines.get(cause)
      if (!line) {
        line = {
          keys: new Set(),
          trying: new Map(),
          since: now,
          tries: 0,
          leastMs: 0,
          nextAt: 0,
          cancel: () => undefined,
        }
        lines.set(cause, line)
        arm(line, tookMs)
      } else if (line.trying.delete(key)) arm(line, tookMs)
      causes.set(key, cause)
      line.keys.delete(key)
      line.keys.add(key)
      // The pause of one that was alone is too long for two.
      if (line.nextAt - now > pauseOf(line)) arm(line, line.leastMs)
      return line.nextAt - now
    },
    begin: (key) => {
      const line = lines.get(causes.get(key) ?? '')
      line?.trying.set(key, clock.now() + LONGEST_TRY_MS)
    },
    causeOf: (key) => causes.get(key),
    pass: (key) => {
      const line = leave(key)
      if (line) callNext(line, AFTER_SUCCESS)
    },
    leave: (key) => void leave(key),
    stop: () => {
      for (const { cancel } of lines.values()) cancel()
      lines.clear()
      causes.clear()
    },
  }
}
