import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { createProxmox, type Proxmox, type ProxmoxConfig } from './client.ts'

/** A request as a test's server sees it. */
export interface SeenRequest {
  readonly method: string
  /** Without query, as it was sent. */
  readonly path: string
  readonly query: URLSearchParams
  /** The query's text as it was sent. */
  readonly search: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  readonly raw: IncomingMessage
}

export type Handler = (request: SeenRequest, response: ServerResponse) => void | Promise<void>

/** A file of `testdata`: a certificate for `localhost` and 127.0.0.1, made for these tests only, and its CA. */
export function testdata(name: string): string {
  return readFileSync(new URL(`./testdata/${name}`, import.meta.url), 'utf8')
}

export const testCa = testdata('ca.crt')
export const testFingerprint = new X509Certificate(testdata('server.crt')).fingerprint256
export const testTokenId = 'fochista@pve!test'
/** A secret that must turn up nowhere. */
export const testSecret = '1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9'

export interface TestServer {
  readonly url: string
  readonly seen: SeenRequest[]
  /** Connections that were opened, whether or not a request came over them. */
  readonly connections: Socket[]
  close(): void
}

/** A real server on a free port that ends with the test and remembers what it was asked. With TLS, as Proxmox has, unless told otherwise. */
export async function serve(
  t: TestContext,
  handler: Handler,
  { tls = true, readBody = true }: { tls?: boolean; readBody?: boolean } = {},
): Promise<TestServer> {
  const seen: SeenRequest[] = []
  const listener = (raw: IncomingMessage, response: ServerResponse): void => {
    void (async () => {
      const [path = '', search = ''] = (raw.url ?? '/').split('?')
      const body = readBody ? await buffer(raw) : Buffer.alloc(0)
      const query = new URLSearchParams(search)
      const { method = '', headers } = raw
      const request = { method, path, query, search, headers, body, raw }
      seen.push(request)
      await handler(request, response)
    })().catch(() => raw.socket.destroy())
  }
  const server = tls
    ? createHttpsServer({ cert: testdata('server.crt'), key: testdata('server.key') }, listener)
    : createHttpServer(listener)
  const connections: Socket[] = []
  server.on('connection', (socket: Socket) => connections.push(socket))
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  t.after(close)
  const port = await listen(server)
  return { url: `http${tls ? 's' : ''}://127.0.0.1:${port}`, seen, connections, close }
}

/** Listens on a free port of the loopback address. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

let dead = 0
/** An address where nobody listens, another one each time: at a port that no system gives to who asks for any. */
export const deadAddress = (): string => `https://127.0.0.1:${(dead += 1)}`

/** A client with an API token that ends with the test. */
export function connect(
  t: TestContext,
  endpoints: string | readonly string[],
  config: Partial<ProxmoxConfig> = {},
): Proxmox {
  const proxmox = createProxmox({
    endpoints: typeof endpoints === 'string' ? [endpoints] : endpoints,
    credentials: { tokenId: testTokenId, secret: testSecret },
    tls: { ca: testCa },
    // However slow the machine is, a call that has an answer gets it.
    timeoutMs: 60_000,
    ...config,
  })
  t.after(() => proxmox.close())
  return proxmox
}

/** Answers as Proxmox does: `{"data": …}`. */
export function answer(response: ServerResponse, data: unknown, more: object = {}): void {
  response
    .writeHead(200, { 'content-type': 'application/json;charset=UTF-8' })
    .end(JSON.stringify({ data, ...more }))
}

/** Refuses as Proxmox does: the reason in the status line and in the body, and the connection closed. */
export function refuse(
  response: ServerResponse,
  status: number,
  reason: string,
  errors?: Record<string, string>,
): void {
  response
    .writeHead(status, reason, { 'content-type': 'application/json;charset=UTF-8', connection: 'close' })
    .end(JSON.stringify({ data: null, message: `${reason}\n`, ...(errors && { errors }) }))
}

/** What a promise fails with; fails itself when it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return error
    throw new Error(`thrown was ${String(error)}`, { cause: error })
  }
  throw new Error('it did not fail')
}
