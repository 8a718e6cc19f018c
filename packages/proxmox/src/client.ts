import { apiSchema, type Method } from '../schema/index.ts'
import { createAuthenticator, type Credentials } from './auth.ts'
import { checkCall } from './check.ts'
import { createConsoles, type Consoles } from './console/consoles.ts'
import { createDeadline } from './deadline.ts'
import { encodeForm, encodePath, fillPath, type ParamValue } from './encode.ts'
import { ProxmoxApiError, ProxmoxConnectionError } from './errors.ts'
import { isUnauthorized } from './failures.ts'
import type { DeleteCalls, GetCalls, PostCalls, PutCalls } from './generated/calls.ts'
import { entryNormaliserOf, normaliserOf } from './normalise.ts'
import { createTasks, type Tasks } from './task.ts'
import type { TlsConfig } from './tls.ts'
import { createTransport, type Answered, type Envelope, type Exchange } from './transport.ts'
import type { UploadOptions } from './upload.ts'

/** What a client needs, and what it may be given. */
export interface ProxmoxConfig {
  /**
   * URLs of nodes of one cluster, such as `https://pve1.example:8006`; a path is kept as a prefix. When one fails, the next is used. Plain
   * http is refused but on the machine's own loopback address.
   */
  readonly endpoints: readonly string[]
  readonly credentials: Credentials
  /** How certificates are verified. @default the CAs of the system */
  readonly tls?: TlsConfig | undefined
  /** How long a call may take, milliseconds. Proxmox itself gives up relaying after 30 s. @default 60000 */
  readonly timeoutMs?: number
  /** How long connecting may take, milliseconds. @default 5000 */
  readonly connectTimeoutMs?: number
  /** Connections to each endpoint. @default 16 */
  readonly connections?: number
  /** How often a GET is repeated after a broken connection, within `timeoutMs`. Nothing else is ever repeated. @default 2 */
  readonly retries?: number
  /** Hears of each call that ended: its status, undefined without an answer, and how long it took with all repetitions, milliseconds. */
  readonly onCall?: (call: { method: string; status: number | undefined; ms: number }) => void
}

/** Options of every call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Overrides the client's limit, milliseconds. */
  readonly timeoutMs?: number
}

interface Shape {
  readonly path: object
  readonly params: object
  readonly result: unknown
}

type Params<C extends Shape, Where extends 'query' | 'body'> = object extends C['params']
  ? { readonly [K in Where]?: C['params'] }
  : { readonly [K in Where]: C['params'] }
type Options<C extends Shape, Where extends 'query' | 'body'> = (keyof C['path'] extends never
  ? { readonly path?: undefined }
  : { readonly path: C['path'] }) &
  Params<C, Where> &
  CallOptions
type Args<C extends Shape, Where extends 'query' | 'body'> =
  object extends Options<C, Where> ? [options?: Options<C, Where>] : [options: Options<C, Where>]

type EntryOf<C extends Shape> = C['result'] extends readonly (infer Entry)[] ? Entry : never

/** A client of one Proxmox VE cluster. The path template is the method's name; answers come unwrapped and typed. */
export interface Proxmox {
  get<P extends keyof GetCalls>(path: P, ...args: Args<GetCalls[P], 'query'>): Promise<GetCalls[P]['result']>
  post<P extends keyof PostCalls>(
    path: P,
    ...args: Args<PostCalls[P], 'body'>
  ): Promise<PostCalls[P]['result']>
  put<P extends keyof PutCalls>(path: P, ...args: Args<PutCalls[P], 'body'>): Promise<PutCalls[P]['result']>
  delete<P extends keyof DeleteCalls>(
    path: P,
    ...args: Args<DeleteCalls[P], 'query'>
  ): Promise<DeleteCalls[P]['result']>
  /** As `get`, of a list that Proxmox gives in pages: `total` is how many entries there are in all, where Proxmox says it. */
  getPage<P extends keyof GetCalls>(
    path: P,
    ...args: Args<GetCalls[P], 'query'>
  ): Promise<{ data: GetCalls[P]['result']; total?: number }>
  /**
   * As `get`, of a list, each entry of which goes through `each` as it arrives: what that returns stands in the list. Who knows most of 10,000
   * entries already returns those, and never holds the list twice. After a broken connection it hears of entries again.
   */
  getEach<P extends keyof GetCalls>(
    path: P,
    each: (entry: EntryOf<GetCalls[P]>) => EntryOf<GetCalls[P]>,
    ...args: Args<GetCalls[P], 'query'>
  ): Promise<GetCalls[P]['result']>
  /** Any call by its concrete path, checked against the schema before it is sent. Throws a ProxmoxApiError with status 400 and the wrong parameters. */
  call(
    method: Method,
    path: string,
    params?: Readonly<Record<string, ParamValue>>,
    options?: CallOptions,
  ): Promise<unknown>
  /**
   * Signs in now, where the first call would: a person who is asked for a second factor has all the time then, and no call's limit runs.
   * Nothing for a token. Throws what a call would, a ProxmoxSecondFactorError among it, and the signal's reason.
   */
  signIn(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /** Tasks: what most writes return is the UPID of one, and only its end says whether the write succeeded. */
  readonly tasks: Tasks
  /** Consoles of VMs: the serial terminal and the screen. */
  readonly consoles: Consoles
  /** Uploads a file to a storage; resolves to the UPID of the task that puts it there. */
  upload(options: UploadOptions): Promise<string>
  close(): Promise<void>
}

/** Pause before the first repetition of a GET, milliseconds; doubled each time, and times 0.5 to 1.5 so that clients do not come in step. */
const RETRY_PAUSE_MS = 100
/** How long an upload may take unless the caller says otherwise, milliseconds. */
const UPLOAD_TIMEOUT_MS = 600_000
/** How long a console may take to be reached, milliseconds: a port where nobody listens any more is never answered. */
const CONSOLE_TIMEOUT_MS = 15_000

/**
 * Makes a client. Nothing is connected before the first call. Throws a TypeError for a config that cannot work: an address without
 * TLS, a pin that is none, credentials of the wrong form.
 */
export function createProxmox(config: ProxmoxConfig): Proxmox {
  const { timeoutMs = 60_000, connectTimeoutMs = 5000, connections = 16, retries = 2 } = config
  const transport = createTransport(config.endpoints, config.tls, connections, connectTimeoutMs)

  const authenticator = createAuthenticator(config.credentials, async (form) => {
    const call = { method: 'POST', path: '/access/ticket' }
    const deadline = createDeadline(call, timeoutMs, undefined)
    try {
      const { data } = await transport.send({
        method: 'POST',
        path: '/api2/json/access/ticket',
        headers: formHeaders,
        body: encodeForm(form),
        deadline,
        // A second factor is taken once.
        repeatable: form['tfa-challenge'] === undefined,
      })
      return (data ?? {}) as { ticket?: string }
    } finally {
      deadline.end()
    }
  })

  /** Sends with credentials; with a refused ticket once more after a new login. */
  const authorised = async (exchange: Exchange, isReplayable: boolean): Promise<Answered> => {
    for (let attempt = 0; ; attempt += 1) {
      const given = authenticator.headers(exchange.method !== 'GET')
      const own = given instanceof Promise ? await exchange.deadline.race(given) : given
      try {
        const headers = exchange.body === undefined ? own : { ...own, ...exchange.headers }
        return await transport.send({ ...exchange, headers })
      } catch (error) {
        // A 401 comes before anything is done, so that even a write may be sent again.
        const mayHelp = isUnauthorized(error) && attempt === 0 && isReplayable
        if (!mayHelp || !authenticator.refused(own)) throw error
      }
    }
  }

  const request = async (
    method: Method,
    template: string,
    path: string,
    params: Readonly<Record<string, ParamValue>>,
    options: CallOptions,
    each?: Exchange['each'],
  ): Promise<Answered> => {
    const form = params === NONE ? '' : encodeForm(params)
    const inQuery = method === 'GET' || method === 'DELETE'
    const deadline = createDeadline({ method, path }, options.timeoutMs ?? timeoutMs, options.signal)
    const body = inQuery || form === '' ? undefined : form
    const exchange: Exchange = {
      method,
      // DELETE takes no body at all: its parameters go into the query.
      path: `/api2/json${path}${inQuery && form ? `?${form}` : ''}`,
      headers: body === undefined ? {} : formHeaders,
      body,
      deadline,
      repeatable: method === 'GET',
      each,
    }
    const asked = config.onCall ? performance.now() : 0
    const ended = (status: number | undefined): void =>
      config.onCall?.({ method, status, ms: performance.now() - asked })
    try {
      for (let attempt = 0; ; attempt += 1) {
        try {
          const answer = await authorised(exchange, true)
          ended(200)
          return each ? answer : { ...answer, data: normaliserOf(method, template)(answer.data) }
        } catch (error) {
          const mayRepeat = method === 'GET' && error instanceof ProxmoxConnectionError
          if (!mayRepeat || attempt >= retries) {
            ended(error instanceof ProxmoxApiError ? error.status : undefined)
            throw error
          }
          await deadline.sleep(RETRY_PAUSE_MS * 2 ** attempt * (0.5 + Math.random()))
        }
      }
    } finally {
      deadline.end()
    }
  }

  type TypedOptions = { path?: object; query?: object; body?: object } & CallOptions
  const envelope =
    (method: Method) =>
    async (template: string, options: TypedOptions = {}, each?: Exchange['each']): Promise<Answered> =>
      request(
        method,
        template,
        fillPath(template, options.path as Record<string, string>),
        (options.query ?? options.body ?? NONE) as Record<string, ParamValue>,
        options,
        each,
      )
  const getEnvelope = envelope('GET')
  const page = async (template: string, options?: TypedOptions): Promise<Envelope> => {
    const { data, total } = await getEnvelope(template, options)
    return total === undefined ? { data } : { data, total }
  }
  const getEach = async (
    template: string,
    each: (entry: unknown) => unknown,
    options?: TypedOptions,
  ): Promise<unknown> => {
    const normalise = entryNormaliserOf(template)
    return (await getEnvelope(template, options, (entry) => each(normalise(entry)))).data
  }
  const typed = (method: Method) => {
    const ask = envelope(method)
    return async (template: string, options?: TypedOptions): Promise<unknown> =>
      (await ask(template, options)).data
  }

  const proxmox: Proxmox = {
    get: typed('GET') as Proxmox['get'],
    getEach: getEach as Proxmox['getEach'],
    getPage: page as Proxmox['getPage'],
    post: typed('POST') as Proxmox['post'],
    put: typed('PUT') as Proxmox['put'],
    delete: typed('DELETE') as Proxmox['delete'],
    call: async (method, path, params = {}, options = {}) => {
      const template = checkCall(apiSchema, method, path, params)
      return (await request(method, template, encodePath(path), params, options)).data
    },
    signIn: async ({ signal } = {}) => {
      signal?.throwIfAborted()
      const { promise: stopped, reject } = Promise.withResolvers<never>()
      const stop = (): void => reject(signal?.reason as Error)
      signal?.addEventListener('abort', stop, { once: true })
      try {
        await Promise.race([authenticator.headers(false), stopped])
      } finally {
        signal?.removeEventListener('abort', stop)
      }
    },
    get tasks() {
      return tasks
    },
    get consoles() {
      return consoles
    },
    upload: async (options) => {
      const { prepareUpload } = await import('./upload.ts')
      const { path, headers, open, isReplayable } = await prepareUpload(options)
      const limit = options.timeoutMs ?? UPLOAD_TIMEOUT_MS
      const deadline = createDeadline({ method: 'POST', path }, limit, options.signal)
      try {
        const exchange = { method: 'POST', path: `/api2/json${path}`, headers, body: open, deadline }
        return String((await authorised({ ...exchange, repeatable: false }, isReplayable)).data)
      } finally {
        deadline.end()
      }
    },
    close: () => transport.close(),
  }
  const tasks = createTasks(proxmox)
  const consoles = createConsoles({
    post: envelope('POST'),
    upgrade: async (endpoint, path, headers, signal) => {
      // An error names the path, and must not name the ticket of its query.
      const call = { method: 'GET', path: path.replace(/\?.*/s, '') }
      const deadline = createDeadline(call, CONSOLE_TIMEOUT_MS, signal)
      try {
        const own = await deadline.race(Promise.resolve(authenticator.headers(false)))
        const exchange = {
          method: 'GET',
          path: `/api2/json${path}`,
          headers: { ...own, ...headers },
          deadline,
        }
        return await transport.upgrade(endpoint, exchange)
      } finally {
        deadline.end()
      }
    },
    tasks,
  })
  return proxmox
}

/** What a call without parameters is given. */
const NONE: Readonly<Record<string, ParamValue>> = {}
const formHeaders = { 'content-type': 'application/x-www-form-urlencoded' }
