import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { text } from 'node:stream/consumers'

/** A request as a test's server sees it. */
export type SeenRequest = {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: string
  raw: IncomingMessage
}
export type Handler = (request: SeenRequest, response: ServerResponse) => void | Promise<void>

/** A file of `testdata`: certificates valid for `localhost` and 127.0.0.1, made for these tests only. */
export function testdata(name: string): string {
  return readFileSync(new URL(`./testdata/${name}`, import.meta.url), 'utf8')
}

/** A real server on a free port, closed with the test. Remembers what it was asked. */
export async function serve(
  t: TestContext,
  handler: Handler,
  options: { tls?: boolean; clientCertificates?: boolean } = {},
): Promise<{ url: string; seen: SeenRequest[] }> {
  const seen: SeenRequest[] = []
  const listener = (raw: IncomingMessage, response: ServerResponse): void => {
    void (async () => {
      const url = new URL(raw.url ?? '/', 'http://server')
      const request = {
        method: raw.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: raw.headers,
        body: await text(raw),
        raw,
      }
      seen.push(request)
      await handler(request, response)
    })().catch(() => raw.socket.destroy())
  }
  const server = options.tls
    ? createHttpsServer(
        {
          cert: testdata('server.crt'),
          key: testdata('server.key'),
          ca: testdata('ca.crt'),
          requestCert: options.clientCertificates ?? false,
          rejectUnauthorized: options.clientCertificates ?? false,
        },
        listener,
      )
    : createHttpServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http${options.tls ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

/** Answers JSON. */
export function json(
  response: ServerResponse,
  value: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
}

/** Answers a refusal as an API server does. */
export function refuse(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  more: object = {},
): void {
  json(
    response,
    { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code, ...more },
    code,
  )
}

/** Waits until something is so; fails after `limitMs`. */
export async function until(what: string, condition: () => boolean, limitMs = 60_000): Promise<void> {
  const end = Date.now() + limitMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
