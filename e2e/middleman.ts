import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, Agent, request as httpsRequest } from 'node:https'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after } from 'node:test'
import { root, type Bench } from './harness.ts'

/** A request of the controllers on its way to Proxmox. */
export interface Passing {
  readonly method: string
  /** Without `/api2/json` and without its query. */
  readonly path: string
  /** What its body says, where that is a form. */
  readonly form: URLSearchParams
}

/** What Proxmox answered. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Asked about each request: forwards it and answers, or does something else first, or `undefined`: the connection breaks. */
export type Meddle = (passing: Passing, forward: () => Promise<Answer>) => Promise<Answer | undefined>

/** Stands between the controllers and the Proxmox API, so that a test can act in the very moment in which it is worst. */
export interface Middleman {
  readonly url: string
  readonly fingerprint: string
  /** Everything that was asked other than to read, oldest first. */
  readonly writes: readonly Passing[]
  /** What happens to requests from now on; undefined forwards all. */
  meddle: Meddle | undefined
}

/** Starts one in front of a bench's Proxmox; it ends with the file's tests. */
export async function startMiddleman(bench: Bench): Promise<Middleman> {
  const file = (name: string): Promise<string> =>
    readFile(join(root, 'packages/kubernetes/src/testdata', name), 'utf8')
  const [cert, key] = await Promise.all([file('server.crt'), file('server.key')])
  const target = new URL(bench.environment['PROXMOX_URL'] ?? '')
  const agent = new Agent({
    keepAlive: true,
    ca: await readFile(bench.environment['PROXMOX_CA'] ?? '', 'utf8'),
  })
  const writes: Passing[] = []
  const server = createServer({ cert, key }, (incoming, response) => {
    pass(incoming, response).catch(() => response.destroy())
  })

  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bytesOf(incoming)
    const isForm = incoming.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false
    const [path = ''] = (incoming.url ?? '').replace(/^\/api2\/json/, '').split('?')
    const passing = {
      method: incoming.method ?? 'GET',
      path,
      form: new URLSearchParams(isForm ? body.toString('utf8') : ''),
    }
    if (passing.method !== 'GET') writes.push(passing)
    const forward = (): Promise<Answer> => send(incoming, body)
    const answer = middleman.meddle ? await middleman.meddle(passing, forward) : await forward()
    if (!answer) {
      response.destroy()
      return
    }
    const { connection: _, 'transfer-encoding': __, ...headers } = answer.headers
    response.writeHead(answer.status, headers)
    response.end(answer.body)
  }

  const send = (incoming: IncomingMessage, body: Buffer): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { host: _, ...headers } = incoming.headers
      const call = httpsRequest(
        new URL(incoming.url ?? '/', target),
        { method: incoming.method, headers, agent },
        (response) => {
          bytesOf(response).then(
            (bytes) =>
              resolve({ status: response.statusCode ?? 502, headers: response.headers, body: bytes }),
            reject,
          )
        },
      )
      call.on('error', reject)
      call.end(body)
    })

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => {
    server.close()
    server.closeAllConnections()
    agent.destroy()
  })
  const middleman: Middleman = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fingerprint: new X509Certificate(cert).fingerprint256,
    writes,
    meddle: undefined,
  }
  return middleman
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
