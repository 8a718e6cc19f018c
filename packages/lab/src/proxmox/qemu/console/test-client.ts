import type { WebSocketEnd } from '../../../websocket.ts'

/** What a console says, as one buffer, and whether it hung up. */
export function client(): { end: WebSocketEnd; said: () => Buffer; isClosed: () => boolean } {
  const parts: Buffer[] = []
  let closed = false
  return {
    end: { send: (data) => parts.push(data), close: () => (closed = true) },
    said: () => Buffer.concat(parts.splice(0)),
    isClosed: () => closed,
  }
}
