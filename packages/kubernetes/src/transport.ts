import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import type { Dispatcher, ProxyAgent } from 'undici'
import type { ClientCertificate, Connection, Credentials } from './connection/types.ts'
import { KubernetesAnswerError, KubernetesApiError, KubernetesConnectionError } from './errors.ts'
import type { Status } from './errors.ts'
import { createGuard } from './guard.ts'
import type { Guard } from './guard.ts'
import type { Pacer } from './pace.ts'
import { Agent, createConnector, loadProxyAgent, request } from './undici.ts'

/** Parameters of a URL; those that are undefined or empty are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** One HTTP call. */
export type Call = {
  method: string
  /** Path below the server's address, without the query. */
  path: string
  query?: Query
  headers?: Readonly<Record<string, string>>
  body?: string | Uint8Array
  signal?: AbortSignal
  /** Time for the whole call (of a stream: until its headers), ms. */
  timeoutMs: number
  /** Repeats after a 429 with Retry-After and, for GET, after a connection that broke. */
  retries: number
}

/** An answer whose body is still coming. */
export type StreamAnswer = {
  status: number
  headers: Record<string, string>
  body: AsyncIterable<Uint8Array>
  destroy(): void
}
/** An answer read to its end. */
export type Answer = { status: number; headers: Record<string, string>; body: Buffer }

/** HTTP to one API server: connections kept alive, TLS, credentials, time limits, bounded bodies, errors as ours. */
export interface Transport {
  /** Reads the whole answer. Throws the errors of `errors.ts`; any status from 400 on is a KubernetesApiError. */
  call(call: Call): Promise<Answer>
  /** Answers as soon as the headers are there. `idleMs` without a byte ends the body; 0 = never. */
  stream(call: Call, idleMs: number): Promise<StreamAnswer>
  close(): Promise<void>
}

/** Pause before the first repeat, ms; doubled each time. */
const RETRY_PAUSE = 200
/** Longest wait a server may ask for before a repeat, ms. */
const LONGEST_PAUSE = 15_000
/** Time for TCP and TLS, ms. */
const CONNECT_TIMEOUT = 15_000
/** Certificates replaced before the newest whose connections are still left to finish. */
const MOST_RETIRED = 8
/** Longest error body read, bytes. */
const LONGEST_ERROR = 1024 * 1024

/** Makes a transport. It connects when first used. */
export function createTransport(
  connection: Connection,
  limits: { maxBytes: number; pacer?: Pacer | undefined },
): Transport {
  const { origin, pathname } = new URL(connection.server)
  const prefix = pathname.replace(/\/+$/, '')
  let agent: { dispatcher: Dispatcher; certificate: ClientCertificate | undefined } | undefined
  const retired: Dispatcher[] = []
  let closed = false

  const dispatcherFor = (
    certificate: ClientCertificate | undefined,
    Proxy: typeof ProxyAgent | undefined,
  ): Dispatcher => {
    if (agent && agent.certificate?.cert === certificate?.cert && agent.certificate?.key === certificate?.key)
      return agent.dispatcher
    if (agent) {
      // What still runs on the old certificate may finish; undici's close() would let nobody end it early.
      retired.push(agent.dispatcher)
      if (retired.length > MOST_RETIRED) void retired.shift()?.destroy()
    }
    agent = { dispatcher: createDispatcher(connection, certificate, Proxy), certificate }
    return agent.dispatcher
  }

  const credentials = async (refresh: boolean): Promise<Credentials> => {
    if (connection.credentials) return connection.credentials({ refresh })
    const token =
      typeof connection.token === 'function' ? await connection.token({ refresh }) : connection.token
    return {
      ...(token && { token }),
      ...(connection.clientCertificate && { clientCertificate: connection.clientCertificate }),
    }
  }

  const once = async (
    call: Call,
    signal: AbortSignal,
    bodyTimeout: number,
    refresh: boolean,
  ): Promise<Dispatcher.ResponseData> => {
    if (closed) throw new KubernetesConnectionError('the connection was closed', { code: 'CLOSED' })
    const { token, clientCertificate } = await credentials(refresh)
    const Proxy = connection.proxyUrl ? await loadProxyAgent() : undefined
    const headers: Record<string, string | string[]> = {
      accept: 'application/json',
      'user-agent': 'fochista',
      ...call.headers,
    }
    if (token) headers['authorization'] = `Bearer ${token}`
    else if (connection.basic) {
      headers['authorization'] =
        `Basic ${Buffer.from(`${connection.basic.username}:${connection.basic.password}`).toString('base64')}`
    }
    if (connection.impersonate) {
      headers['impersonate-user'] = connection.impersonate.user
      if (connection.impersonate.groups) headers['impersonate-group'] = connection.impersonate.groups
      if (connection.impersonate.uid) headers['impersonate-uid'] = connection.impersonate.uid
    }
    return request(dispatcherFor(clientCertificate, Proxy), {
      origin,
      path: prefix + call.path + queryText(call.query),
      method: call.method as Dispatcher.HttpMethod,
      headers,
      body: call.body ?? null,
      signal,
      headersTimeout: 0,
      bodyTimeout,
    })
  }

  /** One attempt, with a second one when the server refuses credentials that may have grown old. */
  const attempt = async (
    call: Call,
    signal: AbortSignal,
    bodyTimeout: number,
  ): Promise<Dispatcher.ResponseData> => {
    const answer = await once(call, signal, bodyTimeout, false)
    const mayBeOld = connection.credentials !== undefined || typeof connection.token === 'function'
    if (answer.statusCode !== 401 || !mayBeOld) return answer
    await answer.body.dump({ limit: LONGEST_ERROR, signal })
    return once(call, signal, bodyTimeout, true)
  }

  const run = async <T>(
    call: Call,
    bodyTimeout: number,
    use: (answer: Dispatcher.ResponseData) => Promise<T>,
    guard: Guard,
  ): Promise<T> => {
    for (let failures = 0; ; failures++) {
      try {
        const answer = await attempt(call, guard.signal, bodyTimeout)
        if (answer.statusCode >= 400) throw await apiError(call, answer)
        if (answer.statusCode >= 300) throw await redirectError(call, answer)
        return await use(answer)
      } catch (error) {
        const problem = guard.explain(error)
        const pause = failures < call.retries ? pauseBefore(call, problem, failures) : undefined
        if (pause === undefined) throw problem
        await guard.wait(pause)
      }
    }
  }

  return {
    async call(call) {
      const guard = createGuard(call)
      try {
        return await run(
          call,
          0,
          async (answer) => ({
            status: answer.statusCode,
            headers: flatHeaders(answer.headers),
            body: await readBounded(answer, limits.maxBytes, call, limits.pacer, guard.signal),
          }),
          guard,
        )
      } finally {
        guard.end()
      }
    },
    async stream(call, idleMs) {
      const guard = createGuard(call)
      try {
        // A connection whose answer was read a moment ago is free only a turn later. Without waiting for it each watch would open a second
        // one after its list: a thousand tenants, a thousand handshakes and idle connections more.
        await nextTurn()
        const answer = await run(call, idleMs, (found) => Promise.resolve(found), guard)
        guard.answered()
        return {
          status: answer.statusCode,
          headers: flatHeaders(answer.headers),
          body: explained(answer.body as AsyncIterable<Uint8Array>, guard, limits.pacer),
          destroy: () => {
            guard.end()
            answer.body.on('error', () => {})
            answer.body.destroy()
          },
        }
      } catch (error) {
        guard.end()
        throw error
      }
    },
    async close() {
      closed = true
      const open = agent ? [agent.dispatcher, ...retired] : retired
      await Promise.all(open.map((dispatcher) => dispatcher.destroy()))
    },
  }
}

function createDispatcher(
  connection: Connection,
  certificate: ClientCertificate | undefined,
  Proxy: typeof ProxyAgent | undefined,
): Dispatcher {
  const keys = {
    ...(connection.ca && { ca: connection.ca }),
    ...(certificate && { cert: certificate.cert, key: certificate.key }),
  }
  const tls = {
    ...keys,
    ...(connection.server.startsWith('https:') && sharedContext(keys)),
    // Said always: else Node's environment decides.
    rejectUnauthorized: connection.insecureSkipVerify !== true,
    ...(connection.tlsServerName && { servername: connection.tlsServerName }),
  }
  // Over HTTP/2 one lost connection would take every watch with it, and the time-outs below are HTTP/1's.
  if (connection.proxyUrl && Proxy)
    return new Proxy({ uri: connection.proxyUrl, requestTls: tls, allowH2: false })
  return new Agent({
    allowH2: false,
    keepAliveTimeout: 30_000,
    connect: createConnector({
      ...tls,
      allowH2: false,
      timeout: CONNECT_TIMEOUT,
      keepAlive: true,
      keepAliveInitialDelay: 20_000,
    }),
  })
}

/**
 * One context for all connections of a server: to read the certificates anew for each costs more time and memory than all the rest of it,
 * which counts where a thousand clusters are followed. What cannot be read fails when connecting, as it does without.
 */
function sharedContext(keys: SecureContextOptions): { secureContext?: SecureContext } {
  try {
    // Node reads its CAs as soon as its TLS is loaded, for as long as a short command takes: not where a proxy on this machine is asked in the clear.
    return { secureContext: process.getBuiltinModule('node:tls').createSecureContext(keys) }
  } catch {
    return {}
  }
}

function pauseBefore(call: Call, error: unknown, failures: number): number | undefined {
  if (error instanceof KubernetesApiError && error.status === 429 && error.retryAfterMs !== undefined) {
    return Math.min(error.retryAfterMs, LONGEST_PAUSE)
  }
  const broken =
    error instanceof KubernetesConnectionError && error.code !== 'CLOSED' && call.method === 'GET'
  return broken ? RETRY_PAUSE * 2 ** failures * (0.5 + Math.random()) : undefined
}

async function apiError(call: Call, answer: Dispatcher.ResponseData): Promise<KubernetesApiError> {
  const text = (await readBounded(answer, LONGEST_ERROR, call)).toString('utf8')
  const after = Number(flatHeaders(answer.headers)['retry-after'] ?? Number.NaN)
  let body: Status = {}
  try {
    const parsed = JSON.parse(text) as Status
    if (parsed && typeof parsed === 'object' && parsed.kind === 'Status') body = parsed
  } catch {
    // Proxies and unknown paths answer in plain text.
  }
  if (!body.message) body = { ...body, message: plainMessage(answer.statusCode, text, call) }
  return new KubernetesApiError(answer.statusCode, body, call, Number.isNaN(after) ? undefined : after * 1000)
}

/** No API server redirects; one that does would have us ask somebody else, with its credentials. */
async function redirectError(call: Call, answer: Dispatcher.ResponseData): Promise<KubernetesAnswerError> {
  await answer.body.dump({ limit: LONGEST_ERROR })
  return new KubernetesAnswerError(
    `${call.method} ${call.path} answered ${answer.statusCode}, a redirect, which is not followed`,
  )
}

function plainMessage(status: number, text: string, call: Call): string {
  const line = text.trim().startsWith('<') ? '' : (text.trim().split('\n', 1)[0] ?? '')
  return `${call.method} ${call.path} answered ${status}${line ? `: ${line.slice(0, 300)}` : ''}`
}

async function readBounded(
  { body, headers }: Dispatcher.ResponseData,
  maxBytes: number,
  call: Call,
  pacer?: Pacer,
  signal?: AbortSignal,
): Promise<Buffer> {
  const tooLarge = (): KubernetesAnswerError =>
    new KubernetesAnswerError(`${call.method} ${call.path}: the answer is larger than ${maxBytes} bytes`)
  if (Number(headers['content-length']) > maxBytes) {
    body.on('error', () => {})
    body.destroy()
    throw tooLarge()
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw tooLarge()
    chunks.push(chunk)
    await pacer?.take(chunk.length, signal)
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}

async function* explained(
  body: AsyncIterable<Uint8Array>,
  guard: Guard,
  pacer: Pacer | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    if (!pacer) yield* body
    else
      for await (const chunk of body) {
        await pacer.take(chunk.length, guard.signal)
        yield chunk
      }
  } catch (error) {
    throw guard.explain(error)
  } finally {
    guard.end()
  }
}

function flatHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}

/** `?a=b&c=d` of what is set; empty without anything. */
export function queryText(query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') parameters.set(name, String(value))
  }
  const text = parameters.toString()
  return text && `?${text}`
}
