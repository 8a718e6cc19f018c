/** Time as everything in this package takes it; tests move it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `callback` after `ms`. Returns what cancels it. */
  setTimeout(callback: () => void, ms: number): () => void
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Node's timers end at once when asked for more than this. */
const LONGEST = 2 ** 31 - 1

/** The machine's own time. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => {
    const timer = setTimeout(callback, Math.min(Math.max(0, ms), LONGEST))
    timer.unref()
    return () => clearTimeout(timer)
  },
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error)
        return
      }
      const abort = (): void => {
        clearTimeout(timer)
        reject(signal?.reason as Error)
      }
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        },
        Math.min(Math.max(0, ms), LONGEST),
      )
      signal?.addEventListener('abort', abort, { once: true })
    }),
}

/** A moment as Kubernetes writes it: RFC 3339, whole seconds. */
export function timestampOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
