import { request } from 'node:https'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'

/** An answer as it came. */
export interface Answer {
  /** 0 when there was none. */
  status: number
  /** Reason phrase. */
  reason: string
  headers: { [name: string]: string | string[] | undefined }
  body: string
}

/** What to send. */
export interface Call {
  method: string
  path: string
  headers: [string, string][]
  body?: string | Buffer
}

/** The certificate a client shows, PEM. */
export interface Identity {
  cert?: string
  key?: string
}

/** An exchange that stays open. */
export interface Stream {
  status: Promise<number>
  /** When it was asked for, milliseconds since 1970. */
  readonly opened: number
  /** Lines received so far. */
  readonly lines: string[]
  /** Resolves when the server has closed it. */
  closed: Promise<void>
  close(): void
}

const NO_ANSWER_AFTER = 20_000
/** Headers that belong to a connection, not to the exchange. */
const OWN = new Set(['host', 'content-length', 'connection'])

function open(url: string, call: Call, timeout?: number, identity: Identity = {}): ClientRequest {
  const target = new URL(url)
  const headers: { [name: string]: string | string[] } = {}
  if (call.body !== undefined) headers['Content-Length'] = String(Buffer.byteLength(call.body))
  for (const [name, value] of call.headers) {
    if (OWN.has(name.toLowerCase())) continue
    const before = headers[name]
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  }
  return request({
    host: target.hostname,
    port: target.port,
    method: call.method,
    path: call.path,
    headers,
    rejectUnauthorized: false,
    ...identity,
    ...(timeout === undefined ? {} : { timeout }),
  })
}

/** Sends a request; resolves to its whole answer, or to status 0 and the reason when there is none. */
export function send(url: string, call: Call, identity?: Identity): Promise<Answer> {
  return new Promise((resolve) => {
    const outgoing = open(url, call, NO_ANSWER_AFTER, identity)
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      const done = (): void => {
        const data = Buffer.concat(chunks)
        const packed = response.headers['content-encoding'] === 'gzip'
        resolve({
          status: response.statusCode ?? 0,
          reason: response.statusMessage ?? '',
          headers: response.headers,
          body: bodyText(packed ? gunzipSync(data) : data, response.headers['content-type']),
        })
      }
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', done)
      response.on('error', done)
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${NO_ANSWER_AFTER} ms`)))
    outgoing.on('error', (error) => resolve({ status: 0, reason: '', headers: {}, body: error.message }))
    outgoing.end(call.body)
  })
}

/** Opens a stream of lines. */
export function stream(url: string, call: Call): Stream {
  const outgoing = open(url, call)
  const lines: string[] = []
  let status: (value: number) => void = () => {}
  let closed: () => void = () => {}
  const result: Stream = {
    status: new Promise((resolve) => (status = resolve)),
    closed: new Promise((resolve) => (closed = resolve)),
    opened: Date.now(),
    lines,
    close: () => outgoing.destroy(),
  }
  outgoing.on('response', (response) => {
    status(response.statusCode ?? 0)
    let rest = ''
    if (isBinary(response.headers['content-type'])) {
      readFrames(response, (frame) => lines.push(frame))
      response.on('end', () => closed())
      response.on('error', () => closed())
      return
    }
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts.filter((line) => line !== ''))
    })
    response.on('end', () => {
      if (rest !== '') lines.push(rest)
      closed()
    })
    response.on('error', () => closed())
  })
  outgoing.on('error', () => {
    status(0)
    closed()
  })
  outgoing.end(call.body)
  return result
}

function isBinary(contentType: string | undefined): boolean {
  return /protobuf/.test(contentType ?? '')
}

/** A body as recordings write it: bytes that are no text as base64. */
function bodyText(data: Buffer, contentType: string | undefined): string {
  return isBinary(contentType) ? `base64:${data.toString('base64')}` : data.toString()
}

/** Calls back for each frame of a stream in protobuf: four bytes that hold its length, then the event. */
function readFrames(response: IncomingMessage, each: (frame: string) => void): void {
  let rest = Buffer.alloc(0)
  response.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0)
      each(`base64:${rest.subarray(0, end).toString('base64')}`)
      rest = rest.subarray(end)
    }
  })
}
