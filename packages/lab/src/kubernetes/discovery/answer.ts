import type { IncomingHttpHeaders } from 'node:http'
import type { RequestContext } from '../resources.ts'

/** What an answer is made of before it is sent. */
export interface Answer {
  status: number
  /** Empty for answers without a body. */
  contentType: string
  body: string | Uint8Array
  headers?: Record<string, string>
}

/** What of a request the answer depends on. */
export interface Question {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  /** `host:port` as discovery shows it. */
  serverAddress: string
  gitVersion: string
}

/** The question in a request. */
export function questionOf(ctx: RequestContext): Question {
  return {
    method: ctx.method,
    path: ctx.path,
    query: ctx.query,
    headers: ctx.request.headers,
    serverAddress: ctx.serverAddress,
    gitVersion: ctx.gitVersion,
  }
}

/** Sends an answer. 304 and 301 go without Content-Type, as clients that cache expect. */
export function sendAnswer(ctx: RequestContext, answer: Answer): void {
  if (answer.contentType !== '') {
    ctx.send(answer.status, answer.contentType, answer.body, answer.headers)
    return
  }
  const { response } = ctx
  response.statusCode = answer.status
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value)
  if (answer.status !== 304) response.setHeader('Content-Length', 0)
  response.end()
}

/** One media type of an Accept header. */
export interface Wanted {
  /** `application/json`. */
  type: string
  parameters: Map<string, string>
}

/** The media types of an Accept header, the most wanted first. An absent header accepts everything. */
export function wantedTypes(accept: string | undefined): Wanted[] {
  if (accept === undefined || accept.trim() === '') return [{ type: '*/*', parameters: new Map() }]
  const all = accept.split(',').map((part) => {
    const [type = '', ...rest] = part.split(';').map((each) => each.trim())
    const parameters = new Map(rest.map((each) => each.split('=', 2) as [string, string]))
    return { type: type.toLowerCase(), parameters, quality: Number(parameters.get('q') ?? '1') }
  })
  return all.toSorted((a, b) => b.quality - a.quality).map(({ type, parameters }) => ({ type, parameters }))
}

const BROWSERS = /^(curl|wget|mozilla)/i

/** Whether an answer is written for people: asked for by `pretty`, or by the name of the client. */
export function isPretty(question: Question): boolean {
  const asked = question.query.get('pretty')
  if (asked !== null) return asked !== 'false' && asked !== '0'
  return BROWSERS.test(question.headers['user-agent'] ?? '')
}
