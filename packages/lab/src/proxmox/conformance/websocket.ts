import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'

/** How long a silence of the server is listened to, milliseconds. */
const QUIET = 300

/**
 * Plays the recorded frames over a switched connection.
 * @param put puts the values of this world into what the client says.
 * @returns what differs.
 */
export async function playFrames(
  socket: Socket,
  early: Buffer,
  frames: readonly (readonly string[])[],
  put: (text: string) => string,
): Promise<string[]> {
  const differences: string[] = []
  let received: Buffer = Buffer.from(early)
  let closed = false
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
  })
  for (const event of ['end', 'close', 'error'] as const)
    socket.on(event, () => {
      closed = true
    })
  socket.resume()
  for (const [side, content = '', , state] of frames) {
    if (side === 'client') {
      if (content !== '') socket.write(clientFrame(Buffer.from(put(content), 'utf8')))
      continue
    }
    const want = payloads(Buffer.from(content, 'hex')).toString('utf8')
    const until = performance.now() + 2000
    while (payloads(received).length < Buffer.byteLength(want) && !closed && performance.now() < until)
      await pause(10)
    await pause(QUIET)
    const got = payloads(received).toString('utf8')
    received = Buffer.alloc(0)
    if (got !== want) differences.push(`frames: want ${JSON.stringify(want)} got ${JSON.stringify(got)}`)
    if ((state === 'closed') !== closed)
      differences.push(`connection: want ${state} got ${closed ? 'closed' : 'open'}`)
  }
  socket.destroy()
  return differences
}

/** First bytes that a console says, joined of its frames. */
export function payloads(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    let length = (bytes[at + 1] ?? 0) & 0x7f
    let head = 2
    if (length === 126) {
      length = bytes.readUInt16BE(at + 2)
      head = 4
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(at + 2))
      head = 10
    }
    parts.push(bytes.subarray(at + head, at + head + length))
    at += head + length
  }
  return Buffer.concat(parts)
}

function clientFrame(payload: Buffer): Buffer {
  const key = randomBytes(4)
  const masked = payload.map((byte, index) => byte ^ (key[index % 4] ?? 0))
  const head =
    payload.length < 126
      ? Buffer.from([0x82, 0x80 | payload.length])
      : Buffer.from([0x82, 0x80 | 126, payload.length >> 8, payload.length & 0xff])
  return Buffer.concat([head, key, masked])
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
