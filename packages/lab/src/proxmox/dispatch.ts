import { ApiError, forbidden, parameterError } from './api-error.ts'
import { authenticate, mayWrite, readCredentials, type Credentials } from './authenticate.ts'
import { readParams } from './body.ts'
import { createCall } from './call.ts'
import { noteCalled } from './called.ts'
import { requireQuorum } from './cluster/quorum.ts'
import { FORMATTERS, type Formatter } from './formats.ts'
import type { Handlers, Upload } from './handler.ts'
import { Refusal } from './http/refusal.ts'
import type { Exchange } from './http/connection.ts'
import { rawText, unescapePercent, type RawParams } from './http/form.ts'
import { readUpload } from './http/upload.ts'
import { judge, type Identity } from './permissions.ts'
import { readQuery } from './query.ts'
import { reachHost } from './reach.ts'
import { send, sendRefusal } from './respond.ts'
import { findRoute, type Route } from './routes.ts'
import { verifyParams } from './verify/params.ts'
import type { ProxmoxWorld } from './world.ts'

/** What answers calls: a world, its handlers, and the host that is contacted. */
export interface Backend {
  readonly world: ProxmoxWorld
  readonly handlers: Handlers
  readonly contact: string
  /** Stands between requests and what answers them. */
  readonly intercept?: (exchange: Exchange, answer: (exchange: Exchange) => Promise<void>) => Promise<void>
}

/** Milliseconds after which a refused login is answered, counted from the start of its request. */
const REFUSED = 3000
const METHODS = new Set(['GET', 'POST', 'PUT', 'DELETE'])
const UPLOAD = /^\/nodes\/[^/]+\/storage\/([^/]+)\/upload$/

/** Answers one request, in the original's order of checks. */
export function answerExchange(backend: Backend, exchange: Exchange): Promise<void> {
  const { intercept } = backend
  if (intercept === undefined) return answerOrRefuse(backend, exchange)
  return intercept(exchange, (each) => answerOrRefuse(backend, each))
}

async function answerOrRefuse(backend: Backend, exchange: Exchange): Promise<void> {
  try {
    await answer(backend, exchange)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (error.delayed) await waitSince(backend.world, exchange.head.startedAt, REFUSED)
    sendRefusal(exchange, error)
  }
}

async function answer(backend: Backend, exchange: Exchange): Promise<void> {
  const { method, headers } = exchange.head
  if (!METHODS.has(method)) throw new Refusal(501, `method '${method}' not available`, '')
  const encoding = headers['transfer-encoding']
  if (encoding !== undefined && /chunked/i.test(encoding))
    throw new Refusal(501, 'chunked transfer encoding not supported')
  if (encoding !== undefined) throw new Refusal(501, `Unknown transfer encoding '${encoding}'`)
  const { path, query } = splitTarget(exchange.head.target)
  const found = /^\/api2(?:\/([a-z][a-z0-9]+)(\/.*)?)?\/?$/.exec(path)
  if (!found) throw new Refusal(500, `no such file '${path}'`, `no such file '${path}'\n`)
  const [, format, rest = '/'] = found
  if (format === undefined) throw new Refusal(501, 'no such uri')
  const relative = rest.replace(/\/+/g, '/').replace(/(.)\/$/, '$1')
  const upload = method === 'POST' ? UPLOAD.exec(relative) : null
  const credentials = readCredentials(headers)
  const caller = login(backend, { method, relative, format, credentials })
  if (caller !== undefined) admit(backend, caller, exchange, method, upload?.[1])
  const body = upload
    ? await readUpload(exchange)
    : await readParams(exchange, findRoute(method, relative)?.call.protected === 1)
  if (body === undefined) return
  const formatter = FORMATTERS[format]
  if (formatter === undefined) throw new Refusal(501, `no formatter for uri ${relative}, ${format}`)
  await answerCall(backend, exchange, formatter, {
    method,
    relative,
    query,
    body: body.params,
    ...('upload' in body && body.upload && { upload: body.upload }),
    caller,
    byToken: credentials.apiToken !== undefined && credentials.ticket === undefined,
  })
}

/** Path, percent-decoded once, and query of a target; an absolute one loses its host. */
function splitTarget(target: string): { path: string; query: string } {
  const relative = target.replace(/^https?:\/\/[^/?]*/i, '')
  const [path = '', query = ''] = relative.split(/\?(.*)/s)
  return { path: unescapePercent(path) || '/', query }
}

/** Calls that anybody may make. */
const OPEN = new Set([
  'GET /access/domains',
  'GET /access/ticket',
  'POST /access/ticket',
  'POST /access/vncticket',
  'POST /access/openid/login',
  'POST /access/openid/auth-url',
])

function login(
  { world }: Backend,
  call: { method: string; relative: string; format: string; credentials: Credentials },
): Identity | undefined {
  if (OPEN.has(`${call.method} ${call.relative}`)) return undefined
  const identity = authenticate(world, call.credentials)
  if (typeof identity !== 'string') return identity
  if (call.format === 'html')
    throw new Refusal(301, 'Moved', '', {
      delayed: true,
      headers: [['Location', '/api2/html/access/ticket']],
    })
  throw new Refusal(401, identity, '', { delayed: true })
}

/** Uploads are judged before their body is read; other writes need their CSRF token. */
function admit(
  { world }: Backend,
  caller: Identity,
  exchange: Exchange,
  method: string,
  uploadTo: string | undefined,
): void {
  if (uploadTo !== undefined) {
    const failure = judge(world, caller, ['perm', `/storage/${uploadTo}`, ['Datastore.AllocateTemplate']], {})
    if (failure !== undefined)
      throw new Refusal(403, `Permission check failed (${failure})`, '', { delayed: true })
  } else if (method !== 'GET' && !mayWrite(world, caller, exchange.head.headers))
    throw new Refusal(401, 'Permission denied - invalid csrf token', '', { delayed: true })
}

interface Asked {
  readonly method: string
  readonly relative: string
  readonly query: string
  readonly body: RawParams
  readonly upload?: Upload
  readonly caller: Identity | undefined
  readonly byToken: boolean
}

async function answerCall(
  backend: Backend,
  exchange: Exchange,
  formatter: Formatter,
  asked: Asked,
): Promise<void> {
  let route: Route | undefined
  try {
    route = findRoute(asked.method, asked.relative)
    const handler = route && backend.handlers[route.key]
    if (route === undefined) throw notImplemented(asked)
    const raw = await prepare(backend, route, asked, exchange)
    const { params, errors } = verifyParams(route.call, raw)
    if (errors) parameterError(errors)
    if (handler === undefined) throw notImplemented(asked)
    requireQuorum(backend.world, route.key)
    const call = createCall(backend, asked.caller, exchange.head.headers, params, asked.upload)
    const answered = await handler(call)
    noteCalled(route.key)
    send(exchange, formatter, route, answered)
  } catch (error) {
    if (error instanceof Refusal) throw error
    const failure = error instanceof ApiError ? error : new ApiError(500, lineOf(error))
    // A wrong login waits as a missing one does.
    if (failure.status === 401) await waitSince(backend.world, exchange.head.startedAt, REFUSED)
    send(exchange, formatter, route, failure)
  }
}

/** Judges the caller and reaches the host: what comes before parameters are verified. */
async function prepare(
  { world, contact }: Backend,
  route: Route,
  asked: Asked,
  exchange: Exchange,
): Promise<RawParams> {
  const raw = mergeParams(route, asked)
  if (asked.byToken && route.call.token !== 1)
    throw new ApiError(
      403,
      `Permission check failed (URI '${asked.relative}' not available with API token, need proper ticket.\n)\n`,
    )
  if (route.call.perm !== 'world') {
    const failure = judge(world, asked.caller ?? { user: '' }, route.call.perm, raw)
    if (failure !== undefined) forbidden(failure)
  }
  const { node } = raw
  if (typeof node !== 'string' || route.uriParams['node'] === undefined) return raw
  if (node === 'localhost') return { ...raw, node: contact }
  if (route.call.proxyto === 'node') await reachHost(world, contact, node, exchange.head.startedAt)
  return raw
}

/** The query wins over the body; what the path says may be repeated, but not otherwise. */
function mergeParams(route: Route, { query, body }: Asked): RawParams {
  const merged: RawParams = Object.create(null) as RawParams
  Object.assign(merged, body, readQuery(query, route))
  delete merged['_dc']
  const conflicts: Record<string, string> = {}
  for (const [name, value] of Object.entries(route.uriParams)) {
    const given = merged[name]
    if (given !== undefined && given !== null && rawText(given) !== value)
      conflicts[name] = 'duplicate parameter (already defined in URI) with conflicting values!'
    merged[name] = value
  }
  for (const _ in conflicts) parameterError(conflicts)
  return merged
}

function notImplemented({ method, relative }: Asked): ApiError {
  return new ApiError(501, `Method '${method} ${relative}' not implemented`)
}

/** Text of what a handler threw, as a `die` ends it. What only the lab's own code throws says so. */
function lineOf(error: unknown): string {
  const isFault = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
  const plain = error instanceof Error ? error.message : String(error)
  const text = isFault ? `the lab failed: ${plain}` : plain
  return text.endsWith('\n') ? text : `${text}\n`
}

async function waitSince(world: ProxmoxWorld, startedAt: number, ms: number): Promise<void> {
  const passed = (world.clock.now() - startedAt) * world.clock.speed
  if (passed < ms) await world.clock.sleep(ms - passed)
}
