/** Time as those who wait need it; tests move it. */
export type WaitingClock = {
  /** Now, ms since 1970. */
  now(): number
  /** Resolves after `ms`; rejects or resolves early when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Waits, or until the signal aborts; never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (signal?.aborted) end()
    else signal?.addEventListener('abort', end, { once: true })
  })
}

/** Time of the machine we run on. */
export const machineClock: WaitingClock = { now: () => Date.now(), sleep: pause }
