import type { Duplex } from 'node:stream'

// The client's side of RFC 6455, as far as Proxmox's relay speaks it: client frames are masked, whole and at most 128 KiB
// long; there are no extensions.

/** Longest frame that is read, bytes. The relay's own are never longer than its limit. */
const MAX_READ_BYTES = 2 ** 20

/** Kinds of frames. */
export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** Makes one masked frame. The relay takes a `payload` of at most 128 KiB. */
export function encodeFrame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const head = Buffer.alloc(2 + extended)
  head[0] = 0x80 | opcode
  head[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127)
  if (extended === 2) head.writeUInt16BE(length, 2)
  if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2)
  const mask = crypto.getRandomValues(new Uint8Array(4))
  const masked = Buffer.from(payload)
  for (let index = 0; index < length; index += 1)
    masked[index] = (masked[index] ?? 0) ^ (mask[index % 4] ?? 0)
  return Buffer.concat([head, mask, masked])
}

/**
 * Reads the payloads of the frames of a connection until it ends, by a close frame or, as Proxmox does, without one. Pings are
 * answered. Throws a TypeError for what is no frame.
 */
export async function* readPayloads(socket: Duplex): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = []
  let size = 0
  // How many bytes there must be before the next frame can be read.
  let needed = 2
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    waiting.push(chunk)
    size += chunk.length
    if (size < needed) continue
    let bytes = Buffer.concat(waiting)
    for (;;) {
      needed = lengthOf(bytes)
      if (bytes.length < needed) break
      const whole = readFrame(bytes.subarray(0, needed))
      bytes = bytes.subarray(needed)
      if (whole === undefined) continue
      const { opcode, payload } = whole
      if (opcode === opcodes.close) return
      if (opcode === opcodes.ping) socket.write(encodeFrame(opcodes.pong, payload))
      else if (opcode !== opcodes.pong && payload.length > 0) yield payload
    }
    waiting = [bytes]
    size = bytes.length
  }
}

/** How long the frame is that begins here, as far as its head is known. */
function lengthOf(bytes: Buffer): number {
  if (bytes.length < 2) return 2
  const short = (bytes[1] ?? 0) & 0x7f
  const head = short === 126 ? 4 : short === 127 ? 10 : 2
  if (bytes.length < head) return head
  const length =
    short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  if (length > MAX_READ_BYTES) throw new TypeError(`a frame of ${length} bytes`)
  return head + length
}

function readFrame(frame: Buffer): { opcode: number; payload: Buffer } | undefined {
  const [first = 0, second = 0] = frame
  // A server's frames bear no mask, and no extension was asked for.
  if ((second & 0x80) !== 0 || (first & 0x70) !== 0) throw new TypeError('not a frame of a WebSocket server')
  const head = second === 126 ? 4 : second === 127 ? 10 : 2
  return { opcode: first & 0x0f, payload: frame.subarray(head) }
}
