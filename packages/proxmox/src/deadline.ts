import { ProxmoxTimeoutError } from './errors.ts'

/** The time limit of one call, joined with the caller's own signal. */
export interface Deadline {
  /** Made when first asked for: most calls need none. */
  readonly signal: AbortSignal
  /** What ended the call: the caller's reason, a ProxmoxTimeoutError, or undefined while neither did. */
  reason(): unknown
  /** Calls the listener with the reason when the call ends before its time. @returns what forgets it */
  onEnd(listener: (reason: unknown) => void): () => void
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
  let ended: unknown
  let listeners: Set<(reason: unknown) => void> | undefined
  let controller: AbortController | undefined
  const stop = (reason: unknown): void => {
    if (ended !== undefined) return
    ended = reason
    controller?.abort(reason)
    for (const listener of listeners ?? []) listener(reason)
  }
  const timer = setTimeout(() => stop(new ProxmoxTimeoutError(call, timeoutMs)), timeoutMs)
  const stopByCaller = (): void => stop(signal?.reason)
  if (signal?.aborted) stopByCaller()
  else signal?.addEventListener('abort', stopByCaller, { once: true })
  const onEnd = (listener: (reason: unknown) => void): (() => void) => {
    listeners ??= new Set()
    listeners.add(listener)
    return () => listeners?.delete(listener)
  }
  const race = async <T>(promise: Promise<T>): Promise<T> => {
    const { promise: end, reject } = Promise.withResolvers<never>()
    if (ended !== undefined) reject(ended as Error)
    const forget = onEnd((reason) => reject(reason as Error))
    try {
      return await Promise.race([promise, end])
    } finally {
      forget()
    }
  }
  return {
    get signal() {
      controller ??= new AbortController()
      if (ended !== undefined) controller.abort(ended)
      return controller.signal
    },
    reason: () => ended,
    onEnd,
    race,
    sleep: async (ms) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const pause = setTimeout(resolve, ms)
      await race(promise).finally(() => clearTimeout(pause))
    },
    end: () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stopByCaller)
    },
  }
}
