/** Where a long operation stands. */
export type Progress<T> =
  | { readonly state: 'running'; readonly message: string }
  | { readonly state: 'done'; readonly value: T }
  | { readonly state: 'failed'; readonly error: unknown }

/**
 * Long operations that must not hold a worker, such as the drain of a node: begun once a key, looked at as often as one likes, and
 * the key is looked at again when they end. Each must be such that beginning anew after a crash comes to the same end.
 */
export interface Background<T> {
  /** Begins the operation of a key unless it is under way, and says where it stands. A result is handed out once. */
  look(key: string, run: (signal: AbortSignal, say: (message: string) => void) => Promise<T>): Progress<T>
  /** Ends the operation of a key, if one runs. */
  cancel(key: string): void
  /** Ends all and waits for them. */
  stop(): Promise<void>
}

/** Makes a set of background operations. `wake` is called with the key when one has ended or says something new. */
export function createBackground<T>(wake: (key: string) => void): Background<T> {
  const entries = new Map<string, { progress: Progress<T>; abort: AbortController; ended: Promise<void> }>()
  return {
    look: (key, run) => {
      const known = entries.get(key)
      if (known) {
        if (known.progress.state !== 'running') entries.delete(key)
        return known.progress
      }
      const abort = new AbortController()
      const entry = {
        progress: { state: 'running', message: '' } as Progress<T>,
        abort,
        ended: Promise.resolve(),
      }
      entries.set(key, entry)
      const say = (message: string): void => {
        entry.progress = { state: 'running', message }
        wake(key)
      }
      entry.ended = new Promise<T>((resolve) => resolve(run(abort.signal, say)))
        .then(
          (value) => (entry.progress = { state: 'done', value }),
          (error: unknown) => (entry.progress = { state: 'failed', error }),
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
