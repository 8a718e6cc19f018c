import type {
  CallOptions,
  Keep,
  Kubernetes,
  KubernetesOptions,
  RawRequestOptions,
  WriteOptions,
} from './client-types.ts'
import type { Connection } from './connection/types.ts'
import { createDiscovery } from './discovery.ts'
import { KubernetesAnswerError } from './errors.ts'
import { follow } from './follow.ts'
import { collectionPath, objectPath } from './kind.ts'
import type { Kind } from './kind.ts'
import { readLines } from './lines.ts'
import { listPages, requireObject } from './list.ts'
import type { Ask } from './list.ts'
import { createPacer, pacedLines } from './pace.ts'
import type { Pacer } from './pace.ts'
import type { KubernetesObject, ObjectRef } from './objects.ts'
import { canI, canThey, createToken, reviewToken } from './reviews.ts'
import { createTransport } from './transport.ts'
import type { Answer, Call, Query, Transport } from './transport.ts'

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const

/** A typed client of one API server. Nothing is sent before the first call. */
export function createKubernetes(connection: Connection, options: KubernetesOptions = {}): Kubernetes {
  const { timeoutMs = 30_000, fieldManager = 'fochista', maxBytes = 64 * 1024 * 1024, retries = 2 } = options
  const { around = (run) => run() } = options
  const pacer = options.pace && createPacer(options.pace)
  const transport = createTransport(connection, { maxBytes, pacer })
  const callOf = (method: string, path: string, request: RawRequestOptions): Call => ({
    method,
    path,
    ...encodeBody(request),
    ...(request.query && { query: request.query }),
    ...(request.signal && { signal: request.signal }),
    timeoutMs: request.timeoutMs ?? timeoutMs,
    retries: request.retries ?? retries,
  })
  const send = (method: string, path: string, raw: RawRequestOptions): Promise<Answer> =>
    around(() => transport.call(callOf(method, path, raw)))
  const request = async <T>(method: string, path: string, raw: RawRequestOptions = {}): Promise<T> =>
    decode(await send(method, path, raw), method, path) as T
  const ask: Ask = async <T>(path: string, raw: RawRequestOptions) => {
    const answer = await send('GET', path, raw)
    return { value: decode(answer, 'GET', path) as T, bytes: answer.body.length }
  }
  /** What the server answered, if it is an object of the kind; anything else would fail later, where nobody would see why. */
  const asObject = async <T extends KubernetesObject>(kind: Kind<T>, answer: Promise<T>): Promise<T> => {
    const object = await answer
    requireObject(object, kind, `the answer where a ${kind.kind} is due`)
    return object
  }
  const writeQuery = (write: WriteOptions): Query => ({
    fieldManager: write.fieldManager ?? fieldManager,
    fieldValidation: write.fieldValidation,
    dryRun: write.dryRun ? 'All' : undefined,
  })
  const discovery = createDiscovery((path, call) => request('GET', path, call))

  const kubernetes: Kubernetes = {
    connection,
    get: <T extends KubernetesObject>(
      kind: Kind<T>,
      ref: ObjectRef,
      { subresource, ...call }: Parameters<Kubernetes['get']>[2] = {},
    ) => {
      const answer = request<T>('GET', objectPath(kind, ref, subresource), call)
      return subresource === undefined ? asObject(kind, answer) : answer
    },
    list: (kind, list = {}) => listPages(ask, kind, list, options),
    create: (kind, object, write = {}) => {
      const { namespace } = object.metadata
      if (kind.namespaced && !namespace)
        throw new TypeError(`${kind.kind} "${object.metadata.name}" needs a namespace`)
      return request('POST', collectionPath(kind, namespace), {
        ...callOptions(write),
        query: writeQuery(write),
        body: object,
      })
    },
    update: (kind, object, write = {}) =>
      request('PUT', objectPath(kind, object.metadata), {
        ...callOptions(write),
        query: writeQuery(write),
        body: object,
      }),
    updateStatus: (kind, object, write = {}) =>
      request('PUT', objectPath(kind, object.metadata, 'status'), {
        ...callOptions(write),
        query: writeQuery(write),
        body: object,
      }),
    patch: (kind, ref, patch, { type = 'merge', subresource, resourceVersion, ...write } = {}) =>
      request('PATCH', objectPath(kind, ref, subresource), {
        ...callOptions(write),
        query: writeQuery(write),
        headers: { 'content-type': PATCH_TYPES[type] },
        body: JSON.stringify(resourceVersion === undefined ? patch : atVersion(patch, resourceVersion)),
      }),
    async apply(object, { force = false, kind, subresource, ...write } = {}) {
      const served = kind ?? (await discovery.resolve(object, callOptions(write)))
      // Somebody's name for the object, not a version to compare with: what was read and is applied again must not conflict with itself.
      const {
        managedFields: _,
        resourceVersion: __,
        uid: ___,
        creationTimestamp: ____,
        ...metadata
      } = object.metadata
      return request('PATCH', objectPath(served as Kind, object.metadata, subresource), {
        ...callOptions(write),
        query: { ...writeQuery(write), force },
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: JSON.stringify({ ...object, metadata }),
      })
    },
    async delete<T extends KubernetesObject>(
      kind: Kind<T>,
      ref: ObjectRef,
      deletion: Parameters<Kubernetes['delete']>[2] = {},
    ) {
      const { preconditions, propagationPolicy, gracePeriodSeconds, dryRun } = deletion
      const answer = await request<{ kind?: string }>('DELETE', objectPath(kind, ref), {
        ...callOptions(deletion),
        body: {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          ...(preconditions && { preconditions }),
          ...(propagationPolicy && { propagationPolicy }),
          ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
          ...(dryRun && { dryRun: ['All'] }),
        },
      })
      return isHeld(answer) ? (answer as T) : undefined
    },
    async scale(kind, ref, replicas, write = {}) {
      await request('PATCH', objectPath(kind, ref, 'scale'), {
        ...callOptions(write),
        query: writeQuery(write),
        headers: { 'content-type': PATCH_TYPES.merge },
        body: JSON.stringify({ spec: { replicas } }),
      })
    },
    async *watch(kind, select = {}) {
      const source = watchSource(transport, ask, { ...options, timeoutMs, maxBytes, pacer })
      for await (const changes of follow(source, kind, select))
        for (const { type, object } of changes) {
          if (select.signal?.aborted) return
          yield { type: type === 'added' ? 'ADDED' : type === 'modified' ? 'MODIFIED' : 'DELETED', object }
        }
    },
    request,
    async *requestStream(method, path, raw = {}) {
      const answer = await transport.stream(callOf(method, path, raw), 0)
      try {
        yield* answer.body
      } finally {
        answer.destroy()
      }
    },
    version: (call = {}) => request('GET', '/version', call),
    createToken: (account, call = {}) => createToken(request, account, call),
    canI: (access, call = {}) => canI(request, access, call),
    canThey: (who, access, call = {}) => canThey(request, who, access, call),
    reviewToken: (token, call = {}) => reviewToken(request, token, call),
    async *logs(pod, { signal, timeoutMs: limit, ...query } = {}) {
      const path = objectPath({ apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }, pod, 'log')
      const call = callOf('GET', path, {
        ...(signal && { signal }),
        ...(limit && { timeoutMs: limit }),
        query,
        headers: { accept: '*/*' },
      })
      const answer = await transport.stream(call, 0)
      try {
        for await (const lines of readLines(answer.body, { maxLength: maxBytes, keepTail: true }))
          yield* lines
      } finally {
        answer.destroy()
      }
    },
    resolve: (object) => discovery.resolve(object, {}),
    close: () => transport.close(),
  }
  sources.set(kubernetes, watchSource(transport, ask, { ...options, timeoutMs, maxBytes, pacer }))
  return kubernetes
}

/** What a watch needs of a client, kept out of its public surface. */
export type WatchSource = {
  list<T extends KubernetesObject>(
    kind: Kind<T>,
    options: Parameters<Kubernetes['list']>[1] & { keep?: Keep<T> | undefined },
  ): ReturnType<typeof listPages<T>>
  /** Most objects that may be followed. @default any number */
  maxItems?: number | undefined
  /** The lines of one watch connection, as they come. Throws what the transport throws, a refusal with its status first. */
  lines(path: string, query: Query, idleMs: number, signal?: AbortSignal): AsyncIterable<string[]>
}

const sources = new WeakMap<Kubernetes, WatchSource>()

/** The watch source of a client; of a client made elsewhere, one built on its public calls. */
export function watchSourceOf(kubernetes: Kubernetes): WatchSource {
  const own = sources.get(kubernetes)
  if (own) return own
  return {
    list: async (kind, { keep, ...options }) => {
      const { items, metadata } = await kubernetes.list(kind, options)
      return { items: keep ? items.map(keep) : items, metadata }
    },
    lines: (path, query, _idleMs, signal) =>
      readLines(kubernetes.requestStream('GET', path, { query, ...(signal && { signal }) }), {
        maxLength: 64 * 1024 * 1024,
        keepTail: false,
      }),
  }
}

function watchSource(
  transport: Transport,
  ask: Ask,
  limits: KubernetesOptions & { timeoutMs: number; maxBytes: number; pacer: Pacer | undefined },
): WatchSource {
  const { timeoutMs, maxBytes, pacer } = limits
  return {
    maxItems: limits.maxItems,
    list: (kind, options) => listPages(ask, kind, options, limits),
    async *lines(path, query, idleMs, signal) {
      const answer = await transport.stream(
        { method: 'GET', path, query, timeoutMs, retries: 0, ...(signal && { signal }) },
        idleMs,
      )
      try {
        const lines = readLines(answer.body, { maxLength: maxBytes, keepTail: false })
        yield* pacer ? pacedLines(lines, pacer, signal) : lines
      } finally {
        answer.destroy()
      }
    },
  }
}

function callOptions({ signal, timeoutMs }: CallOptions): CallOptions {
  return { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) }
}

/** An object that is still there after its DELETE, as opposed to the last state of one that is gone or a Status. */
function isHeld(answer: unknown): answer is KubernetesObject {
  if (!answer || typeof answer !== 'object') return false
  const { kind, metadata } = answer as Partial<KubernetesObject>
  if (kind === 'Status' || !metadata?.deletionTimestamp) return false
  return (metadata.finalizers?.length ?? 0) > 0 || (metadata.deletionGracePeriodSeconds ?? 0) > 0
}

function atVersion(patch: unknown, resourceVersion: string): unknown {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) {
    throw new TypeError(
      'resourceVersion goes with merge and strategic patches; a JSON patch needs a test operation',
    )
  }
  const metadata = (patch as { metadata?: object }).metadata
  return { ...patch, metadata: { ...metadata, resourceVersion } }
}

function encodeBody({ body, headers }: RawRequestOptions): Pick<Call, 'body' | 'headers'> {
  if (body === undefined) return headers ? { headers } : {}
  if (typeof body === 'string' || body instanceof Uint8Array)
    return { body, headers: { 'content-type': 'application/json', ...headers } }
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }
}

function decode(answer: Answer, method: string, path: string): unknown {
  if (answer.body.length === 0) return undefined
  const text = answer.body.toString('utf8')
  if (!(answer.headers['content-type'] ?? '').includes('json')) return text
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new KubernetesAnswerError(`${method} ${path}: the answer is not JSON`, { cause: error })
  }
}
