import type { Deadline } from './deadline.ts'
import type { Endpoint } from './endpoints.ts'
import type { AnswerReader } from './http/answer.ts'
import type { Outgoing } from './http/connection.ts'
import { printHead } from './http/head.ts'

/** An answer, read to its end. */
export interface Reply {
  readonly status: number
  readonly statusText: string
  /** Empty if the body was taken as it came. */
  readonly text: string
}

/** What is asked of an endpoint. */
export interface Asked {
  readonly method: string
  /** Below the endpoint's prefix, with query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Text, or bytes whose count the headers say. */
  readonly body?: string | AsyncIterable<Uint8Array> | undefined
  readonly deadline: Deadline
  /** How much of the answer is read, bytes. */
  readonly maxBytes: number
  /** Takes the body of a success as it comes. What it throws fails the request. */
  readonly onBody?: ((bytes: Buffer) => void) | undefined
}

/**
 * Sends one request and reads its answer. Rejects with the errors of sockets, with the deadline's reason, with a BrokenAnswerError and with a
 * TooLargeError.
 */
export function requestOn(endpoint: Endpoint, asked: Asked): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const ended = asked.deadline.reason()
    if (ended !== undefined) return reject(ended as Error)
    const request = new Request(endpoint, asked, resolve, reject)
    request.forget = asked.deadline.onEnd((reason) => endpoint.pool.cancel(request, reason))
    endpoint.pool.dispatch(request)
  })
}

class Request implements Outgoing {
  readonly head: string
  readonly body: Outgoing['body']
  readonly maxBytes: number
  readonly onBody: Outgoing['onBody']
  forget = (): void => {}
  readonly #resolve: (reply: Reply) => void
  readonly #reject: (error: Error) => void

  constructor(
    { host, prefix }: Endpoint,
    { method, path, headers, body, maxBytes, onBody }: Asked,
    resolve: (reply: Reply) => void,
    reject: (error: Error) => void,
  ) {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : method === 'GET' ? undefined : 0
    const all =
      length === undefined || method === 'DELETE' || typeof body === 'object'
        ? headers
        : { ...headers, 'content-length': String(length) }
    this.head = printHead(method, prefix + path, host, all)
    this.body = body
    this.maxBytes = maxBytes
    this.onBody = onBody
    this.#resolve = resolve
    this.#reject = reject
  }

  answered(answer: AnswerReader): void {
    this.forget()
    this.#resolve({ status: answer.status, statusText: answer.statusText, text: answer.text() })
  }

  failed(error: unknown): void {
    this.forget()
    this.#reject(error as Error)
  }
}
