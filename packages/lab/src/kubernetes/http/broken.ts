import type { Duplex } from 'node:stream'
import { methodNotAllowed } from '../errors.ts'

/**
 * Answers what Node's HTTP parser does not take: a method that it does not know, which the API server reads and refuses. All else ends
 * with the connection.
 */
export function answerBroken(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code !== 'HPE_INVALID_METHOD' || !socket.writable) {
    socket.destroy()
    return
  }
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
}
