import type { Deadline } from './deadline.ts'
import { createEndpoints, type Endpoint } from './endpoints.ts'
import {
  ProxmoxAnswerError,
  ProxmoxApiError,
  ProxmoxConnectionError,
  ProxmoxError,
  ProxmoxTimeoutError,
  ProxmoxTlsError,
} from './errors.ts'
import { TooLargeError } from './http/answer.ts'
import { ListReader } from './list-reader.ts'
import { requestOn } from './request.ts'
import { FingerprintMismatchError, isCertificateError, type TlsConfig, wasNotSent } from './tls.ts'
import { upgradeOn, type Upgraded } from './upgrade.ts'

/** One HTTP exchange. */
export interface Exchange {
  readonly method: string
  /** Path below the endpoint's prefix, with query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Text, or what begins a stream of bytes: it is called once for each time the exchange is sent. */
  readonly body?: string | (() => AsyncIterable<Uint8Array>) | undefined
  readonly deadline: Deadline
  /** True if sending it twice does no harm. */
  readonly repeatable: boolean
  /** Takes each entry of the list that is answered, as it comes; what it returns stands in the list. A repetition begins anew. */
  readonly each?: ((entry: unknown) => unknown) | undefined
}

/** What a success says: its data, and how many there are in all where a list is given in pages. */
export interface Envelope {
  readonly data: unknown
  readonly total?: number
}

/** A success, and which endpoint it came from. */
export interface Answered extends Envelope {
  readonly endpoint: number
}

/** Sends exchanges to the first endpoint that answers. */
export interface Transport {
  /** Resolves to the decoded body of a success. Throws the errors of this SDK. */
  send(exchange: Exchange): Promise<Answered>
  /**
   * Asks one endpoint, which answered before, to go on with a WebSocket: what a console opened on one host is reached on that host only.
   * Throws the errors of this SDK.
   */
  upgrade(endpoint: number, exchange: Omit<Exchange, 'body' | 'repeatable'>): Promise<Upgraded>
  close(): Promise<void>
}

type Call = { method: string; path: string }

/** What of an answer is read at most: a list of 10,000 VMs is 5 MB. */
const MAX_BODY_BYTES = 64 * 2 ** 20

/**
 * Makes a transport over several endpoints of one cluster; the one that answered last is tried first. The next is tried when one cannot be
 * reached or shows a certificate that is not accepted, and only while the request cannot have taken effect.
 */
export function createTransport(
  addresses: readonly string[],
  tls: TlsConfig | undefined,
  connections: number,
  connectTimeoutMs: number,
): Transport {
  const endpoints = createEndpoints(addresses, tls, connections, connectTimeoutMs)
  let preferred = 0
  return {
    send: async (exchange) => {
      const first = preferred
      let distrusted: ProxmoxTlsError | undefined
      for (let tried = 0; ; tried += 1) {
        const index = (first + tried) % endpoints.length
        try {
          const { data, total } = await sendTo(endpoints[index] ?? endpoints[0], exchange)
          preferred = index
          return total === undefined ? { data, endpoint: index } : { data, total, endpoint: index }
        } catch (error) {
          // A host that fell silent is not asked first again.
          if (error instanceof ProxmoxTimeoutError && preferred === index)
            preferred = (index + 1) % endpoints.length
          if (error instanceof ProxmoxApiError) preferred = index
          if (error instanceof ProxmoxTlsError) distrusted ??= error
          const mayGoOn =
            error instanceof ProxmoxTlsError ||
            (error instanceof ProxmoxConnectionError && (exchange.repeatable || !error.mayHaveTakenEffect))
          if (mayGoOn && tried + 1 < endpoints.length) continue
          // That a host is away is less of a reason than that one is not who it should be.
          throw mayGoOn ? (distrusted ?? error) : error
        }
      }
    },
    upgrade: async (index, exchange) => {
      const call = callOf(exchange)
      try {
        const answer = await upgradeOn(endpoints[index] ?? endpoints[0], exchange)
        if ('socket' in answer) return answer
        throw refusal(call, answer.status, answer.statusText, answer.text)
      } catch (error) {
        throw translate(call, exchange.deadline, error)
      }
    },
    close: () => {
      for (const { pool } of endpoints) pool.destroy()
      return Promise.resolve()
    },
  }
}

async function sendTo(endpoint: Endpoint, exchange: Exchange): Promise<Envelope> {
  const { method, path, headers, deadline, body } = exchange
  const list = exchange.each && new ListReader(exchange.each)
  try {
    const { status, statusText, text } = await requestOn(endpoint, {
      method,
      path,
      headers,
      body: typeof body === 'function' ? body() : body,
      deadline,
      maxBytes: MAX_BODY_BYTES,
      onBody: list && ((bytes) => list.push(bytes)),
    })
    if (status >= 200 && status < 300)
      return decode(exchange, status, () => (list ? list.end() : JSON.parse(text)))
    throw refusal(callOf(exchange), status, statusText, text)
  } catch (error) {
    throw translate(callOf(exchange), deadline, error)
  }
}

/** What errors name of an exchange: never its query, where a ticket may stand. */
function callOf({ method, path }: Call): Call {
  return { method, path: path.replace(/\?.*/s, '').replace(/^\/api2\/json/, '') }
}

function decode(exchange: Exchange, status: number, parse: () => unknown): Envelope {
  let body: { data?: unknown; total?: unknown } | null
  try {
    body = parse() as typeof body
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new ProxmoxAnswerError(callOf(exchange), status, 'the answer is not JSON')
  }
  if (typeof body !== 'object' || body === null || !('data' in body))
    throw new ProxmoxAnswerError(callOf(exchange), status, 'the answer holds no data')
  return typeof body.total === 'number' ? { data: body.data, total: body.total } : { data: body.data }
}

/** The reason phrase holds the first line of Proxmox's error; the body, if there is one, the rest and the parameters' errors. */
function refusal(call: Call, status: number, statusText: string, text: string): ProxmoxApiError {
  let body: { message?: unknown; errors?: unknown } = {}
  try {
    body = (JSON.parse(text) ?? {}) as typeof body
  } catch {
    // Errors from before the API layer have a bare text or no body at all.
  }
  const errors: Record<string, string> = {}
  if (typeof body.errors === 'object' && body.errors !== null)
    for (const [name, problem] of Object.entries(body.errors)) errors[name] = String(problem)
  const message = typeof body.message === 'string' ? body.message.trim() : ''
  return new ProxmoxApiError(
    call,
    status,
    message || readPhrase(statusText) || text.trim().slice(0, 500) || 'no reason given',
    errors,
  )
}

/** Proxmox writes UTF-8 into the status line, which HTTP reads as Latin-1. */
function readPhrase(statusText: string): string {
  if (!/[\u0080-\u00ff]/.test(statusText)) return statusText.trim()
  const text = Buffer.from(statusText, 'latin1').toString('utf8')
  return (text.includes('\ufffd') ? statusText : text).trim()
}

function translate(call: Call, deadline: Deadline, error: unknown): unknown {
  const ended = deadline.reason()
  if (ended !== undefined) return ended
  if (error instanceof ProxmoxError) return error
  if (error instanceof TooLargeError) return new ProxmoxAnswerError(call, error.status, error.message)
  // The same codes come of a connection that breaks later, when a write may have taken effect.
  if (wasNotSent(error) && isCertificateError(error)) {
    const shown = error instanceof FingerprintMismatchError ? error.fingerprint : undefined
    return new ProxmoxTlsError(call, error, shown)
  }
  // What has no code is no failure of a connection: a caller's stream that broke, a mistake of ours.
  if (!(error instanceof Error && 'code' in error) && !(error instanceof AggregateError)) return error
  if (error instanceof TypeError) return error
  return new ProxmoxConnectionError(call, error, !wasNotSent(error))
}
