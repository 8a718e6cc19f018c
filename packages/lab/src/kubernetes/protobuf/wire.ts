/** Kinds of values on the wire. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, group: 3, endGroup: 4, fixed32: 5 } as const

/** One field as it stands on the wire. */
export interface WireField {
  number: number
  type: number
  /** Of varints: 64 bits, two's complement. */
  value: bigint
  /** Of length-delimited and fixed fields. */
  bytes: Uint8Array
}

const EMPTY = new Uint8Array(0)

/** Thrown for bytes that are no message; the text is that of the API server. */
export class WireError extends Error {
  override name = 'WireError'
}

/** Splits a message into its fields. Throws WireError on bytes that are cut short or no message. */
export function readFields(data: Uint8Array): WireField[] {
  const result: WireField[] = []
  let position = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = data[position++]
      if (byte === undefined) throw new WireError('unexpected EOF')
      if (shift > 63n) throw new WireError('proto: integer overflow')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, value)
    }
  }
  const take = (length: number): Uint8Array => {
    if (length < 0) throw new WireError('proto: negative length found during unmarshaling')
    if (position + length > data.length) throw new WireError('unexpected EOF')
    const bytes = data.subarray(position, position + length)
    position += length
    return bytes
  }
  /** Passes over a group, an old form of message that nothing uses; groups may be in it. */
  const skipGroup = (): void => {
    for (let depth = 1; depth > 0;) {
      const type = Number(varint() & 7n)
      if (type === WIRE.group) depth++
      else if (type === WIRE.endGroup) depth--
      else if (type === WIRE.varint) varint()
      else if (type === WIRE.bytes) take(Number(varint()))
      else if (type === WIRE.fixed64 || type === WIRE.fixed32) take(type === WIRE.fixed64 ? 8 : 4)
      else throw new WireError(`proto: illegal wireType ${type}`)
    }
  }
  while (position < data.length) {
    const tag = Number(BigInt.asUintN(32, varint()))
    const number = tag >>> 3
    const type = tag & 7
    if (number === 0) throw new WireError(`proto: illegal tag 0 (wire type ${tag})`)
    if (type === WIRE.varint) result.push({ number, type, value: varint(), bytes: EMPTY })
    else if (type === WIRE.fixed64) result.push({ number, type, value: 0n, bytes: take(8) })
    else if (type === WIRE.bytes) result.push({ number, type, value: 0n, bytes: take(Number(varint())) })
    else if (type === WIRE.group) skipGroup()
    else if (type === WIRE.fixed32) result.push({ number, type, value: 0n, bytes: take(4) })
    else throw new WireError(`proto: illegal wireType ${type}`)
  }
  return result
}
