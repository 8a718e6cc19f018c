import { apiSchema, type Method } from '../schema/index.ts'
import { createAuthenticator, type Credentials } from './auth.ts'
import { checkCall } from './check.ts'
import { encodeForm, fillPath, type ParamValue } from './encode.ts'
import { isUnauthorized, ProxmoxConnectionError } from './errors.ts'
import type { DeleteCalls, GetCalls, PostCalls, PutCalls } from './generated/calls.ts'
import { normaliserOf } from './normalise.ts'
import { createTasks, type Tasks } from './task.ts'
import type { TlsConfig } from './tls.ts'
import { createTransport } from './transport.ts'
import { upload, type UploadOptions } from './upload.ts'

/** What a client needs, and what it may be given. */
export interface ProxmoxConfig {
  /** URLs of nodes of one cluster, such as `https://pve1.example:8006`. When one fails, the next is used. */
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
  /** How often a GET is repeated after a broken connection. Nothing else is ever repeated. @default 2 */
  readonly retries?: number
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
  /** Any call by its concrete path, checked against the schema before it is sent. Throws a ProxmoxApiError with status 400 and the wrong parameters. */
  call(
    method: Method,
    path: string,
    params?: Readonly<Record<string, ParamValue>>,
    options?: CallOptions,
  ): Promise<unknown>
  /** Tasks: what most writes return is the UPID of one, and only its end says whether the write succeeded. */
  readonly tasks: Tasks
  /** Uploads a file to a storage; resolves to the UPID of the task that puts it there. */
  upload(options: UploadOptions): Promise<string>
  close(): Promise<void>
}

/** Makes a client. Nothing is connected before the first call. */
export function createProxmox(config: ProxmoxConfig): Proxmox {
  const { timeoutMs = 60_000, connectTimeoutMs = 5000, connections = 16, retries = 2 } = config
  const transport = createTransport(config.endpoints, config.tls, connections, connectTimeoutMs)

  const authenticator = createAuthenticator(config.credentials, async (form) => {
    const { data } = await transport.send({
      method: 'POST',
      path: '/api2/json/access/ticket',
      headers: formHeaders,
      body: encodeForm(form),
      timeoutMs,
      repeatable: true,
    })
    return data as { ticket?: string }
  })

  /** Adds credentials; a refused ticket is renewed once. */
  const authorised = async (
    send: (headers: Record<string, string>) => Promise<{ data: unknown }>,
    isWrite: boolean,
  ): Promise<unknown> => {
    try {
      return (await send(await authenticator.headers(isWrite))).data
    } catch (error) {
      // A 401 comes before anything is done, so that even a write may be sent again.
      if (!isUnauthorized(error) || !authenticator.refused()) throw error
      return (await send(await authenticator.headers(isWrite))).data
    }
  }

  const request = async (
    method: Method,
    template: string,
    path: string,
    params: Readonly<Record<string, ParamValue>>,
    options: CallOptions,
  ): Promise<unknown> => {
    const form = encodeForm(params)
    const inQuery = method === 'GET' || method === 'DELETE'
    const exchange = {
      method,
      // DELETE takes no body at all: its parameters go into the query.
      path: `/api2/json${path}${inQuery && form ? `?${form}` : ''}`,
      body: inQuery || form === '' ? undefined : form,
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? timeoutMs,
      repeatable: method === 'GET',
    }
    for (let attempt = 0; ; attempt += 1) {
      try {
        const data = await authorised(
          (headers) =>
            transport.send({
              ...exchange,
              headers: exchange.body === undefined ? headers : { ...headers, ...formHeaders },
            }),
          method !== 'GET',
        )
        return normaliserOf(method, template)(data)
      } catch (error) {
        if (method !== 'GET' || attempt >= retries || !(error instanceof ProxmoxConnectionError)) throw error
      }
    }
  }

  const typed =
    (method: Method) =>
    (
      template: string,
      options: { path?: object; query?: object; body?: object } & CallOptions = {},
    ): Promise<never> =>
      request(
        method,
        template,
        fillPath(template, options.path as Record<string, string>),
        (options.query ?? options.body ?? {}) as Record<string, ParamValue>,
        options,
      ) as Promise<never>

  const proxmox: Proxmox = {
    get: typed('GET') as Proxmox['get'],
    post: typed('POST') as Proxmox['post'],
    put: typed('PUT') as Proxmox['put'],
    delete: typed('DELETE') as Proxmox['delete'],
    call: async (method, path, params = {}, options = {}) => {
      const template = checkCall(apiSchema, method, path, params)
      return request(method, template, path, params, options)
    },
    get tasks() {
      return tasks
    },
    upload: (options) =>
      upload(options, async (path, headers, body) => {
        const data = await authorised(
          (own) =>
            transport.send({
              method: 'POST',
              path: `/api2/json${path}`,
              headers: { ...own, ...headers },
              body,
              signal: options.signal,
              timeoutMs: options.timeoutMs ?? 600_000,
              repeatable: false,
            }),
          true,
        )
        return String(data)
      }),
    close: () => transport.close(),
  }
  const tasks = createTasks(proxmox)
  return proxmox
}

const formHeaders = { 'content-type': 'application/x-www-form-urlencoded' }
