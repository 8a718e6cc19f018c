import { KubernetesConnectionError, KubernetesTimeoutError } from './errors.ts'
import type { Call } from './transport.ts'

/** The time limit and the caller's signal of one call, and the words for what ended it. */
export type Guard = {
  signal: AbortSignal
  /** The headers came: from now on only the caller's signal counts. */
  answered(): void
  explain(error: unknown): unknown
  wait(ms: number): Promise<void>
  end(): void
}

/** Begins the time limit of a call. `end` must be called when it is over. */
export function createGuard(call: Call): Guard {
  const controller = new AbortController()
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    controller.abort()
  }, call.timeoutMs)
  const stop = (): void => controller.abort(call.signal?.reason)
  if (call.signal?.aborted) stop()
  call.signal?.addEventListener('abort', stop, { once: true })
  const request = { method: call.method, path: call.path }
  const explain = (error: unknown): unknown => {
    if (call.signal?.aborted) return call.signal.reason
    if (timedOut) return new KubernetesTimeoutError(request, call.timeoutMs)
    return explainError(error, call)
  }
  return {
    signal: controller.signal,
    answered: () => clearTimeout(timer),
    explain,
    wait: (ms) =>
      new Promise((resolve, reject) => {
        const fail = (): void => {
          clearTimeout(pause)
          reject(explain(controller.signal.reason) as Error)
        }
        const pause = setTimeout(() => {
          controller.signal.removeEventListener('abort', fail)
          resolve()
        }, ms)
        if (controller.signal.aborted) fail()
        else controller.signal.addEventListener('abort', fail, { once: true })
      }),
    end: () => {
      clearTimeout(timer)
      call.signal?.removeEventListener('abort', stop)
    },
  }
}

/** Names of the errors that undici and Node's sockets throw; anything else is a defect and passes as it is. */
function explainError(error: unknown, call: Call): unknown {
  if (!(error instanceof Error)) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (error.name.startsWith('Kube') || error instanceof TypeError) return error
  const inner =
    error instanceof AggregateError ? error.errors.find((each) => each instanceof Error) : undefined
  const text = inner instanceof Error ? inner.message : error.message
  if (code || error instanceof AggregateError) {
    return new KubernetesConnectionError(`${call.method} ${call.path}: ${text || code}`, {
      cause: error,
      code,
    })
  }
  return error
}
