import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { gzipSync } from 'node:zlib'

import { acceptKey, serveWebSocket } from '../../websocket.ts'
import type { WebSocketMessages, WebSocketReader } from '../../websocket.ts'
import { wantedTypes } from '../discovery/answer.ts'
import { PathNotFound, StatusError } from '../errors.ts'
import { encodeProtobuf, PROTOBUF } from '../protobuf/encode.ts'
import type { JsonObject, RequestContext, UserInfo } from '../resources.ts'
import { PackedCustomObject } from './body.ts'
import { yamlText } from './yaml-text.ts'

const GZIP_FROM = 128 * 1024
/** The first minor version whose server breaks down over a custom object in protobuf; older ones refuse it. */
const PANICS_SINCE = 36

/** Browsers hide their token in the name of a protocol that begins so. */
export const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.'

/** What an answer may be written as. */
export type Media = 'json' | 'yaml' | 'protobuf'

/** The connection of a request that asks for another protocol, which whoever serves it may take. */
export interface Switchable {
  socket: Duplex
  /** What came after the request already. */
  early: Buffer
}

/** One request and its answer: the common headers, warnings, formats. */
export class Exchange implements RequestContext {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  user: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] }
  readonly serverAddress: string
  readonly gitVersion: string
  readonly warnings: string[] = []
  /** The objects asked for are of a custom kind: they are never written in protobuf, but errors are. */
  custom = false
  /** The connection, when the client asks for another protocol on it. */
  readonly switchable: Switchable | undefined

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    server: { address: string; gitVersion: string },
    switchable?: Switchable,
  ) {
    this.request = request
    this.response = response
    this.switchable = switchable
    this.method = request.method ?? 'GET'
    // A proxy's client writes the whole URL.
    const target = (request.url ?? '/').replace(/^https?:\/\/[^/?]*/, '') || '/'
    const mark = target.indexOf('?')
    this.path = mark < 0 ? target : target.slice(0, mark)
    this.query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1))
    this.serverAddress = server.address
    this.gitVersion = server.gitVersion
  }

  /** The Accept header, or `` when absent. */
  get accept(): string {
    return this.request.headers.accept ?? ''
  }

  /** Whether the client asks for a WebSocket. */
  get wantsWebSocket(): boolean {
    return this.switchable !== undefined && this.request.headers.upgrade?.toLowerCase() === 'websocket'
  }

  /** The protocols that the client would speak over a WebSocket, but for one that only held its token. */
  get protocols(): string[] {
    const { headers } = this.request
    const all = (headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim())
    return all.filter(
      (each) => each !== '' && (headers.authorization !== undefined || !each.startsWith(TOKEN_PROTOCOL)),
    )
  }

  /** Answers that a WebSocket begins, in which `protocol` is spoken; the connection is served by `reader` from now on. */
  switchToWebSocket(protocol: string | undefined, reader: WebSocketReader): WebSocketMessages {
    const { request } = this
    const socket = this.switchTo([
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptKey(request.headers['sec-websocket-key'] ?? '')}`,
      ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    ])
    return serveWebSocket(socket, this.switchable?.early ?? Buffer.alloc(0), reader)
  }

  /** Answers that another protocol is spoken from now on, with these headers, and gives the connection away. */
  switchTo(headers: readonly string[]): Duplex {
    const { switchable, request, response } = this
    if (switchable === undefined) throw new Error('the client did not ask for another protocol')
    response.detachSocket(request.socket)
    switchable.socket.write(['HTTP/1.1 101 Switching Protocols', ...headers, '', ''].join('\r\n'))
    return switchable.socket
  }

  send(
    status: number,
    contentType: string,
    body: string | Uint8Array,
    headers: Record<string, string> = {},
  ): void {
    this.startHeaders(status, contentType, headers)
    const data = typeof body === 'string' ? Buffer.from(body) : body
    if (data.length > GZIP_FROM && takesGzip(this.request.headers['accept-encoding'] ?? '')) {
      this.response.setHeader('Content-Encoding', 'gzip')
      this.response.setHeader('Vary', 'Accept-Encoding')
      const packed = gzipSync(data, { level: 1 })
      this.response.setHeader('Content-Length', packed.length)
      this.response.end(this.method === 'HEAD' ? undefined : packed)
      return
    }
    this.response.setHeader('Content-Length', data.length)
    this.response.end(this.method === 'HEAD' ? undefined : data)
  }

  /** Sends an answer as what stands before the API's own handlers does: without its headers. */
  sendBare(status: number, body = ''): void {
    this.response.statusCode = status
    this.response.end(body)
  }

  /** Writes status and headers without a body. */
  startHeaders(status: number, contentType: string, headers: Record<string, string> = {}): void {
    const { response } = this
    response.statusCode = status
    // Go's words for it; Node has younger ones.
    if (status === 413) response.statusMessage = 'Request Entity Too Large'
    response.setHeader('Audit-Id', randomUUID())
    response.setHeader('Cache-Control', 'no-cache, private')
    response.setHeader('Content-Type', contentType)
    const warnings = [...new Set(this.warnings)].map((text) => `299 - ${JSON.stringify(text)}`)
    if (warnings.length > 0) response.setHeader('Warning', warnings)
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  }

  /** Sends an object in the first format of the Accept header that it can be written in; JSON when there is none. */
  sendObject(status: number, body: JsonObject, headers: Record<string, string> = {}): void {
    const media = this.media(typeof body['kind'] === 'string' ? body['kind'] : '', status >= 400)
    if (media === 'yaml') {
      this.send(status, 'application/yaml', yamlText(body), headers)
      return
    }
    const packed = media === 'protobuf' ? encodeProtobuf(body) : undefined
    if (packed !== undefined) {
      this.send(status, PROTOBUF, packed, headers)
      return
    }
    const pretty = this.query.get('pretty')
    const text =
      pretty !== null && pretty !== 'false' && pretty !== '0'
        ? JSON.stringify(body, null, 2)
        : `${JSON.stringify(body)}\n`
    this.send(status, 'application/json', text, headers)
  }

  /** Sends JSON text as it is, unless another format is asked for. */
  sendText(status: number, json: string): void {
    if (this.media() === 'json') this.send(status, 'application/json', json)
    else this.sendObject(status, JSON.parse(json) as JsonObject)
  }

  /** Sends an error; what is not a StatusError becomes a 500. */
  sendError(error: unknown): void {
    const known =
      error instanceof StatusError
        ? error
        : new StatusError(
            500,
            'InternalError',
            `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`,
          )
    const breaksDown = error instanceof PackedCustomObject && minorOf(this.gitVersion) >= PANICS_SINCE
    if (this.response.headersSent || breaksDown) {
      this.response.destroy()
      return
    }
    if (error instanceof PathNotFound) {
      this.send(404, 'text/plain; charset=utf-8', '404 page not found\n', {
        'X-Content-Type-Options': 'nosniff',
      })
      return
    }
    const headers: Record<string, string> =
      known.retryAfter === undefined ? {} : { 'Retry-After': String(known.retryAfter) }
    this.sendObject(known.code, known.status(), headers)
  }

  /** The first format of the Accept header that an object of this kind can be sent in; JSON when there is none. */
  media(kind = '', isError = false): Media {
    for (const { type, parameters } of wantedTypes(this.accept)) {
      if (type === 'application/yaml' && !parameters.has('stream')) return 'yaml'
      if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'json'
      if (type !== PROTOBUF) continue
      const as = parameters.get('as')
      if (as === undefined ? !this.custom || isError : as === kind) return 'protobuf'
    }
    return 'json'
  }
}

function takesGzip(accepted: string): boolean {
  return accepted.split(',').some((each) => /^\s*gzip\s*(;(?!\s*q=0(\.0*)?\s*$).*)?$/.test(each))
}

function minorOf(gitVersion: string): number {
  return Number(/^v\d+\.(\d+)/.exec(gitVersion)?.[1])
}
