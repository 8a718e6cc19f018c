import { request } from 'node:https'
import { after } from 'node:test'
import { createLabClock } from '../clock.ts'
import type { ApiServer, ApiServerOptions } from './api.ts'
import type { JsonObject } from './resources.ts'
import { createApiServer } from './server.ts'
import { selfSigned } from './test-certificate.ts'

/** What a test asks. */
export interface Question {
  /** Default GET. */
  method?: string
  /** Default that of `admin`, who may do everything; `bob` may do nothing. */
  token?: string
  /** Default `application/json`. */
  accept?: string
  body?: unknown
  /** Of a stream: whether enough came. Default: all of it. */
  enough?: (data: Buffer) => boolean
}

/** What a test is answered. */
export interface TestAnswer {
  status: number
  /** Content-Type. */
  type: string
  data: Buffer
  text: string
  /** The body, when it is a JSON object, else empty. */
  json: JsonObject
}

/** An API server for the tests of a file, after which it ends. */
export async function startTestApi(options: Pick<ApiServerOptions, 'podPorts'> = {}): Promise<{
  api: ApiServer
  ca: string
  ask(this: void, path: string, question?: Question): Promise<TestAnswer>
}> {
  const tls = await selfSigned()
  const ca = tls.certPem
  const user = (username: string, groups: string[]) => ({ token: username, user: { username, groups } })
  const staticTokens = [user('admin', ['system:masters']), user('bob', [])]
  const api = createApiServer({ tls, caPem: ca, clock: createLabClock(), staticTokens, ...options })
  await api.listen()
  after(() => api.close())
  return { api, ca, ask: (path, question = {}) => send(`${api.url}${path}`, ca, question) }
}

function send(url: string, ca: string, question: Question): Promise<TestAnswer> {
  const { method = 'GET', token = 'admin', accept = 'application/json', body, enough } = question
  const headers = {
    Authorization: `Bearer ${token}`,
    Accept: accept,
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
  }
  return new Promise((resolve, reject) => {
    const call = request(url, { method, ca, headers }, (answer) => {
      let data = Buffer.alloc(0)
      const done = (): void => {
        const text = data.toString()
        const json = text.startsWith('{') && enough === undefined ? (JSON.parse(text) as JsonObject) : {}
        resolve({
          status: answer.statusCode ?? 0,
          type: answer.headers['content-type'] ?? '',
          data,
          text,
          json,
        })
      }
      answer.on('data', (chunk: Buffer) => {
        data = Buffer.concat([data, chunk])
        if (enough?.(data) !== true) return
        done()
        call.destroy()
      })
      answer.on('end', done)
    })
    call.on('error', reject)
    call.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
