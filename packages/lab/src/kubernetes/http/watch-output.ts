import { encodeEvent, PROTOBUF } from '../protobuf/encode.ts'
import type { JsonObject } from '../resources.ts'
import type { Exchange } from './exchange.ts'

/** A client that reads so much slower than things change is cut off, bytes that wait for it: it lists anew. */
const BACKLOG_LIMIT = 32 * 1024 * 1024
/** Code of a WebSocket that ends as it should (RFC 6455, 7.4.1). */
const NORMAL = 1000
/** Bytes before an event in protobuf that hold its length; the frames of a WebSocket have their own. */
const LENGTH = 4

/** Where the events of a watch go. */
export interface WatchOutput {
  event(this: void, type: string, object: JsonObject): void
  /** Ends the watch. Nothing happens when it is over. */
  end(): void
}

/** Begins the answer to a watch, in protobuf or JSON, as a stream or, when the client asked for that, over a WebSocket. */
export function watchOutput(exchange: Exchange, isBinary: boolean, onClose: () => void): WatchOutput {
  const { request, response } = exchange
  if (exchange.wantsWebSocket) {
    const socket = exchange.switchToWebSocket(exchange.protocols[0], { onData: () => {}, onClose })
    return {
      event(type, object) {
        const packed = isBinary ? encodeEvent(type, object) : undefined
        socket.message(packed === undefined ? line(type, object) : Buffer.from(packed.subarray(LENGTH)))
        if (socket.backlog > BACKLOG_LIMIT) socket.close()
      },
      end: () => socket.close(NORMAL),
    }
  }
  exchange.startHeaders(200, isBinary ? `${PROTOBUF};stream=watch` : 'application/json')
  response.flushHeaders()
  // Not the answer's end: one that waits behind another on its connection is not told of its client's going.
  const { socket } = request
  socket.once('close', onClose)
  return {
    event(type, object) {
      response.write((isBinary ? encodeEvent(type, object) : undefined) ?? line(type, object))
      if (response.writableLength > BACKLOG_LIMIT) response.destroy()
    },
    end: () => {
      socket.off('close', onClose)
      if (!response.writableEnded) response.end()
    },
  }
}

function line(type: string, object: JsonObject): string {
  return `${JSON.stringify({ type, object })}\n`
}
