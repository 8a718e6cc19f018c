import type { Duplex } from 'node:stream'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { methodNotAllowed } from '../errors.ts'

/** A request line as HTTP has it, whatever the method. */
const REQUEST_LINE = /^[!#$%&'*+.^`|~\w-]+ \S+ HTTP\/1\.[01]\r?\n/

/**
 * Answers what Node's HTTP parser does not take as Go's server does: a method that Node does not know is read and refused, all else is
 * a bad request.
 */
export function answerBroken(error: Error & { code?: string; rawPacket?: Buffer }, socket: Duplex): void {
  // Whoever took too long for the head of a request gets no answer.
  if (!socket.writable || error.code === 'ECONNRESET' || error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    socket.destroy()
    return
  }
  const isUnknown =
    error.code === 'HPE_INVALID_METHOD' && REQUEST_LINE.test(error.rawPacket?.toString('latin1') ?? '')
  if (isUnknown) {
    const body = `${JSON.stringify(methodNotAllowed().status())}\n`
    socket.end(
      [
        'HTTP/1.1 405 Method Not Allowed',
        'Cache-Control: no-cache, private',
        'Content-Type: application/json',
        `Date: ${new Date().toUTCString()}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    )
    return
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`,
  )
}

/** Answers a request that does not say for which host it is. False when it does, or need not. */
export function refuseWithoutHost(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.httpVersion !== '1.1' || request.headers.host !== undefined) return false
  const why = 'Bad Request: missing required Host header'
  response.writeHead(400, why, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' })
  response.end(`400 ${why}`)
  return true
}
