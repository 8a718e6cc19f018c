import { deflateSync, gzipSync } from 'node:zlib'
import { ApiError } from './api-error.ts'
import type { Formatter } from './formats.ts'
import { Download, Unanswered, Upgrade } from './handler.ts'
import type { Exchange } from './http/connection.ts'
import type { Refusal } from './http/refusal.ts'
import type { Route } from './routes.ts'

/** Answers of more bytes than this are compressed for who accepts it. */
const COMPRESSED_FROM = 1024

/** Sends what a handler returned, or the error it threw. */
export function send(
  exchange: Exchange,
  formatter: Formatter,
  route: Route | undefined,
  result: unknown,
): void {
  const relayed = route?.call.protected === 1
  if (result instanceof Upgrade) upgrade(exchange, result)
  else if (result instanceof Download) download(exchange, result, relayed)
  else if (result instanceof ApiError && result.status >= 590)
    // What breaks between the original's processes has no body in any format.
    exchange.answer({ status: result.status, reason: result.message, headers: [], body: '' })
  else if (result instanceof Unanswered) exchange.silence(true)
  else {
    const rendered = result instanceof ApiError ? formatter.failure(result) : formatter.success(result)
    const isUpload = route?.key.endsWith('/upload') === true
    const { body, encoding } = compress(exchange, rendered.body)
    exchange.answer({
      status: rendered.status,
      reason: rendered.reason,
      relayed: relayed && !isUpload,
      close: isUpload,
      headers: [
        ...(encoding === undefined ? [] : [['Content-Encoding', encoding] as const]),
        ['Content-Type', rendered.contentType],
      ],
      body,
    })
  }
}

/** Sends what was refused before it became a call. */
export function sendRefusal(exchange: Exchange, refusal: Refusal): void {
  exchange.answer({
    status: refusal.status,
    reason: refusal.message,
    headers: refusal.headers,
    body: refusal.body,
  })
}

function compress(exchange: Exchange, text: string | Uint8Array): { body: Uint8Array; encoding?: string } {
  const body = typeof text === 'string' ? Buffer.from(text, 'utf8') : text
  const accepted = exchange.head.headers['accept-encoding']
  if (accepted === undefined || body.length <= COMPRESSED_FROM) return { body }
  if (/\bgzip\b/.test(accepted)) return { body: gzipSync(body), encoding: 'gzip' }
  return /\bdeflate\b/.test(accepted) ? { body: deflateSync(body), encoding: 'deflate' } : { body }
}

function download(exchange: Exchange, { filename, text }: Download, relayed: boolean): void {
  exchange.answer({
    status: 200,
    reason: 'OK',
    relayed,
    headers: [
      ['Content-Disposition', `attachment; filename="${filename}"`],
      ['Content-Type', 'text/plain'],
    ],
    body: text,
  })
}

function upgrade(exchange: Exchange, { headers, start }: Upgrade): void {
  const { socket, early } = exchange.takeOver()
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    ...headers.map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ]
  socket.write(lines.join('\r\n'))
  start(socket, early)
}
