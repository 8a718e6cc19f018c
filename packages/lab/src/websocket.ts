import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'

/** Longest payload of a frame, bytes, either way. */
const MOST = 128 * 1024

/** The server's end of a switched connection that carries a stream of bytes. */
export interface WebSocketEnd {
  /** Sends bytes as binary frames. Does nothing once the connection is closed. */
  send(data: Buffer): void
  /** Ends the connection, without a frame that says so, as the proxy of Proxmox does. */
  close(): void
}

/** The server's end of a switched connection that carries messages. */
export interface WebSocketMessages extends WebSocketEnd {
  /** Sends one frame: text, or bytes as a binary one. Does nothing once the connection is closed. */
  message(data: string | Buffer): void
  /** Ends the connection; with a code, after a frame that says so. */
  close(code?: number): void
  /** Bytes that wait for the client. */
  readonly backlog: number
}

/** Who hears what comes over a WebSocket. */
export interface WebSocketReader {
  /** The payload of a text or binary frame. */
  onData(this: void, data: Buffer): void
  /** Called once, when the connection is over. */
  onClose(this: void): void
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
  { onData, onClose }: WebSocketReader,
): WebSocketMessages {
  let waiting = Buffer.from(early)
  let isOpen = true
  const close = (code?: number): void => {
    if (!isOpen) return
    isOpen = false
    if (code !== undefined && socket.writable)
      socket.write(encodeFrame(8, Buffer.from([code >> 8, code & 0xff])))
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
  for (const event of ['end', 'close', 'error'] as const) socket.on(event, () => close())
  socket.resume()
  // Whoever serves the end must have it before the first payload.
  queueMicrotask(read)
  return {
    close,
    get backlog() {
      return socket.writableLength
    },
    message: (data) => {
      if (isOpen)
        socket.write(typeof data === 'string' ? encodeFrame(1, Buffer.from(data)) : encodeFrame(2, data))
    },
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
