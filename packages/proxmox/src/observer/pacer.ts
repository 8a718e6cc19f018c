import type { ObserverClock } from './observer.ts'

/**
 * How many requests a second a cluster gets from us while nothing happens, whoever they are from: the observer's looks, sweeps, checks. Work
 * that somebody waits for is not paced.
 */
export interface Pacer {
  /**
   * Resolves when so many requests may be sent; those who wait are served in the order in which they came. Rejects with the signal's reason
   * when it aborts; the turn is then lost, not given on.
   */
  take(requests: number, signal?: AbortSignal): Promise<void>
  /** Notes requests that were sent without waiting: those who take turns wait for so much longer. */
  charge(requests: number): void
}

/** Makes a pacer. @param options.perSecond Requests a second. Default 1. */
export function createPacer({ clock, perSecond = 1 }: { clock: ObserverClock; perSecond?: number }): Pacer {
  /** When the next request may be sent. */
  let free = Number.NEGATIVE_INFINITY
  const reserve = (requests: number): number => {
    const now = clock.now()
    const at = Math.max(now, free)
    free = at + (requests * 1000) / perSecond
    return at - now
  }
  return {
    charge: (requests) => void reserve(requests),
    take: (requests, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        const wait = reserve(requests)
        if (wait <= 0) return resolve()
        const abort = (): void => {
          cancel()
          reject(signal?.reason as Error)
        }
        const cancel = clock.setTimeout(() => {
          signal?.removeEventListener('abort', abort)
          resolve()
        }, wait)
        signal?.addEventListener('abort', abort, { once: true })
      }),
  }
}
