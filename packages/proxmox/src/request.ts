import type { Dispatcher } from 'undici'
import type { Deadline } from './deadline.ts'

/** An answer, read to its end. */
export interface Reply {
  readonly status: number
  readonly statusText: string
  readonly text: string
}

/** The body of an answer is larger than what is read of one. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
  /** Status of the answer. */
  readonly status: number

  constructor(status: number, maxBytes: number) {
    super(`the answer is larger than ${maxBytes} bytes`)
    this.status = status
  }
}

/**
 * Sends one request and reads its answer, without the stream that undici's own `request` makes for each: half of what a call costs. Rejects
 * with undici's errors, with the deadline's reason, and with a TooLargeError.
 */
export function requestOn(
  pool: Dispatcher,
  request: {
    readonly method: string
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly body?: string | AsyncIterable<Uint8Array> | undefined
    readonly deadline: Deadline
    readonly maxBytes: number
  },
): Promise<Reply> {
  const { method, path, headers, body, deadline, maxBytes } = request
  return new Promise((resolve, reject) => {
    let started: Dispatcher.DispatchController | undefined
    let status = 0
    let statusText = ''
    let size = 0
    const chunks: Buffer[] = []
    const fail = (error: unknown): void => {
      forget()
      reject(error as Error)
    }
    const stop = (reason: unknown): void => {
      // What waits for a connection is ended when it gets one.
      started?.abort(reason as Error)
      fail(reason)
    }
    const forget = deadline.onEnd(stop)
    if (deadline.reason() !== undefined) return stop(deadline.reason())
    pool.dispatch(
      {
        method: method as Dispatcher.HttpMethod,
        path,
        headers,
        ...(body === undefined ? {} : { body: body as string }),
        // The deadline is the limit; undici's own would end a long upload or a slow PUT.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      {
        onRequestStart: (controller) => {
          started = controller
          const ended = deadline.reason()
          if (ended !== undefined) controller.abort(ended as Error)
        },
        onResponseStart: (_controller, code, _headers, text) => {
          // A 100 is none.
          if (code < 200) return
          status = code
          statusText = text ?? ''
        },
        onResponseData: (controller, chunk) => {
          size += chunk.length
          if (size > maxBytes) {
            const error = new TooLargeError(status, maxBytes)
            controller.abort(error)
            fail(error)
          } else chunks.push(chunk)
        },
        onResponseEnd: () => {
          forget()
          const [only] = chunks
          const whole = chunks.length === 1 && only ? only : Buffer.concat(chunks)
          resolve({ status, statusText, text: whole.toString('utf8') })
        },
        onResponseError: (_controller, error) => fail(error),
      },
    )
  })
}
