import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createPlainServer, type AddressInfo } from 'node:net'

// API servers of a tenant who is no friend: over real TLS, with the certificate that Kamaji made for the control plane.

/** What a hostile server does with a request; what it does not answer it leaves hanging. */
type Behaviour = (request: HostileRequest, response: ServerResponse) => void

/** A request as a server sees it. */
interface HostileRequest {
  readonly method: string
  readonly path: string
  readonly isWatch: boolean
  readonly query: URLSearchParams
}

/** A hostile server. */
export interface HostileServer {
  readonly port: number
  /** Requests so far. */
  readonly asked: string[]
  /** Begins to speak TLS with this certificate. */
  use(certificate: { cert: string; key: string }): void
  close(): Promise<void>
}

/** Starts one on a free port of 127.0.0.1. Without a behaviour it takes connections and says nothing, not even in TLS. */
export async function startHostileServer(behaviour: Behaviour | undefined): Promise<HostileServer> {
  const asked: string[] = []
  const open = new Set<{ destroy(): void }>()
  const server =
    behaviour === undefined
      ? createPlainServer()
      : createServer((request: IncomingMessage, response: ServerResponse) => {
          const { pathname, searchParams } = new URL(request.url ?? '/', 'https://server')
          asked.push(`${request.method} ${pathname}`)
          request.resume()
          response.on('error', () => undefined)
          behaviour(
            {
              method: request.method ?? '',
              path: pathname,
              isWatch: searchParams.get('watch') === 'true',
              query: searchParams,
            },
            response,
          )
        })
  server.on('connection', (socket: { destroy(): void; on(event: string, listener: () => void): void }) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    use: ({ cert, key }) => {
      if (behaviour !== undefined) (server as Server).setSecureContext({ cert, key })
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

/** Answers JSON. */
function answer(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

/** A Node as an API server has it, with as much ballast as one likes. */
const nodeOf = (name: string, version: number, more: object = {}, ballast = 0): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    uid: name,
    resourceVersion: String(version),
    ...(ballast > 0 ? { annotations: { ballast: 'x'.repeat(ballast) } } : {}),
  },
  spec: {},
  status: {},
  ...more,
})

const list = (kind: string, items: object[], metadata: object = {}): object => ({
  kind: `${kind}List`,
  apiVersion: 'v1',
  metadata: { resourceVersion: '1', ...metadata },
  items,
})

const config = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kubelet-config', namespace: 'kube-system' },
  data: { kubelet: 'clusterDNS: [10.96.0.10]\nclusterDomain: cluster.local\ncgroupDriver: systemd\n' },
}

/** Answers as a server does that has nothing: no Nodes, no Secrets, a watch that says nothing. */
const honest: Behaviour = ({ path, isWatch, method }, response) => {
  if (isWatch) response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
  else if (path === '/version') answer(response, { major: '1', minor: '30', gitVersion: 'v1.30.0' })
  else if (path.endsWith('/configmaps/kubelet-config')) answer(response, config)
  else if (path.endsWith('/nodes')) answer(response, list('Node', []))
  else if (path.endsWith('/secrets') && method === 'GET') answer(response, list('Secret', []))
  else answer(response, { kind: 'Status', status: 'Failure', reason: 'NotFound', code: 404 }, 404)
}

/** Writes again and again, as fast as the other side takes it. */
function flood(response: ServerResponse, next: (count: number) => string): void {
  let count = 0
  const write = (): void => {
    while (!response.destroyed && response.write(next(count++)));
    response.once('drain', write)
  }
  write()
}

/** A byte a second, for ever. */
function drip(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  let at = 0
  const timer = setInterval(() => response.write(text[at++ % text.length] ?? ' '), 1000)
  response.on('close', () => clearInterval(timer))
}

/** Every kind of hostility. `own` are the Nodes that the tenant's machines would have; `elsewhere` is another host's address. */
export function behaviours(
  own: () => { name: string; providerID: string }[],
  elsewhere: () => string,
): Record<string, Behaviour | undefined> {
  const only =
    (isFor: (request: HostileRequest) => boolean, act: Behaviour): Behaviour =>
    (request, response) =>
      (isFor(request) ? act : honest)(request, response)
  const isNodes = ({ path, isWatch }: HostileRequest): boolean => path === '/api/v1/nodes' && !isWatch
  const isWatch = (request: HostileRequest): boolean => request.isWatch
  const many = (count: number, from: number, ballast: number): object[] =>
    Array.from({ length: count }, (_, index) => nodeOf(`n${from + index}`, 1, {}, ballast))
  let page = 0
  return {
    silent: undefined,
    hanging: () => undefined,
    'hanging-later': only(
      (request) => !request.isWatch && request.path !== '/api/v1/nodes',
      () => undefined,
    ),
    drip: (_request, response) => drip(response, '{"kind":"NodeList","items":['),
    'endless-list': only(isNodes, (_request, response) => {
      page += 1
      answer(response, list('Node', many(100, page * 100, 30_000), { continue: `more-${page}` }))
    }),
    'thirty-thousand': only(isNodes, ({ query }, response) => {
      const from = Number(query.get('continue') ?? 0)
      const next = from + Number(query.get('limit') ?? 500)
      answer(
        response,
        list('Node', many(next - from, from, 4000), next < 30_000 ? { continue: String(next) } : {}),
      )
    }),
    'flooding-watch': only(isWatch, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      flood(
        response,
        (count) => `${JSON.stringify({ type: 'MODIFIED', object: nodeOf(`n${count % 50}`, count) })}\n`,
      )
    }),
    'growing-watch': only(isWatch, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      flood(
        response,
        (count) => `${JSON.stringify({ type: 'ADDED', object: nodeOf(`n${count}`, count, {}, 2000) })}\n`,
      )
    }),
    flipping: only(isWatch, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      flood(response, (count) => {
        const nodes = own()
        const { name = 'n', providerID = '' } = nodes[count % Math.max(1, nodes.length)] ?? {}
        const status = Math.floor(count / 7) % 2 ? 'True' : 'False'
        const ready = {
          type: 'Ready',
          status,
          lastTransitionTime: '9999-12-31T23:59:59Z',
          message: 'x'.repeat(5000),
        }
        return `${JSON.stringify({ type: 'MODIFIED', object: nodeOf(name, count, { spec: { providerID }, status: { conditions: [ready] } }) })}\n`
      })
    }),
    'no-json': (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"kind": "NodeList", "items": [}'),
    redirect: (_request, response) => response.writeHead(302, { location: elsewhere() }).end(),
    'ten-gigabytes': (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(10 * 2 ** 30) })
      flood(response, () => ' '.repeat(65_536))
    },
    unauthorized: (_request, response) =>
      answer(response, { kind: 'Status', reason: 'Unauthorized', code: 401, message: 'Unauthorized' }, 401),
    'wrong-kind': (request, response) => {
      if (request.path === '/api/v1/nodes')
        answer(response, list('Pod', [{ kind: 'Pod', metadata: { name: 'p' } }]))
      else
        answer(response, { kind: 'Secret', apiVersion: 'v1', metadata: { name: [] }, data: { kubelet: 7 } })
    },
  }
}
