import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { createKubernetes, type Kubernetes, type KubernetesObject } from '@fochista/kubernetes'

/** A file of `testdata`: a certificate for `localhost` and 127.0.0.1, made for these tests only, and its CA. */
export function testdata(name: string): string {
  return readFileSync(new URL(`./testdata/${name}`, import.meta.url), 'utf8')
}

export type Stored = KubernetesObject & { spec?: unknown; status?: unknown; data?: unknown; type?: string }

/** A request as a test's server saw it. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A small API server over TLS: objects by path, lists, merge patches, preconditions. What it cannot do, a test does in `intercept`. */
export interface TestApi {
  readonly url: string
  readonly port: number
  readonly seen: SeenRequest[]
  /** Path of the object, such as `/api/v1/nodes/a`, to the object. */
  readonly objects: Map<string, Stored>
  /** Answers before the store does; answers true when it has. */
  intercept?: (request: SeenRequest, response: ServerResponse) => boolean | void
  readonly kubernetes: Kubernetes
}

/** Starts the server on a free port; it ends with the test. */
export async function serveApi(t: TestContext): Promise<TestApi> {
  const objects = new Map<string, Stored>()
  const seen: SeenRequest[] = []
  const server = createServer(
    { cert: testdata('server.crt'), key: testdata('server.key') },
    (raw, response) => {
      void handle(api, raw, response).catch(() => raw.socket.destroy())
    },
  )
  const port = await listen(server)
  const url = `https://127.0.0.1:${port}`
  const kubernetes = createKubernetes(
    { server: url, ca: testdata('ca.crt'), token: 'admin-token' },
    { timeoutMs: 3000, retries: 0 },
  )
  const api: TestApi = { url, port, seen, objects, kubernetes }
  t.after(async () => {
    await kubernetes.close()
    server.closeAllConnections()
    server.close()
  })
  return api
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function handle(api: TestApi, raw: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname: path, searchParams: query } = new URL(raw.url ?? '/', 'https://server')
  const request = { method: raw.method ?? '', path, query, headers: raw.headers, body: await text(raw) }
  api.seen.push(request)
  if (api.intercept?.(request, response)) return
  const { objects } = api
  const found = objects.get(path)
  switch (request.method) {
    case 'GET': {
      if (found) return json(response, found)
      const items = [...objects]
        .filter(([key, object]) => isIn(key, path) && isSelected(object, query))
        .map(([, object]) => object)
      if (items.length === 0 && !path.endsWith('s'))
        return refuse(response, 404, 'NotFound', `${path} not found`)
      return json(response, { kind: 'List', metadata: { resourceVersion: '1' }, items })
    }
    case 'POST': {
      const object = JSON.parse(request.body) as Stored
      const key = `${path}/${object.metadata.name}`
      if (objects.has(key)) return refuse(response, 409, 'AlreadyExists', `${key} already exists`)
      objects.set(key, object)
      return json(response, object, 201)
    }
    case 'PUT':
    case 'PATCH': {
      const target = path.replace(/\/(scale|status)$/, '')
      const before = objects.get(target)
      if (!before) return refuse(response, 404, 'NotFound', `${path} not found`)
      const sent: unknown = JSON.parse(request.body)
      const after = (request.method === 'PUT' ? sent : merge(before, sent)) as Stored
      objects.set(target, after)
      return json(response, after)
    }
    default: {
      if (!found) return refuse(response, 404, 'NotFound', `${path} not found`)
      const { preconditions } = JSON.parse(request.body || '{}') as { preconditions?: { uid?: string } }
      if (preconditions?.uid && preconditions.uid !== found.metadata.uid)
        return refuse(response, 409, 'Conflict', 'the UID in the precondition does not match')
      objects.delete(path)
      return json(response, { kind: 'Status', status: 'Success' })
    }
  }
}

/** Whether an object's path is in a collection, of one namespace or of all. */
function isIn(key: string, collection: string): boolean {
  const own = key.slice(0, key.lastIndexOf('/'))
  return own === collection || own.replace(/\/namespaces\/[^/]+/, '') === collection
}

function isSelected(object: Stored, query: URLSearchParams): boolean {
  const parts = (name: string): [string, string][] =>
    (query.get(name) ?? '')
      .split(',')
      .filter(Boolean)
      .map((part): [string, string] => {
        const at = part.indexOf('=')
        return [part.slice(0, at), part.slice(at + 1)]
      })
  const labels = object.metadata.labels ?? {}
  const field = (path: string): unknown =>
    path
      .split('.')
      .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], object)
  return (
    parts('labelSelector').every(([name, value]) => labels[name] === value) &&
    parts('fieldSelector').every(([name, value]) => (field(name) ?? '') === value)
  )
}

function merge(before: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch
  const result: Record<string, unknown> = { ...(before as Record<string, unknown>) }
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = merge(result[name], value)
  }
  return result
}

/** Answers JSON. */
export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

/** Answers a refusal as an API server does. */
export function refuse(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  more: object = {},
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(code, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ kind: 'Status', status: 'Failure', message, reason, code, ...more }))
}
