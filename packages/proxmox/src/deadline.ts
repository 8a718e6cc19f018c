import { ProxmoxTimeoutError } from './errors.ts'

/** The time limit of one call, joined with the caller's own signal. */
export interface Deadline {
  readonly signal: AbortSignal
  /** What ended the call: the caller's reason, a ProxmoxTimeoutError, or undefined while neither did. */
  reason(): unknown
  /** Awaits a promise, but no longer than the call may take. */
  race<T>(promise: Promise<T>): Promise<T>
  /** Sleeps, but no longer than the call may take. */
  sleep(ms: number): Promise<void>
  /** Must be called when the call has ended: it frees timer and listener. */
  end(): void
}

/** Begins a time limit of `timeoutMs` that the caller's signal may cut short. */
export function createDeadline(
  call: { method: string; path: string },
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Deadline {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new ProxmoxTimeoutError(call, timeoutMs)), timeoutMs)
  const stop = (): void => controller.abort(signal?.reason)
  if (signal?.aborted) stop()
  else signal?.addEventListener('abort', stop, { once: true })
  const reason = (): unknown => (controller.signal.aborted ? controller.signal.reason : undefined)
  const race = async <T>(promise: Promise<T>): Promise<T> => {
    const ended = Promise.withResolvers<never>()
    const fail = (): void => ended.reject(reason() as Error)
    if (controller.signal.aborted) fail()
    controller.signal.addEventListener('abort', fail, { once: true })
    try {
      return await Promise.race([promise, ended.promise])
    } finally {
      controller.signal.removeEventListener('abort', fail)
    }
  }
  return {
    signal: controller.signal,
    reason,
    race,
    sleep: async (ms) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const pause = setTimeout(resolve, ms)
      await race(promise).finally(() => clearTimeout(pause))
    },
    end: () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
    },
  }
}
