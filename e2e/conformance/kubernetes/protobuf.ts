import type { Json } from '../json.ts'
import { parseJson } from '../json.ts'
import { mask } from './mask.ts'

/**
 * Protobuf bodies are compared by what stands on the wire, field by field: no schema is used, so that a schema of the lab that is wrong
 * cannot hide it. Volatile values are made equal.
 */
const MAGIC = Buffer.from('k8s\0')
const UTF8 = new TextDecoder('utf-8', { fatal: true })
/** Seconds since 1970 that a recording may hold: from 2017 to 2049. */
const isTime = (value: bigint): boolean => value > 1_500_000_000n && value < 2_500_000_000n

/** What stands on the wire in a body or a frame of a watch; undefined when the bytes are neither. */
export function wireValue(data: Uint8Array): Json | undefined {
  const bytes = Buffer.from(data)
  if (bytes.subarray(0, 4).equals(MAGIC)) return envelope(bytes, false)
  if (bytes.length > 4 && bytes.readUInt32BE(0) === bytes.length - 4)
    return { frame: message(bytes.subarray(4), false) ?? '' }
  return undefined
}

/** The frames in bytes that were read from a stream at once; undefined when the bytes are none. */
export function framesOf(data: Uint8Array): Buffer[] | undefined {
  const frames: Buffer[] = []
  for (let rest = Buffer.from(data); rest.length > 0;) {
    const end = rest.length < 4 ? rest.length : 4 + rest.readUInt32BE(0)
    if (end > rest.length || rest.length < 4) return undefined
    frames.push(rest.subarray(0, end))
    rest = rest.subarray(end)
  }
  return frames
}

/** The fields at the beginning of a body that was cut, as long as they are whole; undefined when there are none. */
export function beginningOfWire(data: Uint8Array): Json[] | undefined {
  const bytes = Buffer.from(data)
  const isPacked = bytes.subarray(0, MAGIC.length).equals(MAGIC)
  const fields = message(isPacked ? bytes.subarray(MAGIC.length) : bytes, true)
  return fields === undefined || fields.length === 0 ? undefined : fields
}

/** Whether the fields of one message begin as those of another; the last may go on. */
export function wireBeginsAs(cut: Json, whole: Json | undefined): boolean {
  if (!Array.isArray(cut) || !Array.isArray(whole)) return JSON.stringify(cut) === JSON.stringify(whole)
  return cut.every((each, index) => {
    if (index < cut.length - 1) return JSON.stringify(each) === JSON.stringify(whole[index])
    return wireBeginsAs(each, whole[index])
  })
}

function envelope(bytes: Buffer, isCut: boolean): Json {
  return { k8s: message(bytes.subarray(MAGIC.length), isCut) ?? bytes.toString('hex') }
}

/** The fields of a message as `[number, value]`; undefined when the bytes are none. Of a cut one, those that are there. */
function message(bytes: Buffer, isCut: boolean): Json[] | undefined {
  const fields: Json[] = []
  let at = 0
  let timed = false
  const varint = (): bigint | undefined => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) return undefined
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    return undefined
  }
  const rest = isCut ? fields : undefined
  while (at < bytes.length) {
    const tag = varint()
    if (tag === undefined) return rest
    const number = Number(tag >> 3n)
    const type = Number(tag & 7n)
    if (number === 0 || number > 10_000) return rest
    if (type === 0) {
      const value = varint()
      if (value === undefined) return rest
      if (number === 1 && isTime(value)) timed = true
      // The fraction of a second stands beside it.
      fields.push([number, timed && number <= 2 ? '<time>' : String(value)])
    } else if (type === 1 || type === 5) {
      const length = type === 1 ? 8 : 4
      if (at + length > bytes.length) return rest
      fields.push([number, bytes.subarray(at, at + length).toString('hex')])
      at += length
    } else if (type === 2) {
      const length = varint()
      if (length === undefined) return rest
      const end = at + Number(length)
      if (end > bytes.length) {
        const part = bytes.subarray(at)
        // Half a text says nothing for certain.
        if (isCut && (part[0] === 0x0a || textOf(part) === undefined))
          fields.push([number, message(part, true) ?? []])
        return rest
      }
      fields.push([number, content(bytes.subarray(at, end))])
      at = end
    } else return rest
  }
  return fields
}

/** A text, a message, or bytes: what the bytes of a field look like. */
function content(bytes: Buffer): Json {
  if (bytes.length === 0) return ''
  if (bytes.subarray(0, 4).equals(MAGIC)) return envelope(bytes, false)
  const first = bytes[0] ?? 0
  const inner = first === 0x0a ? message(bytes, false) : undefined
  return inner ?? textOf(bytes) ?? message(bytes, false) ?? bytes.toString('hex')
}

function textOf(bytes: Buffer): Json | undefined {
  let text: string
  try {
    text = UTF8.decode(bytes)
  } catch {
    return undefined
  }
  for (const letter of text) if (letter < ' ' && letter !== '\n' && letter !== '\t') return undefined
  // Versions of objects, continue tokens and tokens differ each time.
  if (/^\d{2,}$/.test(text)) return '<number>'
  if (/^((<[^>]*>)?x{20,}|eyJ[\w.=-]+|-----BEGIN CERTIFICATE[^]*)$/.test(text.trimEnd())) return '<token>'
  const json = parseJson(text)
  return mask(json !== null && typeof json === 'object' ? json : text)
}
