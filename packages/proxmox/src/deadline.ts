import { alarmIn } from './alarm.ts'
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
  return new CallDeadline(call, timeoutMs, signal)
}

/** A class, as one is made for each call: functions and a getter made anew each time cost more than all else that is done here. */
class CallDeadline implements Deadline {
  #ended: unknown
  #listeners: Set<(reason: unknown) => void> | undefined
  #controller: AbortController | undefined
  readonly #cancel: () => void
  readonly #caller: AbortSignal | undefined
  readonly #stopByCaller: (() => void) | undefined

  constructor(call: { method: string; path: string }, timeoutMs: number, caller: AbortSignal | undefined) {
    this.#cancel = alarmIn(timeoutMs, () => this.#stop(new ProxmoxTimeoutError(call, timeoutMs)))
    if (!caller) return
    this.#caller = caller
    this.#stopByCaller = () => this.#stop(caller.reason)
    if (caller.aborted) this.#stopByCaller()
    else caller.addEventListener('abort', this.#stopByCaller, { once: true })
  }

  #stop(reason: unknown): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    this.#controller?.abort(reason)
    for (const listener of this.#listeners ?? []) listener(reason)
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#ended !== undefined) this.#controller.abort(this.#ended)
    return this.#controller.signal
  }

  reason(): unknown {
    return this.#ended
  }

  onEnd(listener: (reason: unknown) => void): () => void {
    const listeners = (this.#listeners ??= new Set())
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  async race<T>(promise: Promise<T>): Promise<T> {
    const { promise: end, reject } = Promise.withResolvers<never>()
    if (this.#ended !== undefined) reject(this.#ended as Error)
    const forget = this.onEnd((reason) => reject(reason as Error))
    try {
      return await Promise.race([promise, end])
    } finally {
      forget()
    }
  }

  async sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const pause = setTimeout(resolve, ms)
    await this.race(promise).finally(() => clearTimeout(pause))
  }

  end(): void {
    this.#cancel()
    if (this.#stopByCaller) this.#caller?.removeEventListener('abort', this.#stopByCaller)
  }
}
