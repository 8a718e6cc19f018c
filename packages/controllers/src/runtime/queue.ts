import { systemClock, type Clock } from './clock.ts'
import { createLines } from './lines.ts'
import { createPlace, withPlace } from './place.ts'

/** What a reconciler answers: nothing (wait for a change), or when to look again by itself. */
export interface Result {
  /** Milliseconds until the key is to be worked on again, change or no change. */
  readonly requeueAfterMs?: number | undefined
  /** Nothing was tried, as it was not the key's turn: no success that would let others of its line go on, nor an end of its failures. @default false */
  readonly isUntried?: boolean
}

/** What a queue needs. */
export interface QueueConfig {
  /** Works on one key. Throwing means: again, later, and later still each time. */
  readonly process: (key: string, signal: AbortSignal) => Promise<Result | undefined>
  readonly clock?: Clock
  /** Keys that are worked on at once, without those that have lent their place; one key never is twice. @default 4 */
  readonly concurrency?: number
  /** Pause after the first failure of a key, milliseconds; doubled with each further one. @default 500 */
  readonly baseDelayMs?: number
  /** The longest pause after a failure, milliseconds. @default 120000 */
  readonly maxDelayMs?: number
  /** Numbers from 0 to 1 for the jitter. @default Math.random */
  readonly random?: () => number
  /**
   * What a failure of a key is one of, such as a call that fails for others too: keys of one cause share their pauses, see `Lines`. Each
   * still tries by itself when the longest pause is over. Undefined for a failure of the key's own. @default undefined for all
   */
  readonly causeOf?: ((key: string, error: unknown) => string | undefined) | undefined
  /** Hears of each failure and of the pause that follows it. */
  readonly onError?: (key: string, error: unknown, retryInMs: number) => void
}

/** Keys to be worked on. A key says "look", never what happened: ten changes are one look. */
export interface Queue {
  /**
   * Asks for a look, now. A key that is being worked on is looked at once more afterwards, if `isNews` still says so then: what a look has
   * written may be told by a watch sooner than by the answer to the write.
   */
  add(key: string, isNews?: () => boolean): void
  /** Asks for a look in `ms` milliseconds. The earlier of two such wishes counts. */
  addAfter(key: string, ms: number): void
  /** Keys that wait for a worker. */
  readonly length: number
  /** Takes nothing more, aborts the signal of those at work and resolves when the last of them has ended. */
  stop(): Promise<void>
  /** Resolves when nothing is queued or at work; keys that wait for a time do not count. For tests and orderly ends. */
  idle(): Promise<void>
}

const always = (): boolean => true

/** Makes a queue; it works from the first key on. */
export function createQueue(config: QueueConfig): Queue {
  const {
    process,
    clock = systemClock,
    concurrency = 4,
    baseDelayMs = 500,
    maxDelayMs = 120_000,
    random = Math.random,
    causeOf,
    onError,
  } = config
  const waiting = new Set<string>()
  const working = new Map<string, Promise<void>>()
  /** Keys at work that are to be looked at once more, if one of these says so. */
  const again = new Map<string, (() => boolean)[]>()
  const failures = new Map<string, number>()
  const timers = new Map<string, { at: number; cancel: () => void }>()
  /** Those at work who wait for somebody slow and have lent their place. */
  let lent = 0
  const idlers: (() => void)[] = []
  const stopping = new AbortController()

  const lines = createLines({ clock, baseDelayMs, wake: (key) => add(key) })

  const cancelTimer = (key: string): void => {
    timers.get(key)?.cancel()
    timers.delete(key)
  }

  const add = (key: string, isNews = always): void => {
    if (stopping.signal.aborted) return
    if (working.has(key)) {
      const asked = again.get(key) ?? []
      asked.push(isNews)
      again.set(key, asked)
    } else if (isNews()) {
      cancelTimer(key)
      waiting.add(key)
      pump()
    }
  }

  const addAfter = (key: string, ms: number): void => {
    if (stopping.signal.aborted) return
    const at = clock.now() + ms
    const planned = timers.get(key)
    if (planned && planned.at <= at) return
    planned?.cancel()
    timers.set(key, {
      at,
      cancel: clock.setTimeout(() => {
        timers.delete(key)
        add(key)
      }, ms),
    })
  }

  const work = async (key: string): Promise<void> => {
    const place = createPlace((change) => {
      lent += change
      pump()
    })
    try {
      const result = await withPlace(place, () => process(key, stopping.signal))
      if (!result?.isUntried) {
        failures.delete(key)
        lines.pass(key)
      }
      if (result?.requeueAfterMs !== undefined) addAfter(key, result.requeueAfterMs)
    } catch (error) {
      if (stopping.signal.aborted) return
      const count = failures.get(key) ?? 0
      failures.set(key, count + 1)
      const cause = causeOf?.(key, error)
      const turn = cause === undefined ? undefined : lines.join(key, cause)
      if (cause === undefined) lines.leave(key)
      const own =
        turn === undefined ? Math.min(baseDelayMs * 2 ** Math.min(count, 30), maxDelayMs) : maxDelayMs
      // Half fixed, half random: a hundred keys that failed together do not come back together.
      const pause = own * (0.5 + random() / 2)
      onError?.(key, error, Math.min(pause, turn ?? pause))
      addAfter(key, pause)
    } finally {
      place.end()
    }
  }

  const pump = (): void => {
    while (working.size - lent < concurrency && !stopping.signal.aborted) {
      const [key] = waiting
      if (key === undefined) break
      waiting.delete(key)
      const done = work(key).finally(() => {
        working.delete(key)
        const asked = again.get(key)
        again.delete(key)
        if (asked?.some((isNews) => isNews())) add(key)
        pump()
      })
      working.set(key, done)
    }
    if (working.size === 0 && waiting.size === 0) for (const resolve of idlers.splice(0)) resolve()
  }

  return {
    add,
    addAfter,
    get length() {
      return waiting.size
    },
    stop: async () => {
      stopping.abort(new Error('stopping'))
      waiting.clear()
      again.clear()
      for (const key of timers.keys()) cancelTimer(key)
      lines.stop()
      await Promise.all(working.values())
    },
    idle: () =>
      working.size === 0 && waiting.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => idlers.push(resolve)),
  }
}
