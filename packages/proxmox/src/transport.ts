import { Pool } from 'undici'
import { ProxmoxApiError, ProxmoxConnectionError, ProxmoxTimeoutError, ProxmoxTlsError } from './errors.ts'
import { createConnector, FingerprintMismatchError, isCertificateError, type TlsConfig } from './tls.ts'

/** One HTTP exchange. */
export interface Exchange {
  readonly method: string
  /** Path below the origin, with query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | AsyncIterable<Uint8Array> | undefined
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs: number
  /** True if sending it twice does no harm. */
  readonly repeatable: boolean
}

/** Sends exchanges to the first endpoint that answers. */
export interface Transport {
  /** Resolves to the decoded body of a success. Throws the errors of this SDK. */
  send(exchange: Exchange): Promise<{ data: unknown; total?: number }>
  close(): Promise<void>
}

/** What of an answer is read at most: a list of 10,000 VMs is 5 MB. */
const MAX_BODY_BYTES = 64 * 2 ** 20
/** Proxmox closes idle connections after 5 s; a request on a connection that is being closed is lost. */
const KEEP_ALIVE_MS = 4000

/** Makes a transport over several endpoints of one cluster; the one that answered last is tried first. */
export function createTransport(
  endpoints: readonly string[],
  tls: TlsConfig | undefined,
  connections: number,
  connectTimeoutMs: number,
): Transport {
  if (endpoints.length === 0) throw new TypeError('endpoints: at least one is needed')
  const connect = createConnector(tls, connectTimeoutMs)
  const pools = endpoints.map(
    (endpoint) =>
      new Pool(new URL(endpoint).origin, {
        connect,
        connections,
        allowH2: false,
        keepAliveTimeout: KEEP_ALIVE_MS,
        keepAliveMaxTimeout: KEEP_ALIVE_MS,
      }),
  )
  let preferred = 0
  return {
    send: async (exchange) => {
      for (let tried = 0; ; tried += 1) {
        const index = (preferred + tried) % pools.length
        const pool = pools[index]
        if (!pool) throw new TypeError('no endpoint')
        try {
          const answer = await sendTo(pool, exchange)
          preferred = index
          return answer
        } catch (error) {
          const last = tried + 1 >= pools.length
          const unreached =
            error instanceof ProxmoxConnectionError && (exchange.repeatable || !error.mayHaveTakenEffect)
          if (last || !unreached || typeof exchange.body === 'object') throw error
        }
      }
    },
    close: async () => {
      await Promise.all(pools.map((pool) => pool.destroy()))
    },
  }
}

async function sendTo(pool: Pool, exchange: Exchange): Promise<{ data: unknown; total?: number }> {
  const call = {
    method: exchange.method,
    path: exchange.path.replace(/\?.*/s, '').replace(/^\/api2\/json/, ''),
  }
  const timeout = AbortSignal.timeout(exchange.timeoutMs)
  const signal = exchange.signal ? AbortSignal.any([exchange.signal, timeout]) : timeout
  try {
    const response = await pool.request({
      method: exchange.method as 'GET',
      path: exchange.path,
      headers: exchange.headers,
      ...(exchange.body === undefined ? {} : { body: exchange.body as string }),
      signal,
      headersTimeout: exchange.timeoutMs,
      bodyTimeout: exchange.timeoutMs,
    })
    const text = await readBounded(response.body)
    if (response.statusCode >= 200 && response.statusCode < 300)
      return decode(call, response.statusCode, text)
    throw refusal(call, response.statusCode, response.statusText, text)
  } catch (error) {
    throw translate(call, exchange, error, timeout)
  }
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw new RangeError(`the answer is larger than ${MAX_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function decode(
  call: { method: string; path: string },
  status: number,
  text: string,
): { data: unknown; total?: number } {
  try {
    const body = JSON.parse(text) as { data: unknown; total?: number }
    return body.total === undefined ? { data: body.data } : { data: body.data, total: body.total }
  } catch {
    throw new ProxmoxApiError(call, status, 'the answer is not JSON')
  }
}

/** The reason phrase holds the first line of Proxmox's error; the body, if there is one, the rest and the parameters' errors. */
function refusal(
  call: { method: string; path: string },
  status: number,
  statusText: string,
  text: string,
): ProxmoxApiError {
  let body: { message?: unknown; errors?: unknown } = {}
  try {
    body = (JSON.parse(text) ?? {}) as typeof body
  } catch {
    // Errors from before the API layer have a bare text or no body at all.
  }
  const errors =
    typeof body.errors === 'object' && body.errors !== null ? (body.errors as Record<string, string>) : {}
  const message = typeof body.message === 'string' ? body.message : ''
  return new ProxmoxApiError(
    call,
    status,
    message.trim() || statusText || text.slice(0, 500) || 'no reason given',
    errors,
  )
}

/** Connecting failed, so nothing was sent. */
const notSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
])

function translate(
  call: { method: string; path: string },
  exchange: Exchange,
  error: unknown,
  timeout: AbortSignal,
): unknown {
  if (error instanceof ProxmoxApiError) return error
  if (exchange.signal?.aborted) return exchange.signal.reason
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (timeout.aborted || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return new ProxmoxTimeoutError(call, exchange.timeoutMs)
  if (isCertificateError(error))
    return new ProxmoxTlsError(
      call,
      error,
      error instanceof FingerprintMismatchError ? error.fingerprint : undefined,
    )
  return new ProxmoxConnectionError(call, error, !notSent.has(code))
}
