import { systemClock, type Clock } from './clock.ts'

/** An operation that has failed is begun anew after this, milliseconds: whoever is told of a failure looks again at once. */
const FAILURE_PAUSE_MS = 5000
/**
 * A result is good for so long, milliseconds: what follows it may fail, and be tried again less and less often. Begun anew each time it would
 * be progress each time.
 */
const RESULT_MS = 300_000

/** Where a long operation stands. */
export type Progress<T> =
  | { readonly state: 'running'; readonly message: string }
  | {
      readonly state: 'done'
      readonly value: T
      /** It has not been handed out before. */
      readonly isNew: boolean
    }
  | { readonly state: 'failed'; readonly error: unknown }

/**
 * Long operations that must not hold a worker, such as the drain of a node: begun once a key, looked at as often as one likes, and
 * the key is looked at again when they end. Each must be such that beginning anew after a crash comes to the same end.
 */
export interface Background<T> {
  /**
   * Begins the operation of a key unless it is under way, and says where it stands. A result is handed out for five minutes, or until it is
   * cancelled, a failure for five seconds.
   */
  look(key: string, run: (signal: AbortSignal, say: (message: string) => void) => Promise<T>): Progress<T>
  /** Ends the operation of a key, if one runs, and forgets its result. */
  cancel(key: string): void
  /** Ends all and waits for them. */
  stop(): Promise<void>
}

/** Makes a set of background operations. `wake` is called with the key when one has ended or says something new. */
export function createBackground<T>(
  wake: (key: string) => void,
  clock: Pick<Clock, 'now'> = systemClock,
): Background<T> {
  interface Entry {
    progress: Progress<T>
    endedAt?: number
    readonly abort: AbortController
    ended: Promise<void>
  }
  const entries = new Map<string, Entry>()
  const isOver = ({ progress: { state }, endedAt = 0 }: Entry): boolean =>
    state !== 'running' && clock.now() - endedAt >= (state === 'done' ? RESULT_MS : FAILURE_PAUSE_MS)
  return {
    look: (key, run) => {
      const known = entries.get(key)
      if (known && !isOver(known)) {
        const { progress } = known
        if (progress.state === 'done') known.progress = { ...progress, isNew: false }
        return progress
      }
      const abort = new AbortController()
      const entry: Entry = {
        progress: { state: 'running', message: '' },
        abort,
        ended: Promise.resolve(),
      }
      entries.set(key, entry)
      const say = (message: string): void => {
        entry.progress = { state: 'running', message }
        wake(key)
      }
      const end = (progress: Progress<T>): void => {
        entry.progress = progress
        entry.endedAt = clock.now()
      }
      entry.ended = new Promise<T>((resolve) => resolve(run(abort.signal, say)))
        .then(
          (value) => end({ state: 'done', value, isNew: true }),
          (error: unknown) => end({ state: 'failed', error }),
        )
        .then(() => {
          if (entries.get(key) === entry) wake(key)
        })
      return entry.progress
    },
    cancel: (key) => {
      entries.get(key)?.abort.abort(new Error('cancelled'))
      entries.delete(key)
    },
    stop: async () => {
      const all = [...entries.values()]
      entries.clear()
      for (const { abort } of all) abort.abort(new Error('stopping'))
      await Promise.all(all.map(({ ended }) => ended))
    },
  }
}
