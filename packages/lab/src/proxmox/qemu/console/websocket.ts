import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'

/** Longest payload of a frame, bytes, either way. */
const MOST = 128 * 1024

/** The server's end of a switched connection. */
export interface WebSocketEnd {
  /** Sends bytes as binary frames. Does nothing once the connection is closed. */
  send(data: Buffer): void
  /** Ends the connection, without a frame that says so, as the original's proxy does. */
  close(): void
}

/** The answer to a client's `Sec-WebSocket-Key` (RFC 6455, 4.2.2). */
export function acceptKey(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/**
 * Serves a switched connection: payloads of text and binary frames go to `onData`, pings are answered. What breaks the
 * rules of the original's proxy (unmasked, fragmented or long frames) ends the connection. `onClose` is called once.
 */
export function serveWebSocket(
  socket: Duplex,
  early: Buffer,
  { onData, onClose }: { onData: (data: Buffer) => void; onClose: () => void },
): WebSocketEnd {
  let waiting = Buffer.from(early)
  let isOpen = true
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    socket.end()
    onClose()
  }
  const read = (): void => {
    while (isOpen) {
      const frame = readFrame(waiting)
      if (frame === undefined) return
      if (frame === 'broken' || frame.opcode === 8) return close()
      waiting = waiting.subarray(frame.length)
      if (frame.opcode === 9) socket.write(encodeFrame(10, frame.payload))
      else if (frame.opcode !== 10) onData(frame.payload)
    }
  }
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk])
    read()
  })
  for (const event of ['end', 'close', 'error'] as const) socket.on(event, close)
  socket.resume()
  // Whoever serves the end must have it before the first payload.
  queueMicrotask(read)
  return {
    close,
    send: (data) => {
      for (let at = 0; isOpen && at < data.length; at += MOST)
        socket.write(encodeFrame(2, data.subarray(at, at + MOST)))
    },
  }
}

interface Frame {
  readonly opcode: number
  readonly payload: Buffer
  /** Bytes of the whole frame. */
  readonly length: number
}

/** The first frame of some bytes; undefined while it is not whole. */
function readFrame(bytes: Buffer): Frame | 'broken' | undefined {
  if (bytes.length < 2) return undefined
  const [first = 0, second = 0] = bytes
  const opcode = first & 0x0f
  const isWhole = (first & 0xf0) === 0x80
  if (!isWhole || (second & 0x80) === 0 || ![1, 2, 8, 9, 10].includes(opcode)) return 'broken'
  let size = second & 0x7f
  let head = 2
  if (size === 126) {
    if (bytes.length < 4) return undefined
    size = bytes.readUInt16BE(2)
    head = 4
  } else if (size === 127) {
    if (bytes.length < 10) return undefined
    size = Number(bytes.readBigUInt64BE(2))
    head = 10
  }
  if (size > MOST) return 'broken'
  const length = head + 4 + size
  if (bytes.length < length) return undefined
  const key = bytes.subarray(head, head + 4)
  const payload = Buffer.from(
    bytes.subarray(head + 4, length).map((byte, index) => byte ^ (key[index % 4] ?? 0)),
  )
  return { opcode, payload, length }
}

function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  if (length < 126) return Buffer.concat([Buffer.from([0x80 | opcode, length]), payload])
  const head = Buffer.alloc(length < 65_536 ? 4 : 10)
  head[0] = 0x80 | opcode
  if (length < 65_536) {
    head[1] = 126
    head.writeUInt16BE(length, 2)
  } else {
    head[1] = 127
    head.writeBigUInt64BE(BigInt(length), 2)
  }
  return Buffer.concat([head, payload])
}
