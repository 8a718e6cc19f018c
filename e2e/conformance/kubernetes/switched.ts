import { parseJson } from '../json.ts'
import { judged, shown } from './compare.ts'
import type { Judged } from './compare.ts'
import { wireValue } from './protobuf.ts'

/** First byte of a whole frame of bytes. */
const BINARY = 0x82
/** Channels of exec and attach; their number is the first byte of a message. */
const CHANNELS = 4

/** Compares what came over a connection with a recorded WebSocket: how it began, and each frame. */
export function compareSwitched(recorded: readonly string[], came: Buffer): Judged {
  const [head = '', ...packed] = recorded
  const frames = packed.map((frame) => Buffer.from(frame.replace(/^base64:/, ''), 'base64'))
  const end = came.indexOf('\r\n\r\n') + 4
  const actual = came.subarray(0, end).toString()
  const left = [head, ...frames.map(shownFrame)]
  const right = [actual, ...framesIn(came.subarray(end)).map(shownFrame)]
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(actual)?.[1])
  return judged(101, status, JSON.stringify(left) === JSON.stringify(right), left, right)
}

/** A frame for comparison: its kind, the channel of a message that has one, and the payload. */
function shownFrame(frame: Buffer): string {
  const kind = frame[0] ?? 0
  const payload = frame.subarray(payloadAt(frame))
  const hasChannel = kind === BINARY && payload.length > 0 && (payload[0] ?? CHANNELS) < CHANNELS
  const [channel, content] = hasChannel
    ? [payload.subarray(0, 1), payload.subarray(1)]
    : [Buffer.alloc(0), payload]
  const text = content.toString()
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  // An event in protobuf stands in a frame without the length that goes before it in a stream.
  const fields =
    kind === BINARY && content.length > 0 ? wireValue(Buffer.concat([length, content])) : undefined
  const value =
    parseJson(text) !== undefined
      ? shown(text)
      : fields === undefined
        ? content.toString('hex')
        : JSON.stringify(fields)
  return `${kind.toString(16)} ${channel.toString('hex')} ${value}`
}

/** Where the payload of a frame begins. */
function payloadAt(frame: Buffer): number {
  const size = (frame[1] ?? 0) & 0x7f
  return size === 126 ? 4 : size === 127 ? 10 : 2
}

/** Whether so many frames came behind the answer that begins a WebSocket. */
export function hasFrames(came: Buffer, count: number): boolean {
  const end = came.indexOf('\r\n\r\n')
  return end >= 0 && framesIn(came.subarray(end + 4)).length >= count
}

/** The frames in what a server sent. */
function framesIn(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let rest = bytes; rest.length >= 2;) {
    const head = payloadAt(rest)
    const size =
      head === 2 ? (rest[1] ?? 0) : head === 4 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2))
    frames.push(rest.subarray(0, head + size))
    rest = rest.subarray(head + size)
  }
  return frames
}
