import { timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Faults } from './faults.ts'
import { FaultError } from './spec.ts'
import type { FaultSpec } from './spec.ts'

/** Longest body read, bytes. */
const BODY_LIMIT = 1024 * 1024

/** The lab's own endpoint. */
export interface Endpoint {
  /** `http://127.0.0.1:port`. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves the faults over HTTP, JSON in and out, to who shows the token as a bearer: `GET /faults`, `POST /faults`,
 * `DELETE /faults` and `DELETE /faults/{id}`. Errors are `{error, field?, value?, rule?}`.
 */
export async function startEndpoint(
  faults: Faults,
  options: { token: string; port: number },
): Promise<Endpoint> {
  const server = createServer((request, response) => {
    void answer(faults, options.token, request).then(
      ({ status, body }) => send(response, status, body),
      (error: unknown) => send(response, error instanceof FaultError ? 422 : 500, problem(error)),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Answer {
  readonly status: number
  readonly body: object
}

async function answer(faults: Faults, token: string, request: IncomingMessage): Promise<Answer> {
  const { method = '', url = '' } = request
  if (!isToken(request.headers.authorization ?? '', token))
    return {
      status: 401,
      body: { error: 'the token of the lab is needed: Authorization: Bearer $LAB_TOKEN' },
    }
  const id = /^\/faults(?:\/([^/?]+))?$/.exec(url)
  if (id === null) return { status: 404, body: { error: `there is no ${url}; there is /faults` } }
  if (id[1] === undefined && method === 'GET') return { status: 200, body: { faults: faults.list() } }
  if (id[1] === undefined && method === 'POST') return { status: 201, body: await add(faults, request) }
  if (method === 'DELETE') {
    const cleared = await faults.clear(id[1])
    if (id[1] !== undefined && cleared === 0)
      return { status: 404, body: { error: `there is no fault ${id[1]}` } }
    return { status: 200, body: { cleared } }
  }
  return { status: 405, body: { error: `${url} has no ${method}` } }
}

async function add(faults: Faults, request: IncomingMessage): Promise<object> {
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > BODY_LIMIT)
      throw new FaultError('fault', '…', `it must be of at most ${BODY_LIMIT} bytes`)
  }
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    throw new FaultError('fault', text.slice(0, 80), 'it must be JSON')
  }
  // What it is, is for `add` to find out.
  return faults.add(given as FaultSpec)
}

function isToken(header: string, token: string): boolean {
  const [given, wanted] = [Buffer.from(header), Buffer.from(`Bearer ${token}`)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function problem(error: unknown): object {
  if (error instanceof FaultError) {
    const { message, field, value, rule } = error
    return { error: message, field, ...(value === undefined ? {} : { value }), rule }
  }
  return { error: error instanceof Error ? error.message : String(error) }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.statusCode = status
  response.setHeader('Content-Type', 'application/json')
  response.end(`${JSON.stringify(body)}\n`)
}
