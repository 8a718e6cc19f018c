/**
 * The one clock of a lab. What takes time on real hardware takes that time divided by `speed`; the calendar does not run
 * faster: `now()` is the wall clock's, because the real clients beside the lab (kubectl, TLS libraries, our controllers)
 * compare its time stamps, certificate dates and token expiries with theirs.
 */
export interface LabClock {
  /** Divisor of all durations. 1 is real time. */
  readonly speed: number
  /** Milliseconds since 1970, as on the wall clock. */
  now(): number
  /** Calls `callback` after `ms` of hardware time. Returns what cancels it. A pending timer does not keep the process alive. */
  setTimeout(callback: () => void, ms: number): () => void
  /** Resolves after `ms` of hardware time; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/**
 * Makes the clock of a lab.
 * @param speed how many times faster than real hardware. Throws a RangeError when it is not a positive number.
 */
export function createLabClock(speed = 1): LabClock {
  if (!(speed > 0) || !Number.isFinite(speed))
    throw new RangeError(`speed must be a positive number, not ${speed}`)
  const timeout = (callback: () => void, ms: number): (() => void) => {
    const timer = setTimeout(callback, Math.max(0, ms / speed))
    timer.unref()
    return () => clearTimeout(timer)
  }
  return {
    speed,
    now: () => Date.now(),
    setTimeout: timeout,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error)
          return
        }
        const cancel = timeout(() => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        }, ms)
        const onAbort = (): void => {
          cancel()
          reject(signal?.reason as Error)
        }
        signal?.addEventListener('abort', onAbort, { once: true })
      }),
  }
}

/** A clock that can be set wrong. */
export interface AdjustableClock extends LabClock {
  /** Sets it forward by so many milliseconds, or back. */
  shift(ms: number): void
}

/** The clock of one of the lab's machines: it runs as the lab's does, and may be wrong. */
export function adjustable(clock: LabClock): AdjustableClock {
  let offset = 0
  return {
    ...clock,
    now: () => clock.now() + offset,
    shift: (ms) => {
      offset += ms
    },
  }
}
