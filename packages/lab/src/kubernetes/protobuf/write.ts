import { WIRE } from './wire.ts'

/** Writes one message: its fields in the order they are given. */
export class MessageWriter {
  #data = new Uint8Array(256)
  #length = 0

  /** What was written. */
  finish(): Uint8Array {
    return this.#data.subarray(0, this.#length)
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#data.length) return
    const larger = new Uint8Array(Math.max(this.#data.length * 2, this.#length + bytes))
    larger.set(this.#data.subarray(0, this.#length))
    this.#data = larger
  }

  #varint(value: bigint): void {
    this.#room(10)
    let rest = BigInt.asUintN(64, value)
    while (rest >= 0x80n) {
      this.#data[this.#length++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#data[this.#length++] = Number(rest)
  }

  /** A length, a tag or another number that is not negative and below 2^31. */
  #small(value: number): void {
    this.#room(5)
    let rest = value
    while (rest >= 0x80) {
      this.#data[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#data[this.#length++] = rest
  }

  /** A whole number; negative ones take ten bytes. */
  number(field: number, value: number | bigint): void {
    this.#small((field << 3) | WIRE.varint)
    if (typeof value === 'number' && value >= 0 && value < 2 ** 31) this.#small(value)
    else this.#varint(BigInt(value))
  }

  bool(field: number, value: boolean): void {
    this.number(field, value ? 1 : 0)
  }

  double(field: number, value: number): void {
    this.#small((field << 3) | WIRE.fixed64)
    this.#room(8)
    new DataView(this.#data.buffer).setFloat64(this.#length, value, true)
    this.#length += 8
  }

  /** A text, bytes, or another message. */
  bytes(field: number, value: Uint8Array): void {
    this.#small((field << 3) | WIRE.bytes)
    this.#small(value.length)
    this.#room(value.length)
    this.#data.set(value, this.#length)
    this.#length += value.length
  }

  text(field: number, value: string): void {
    this.bytes(field, Buffer.from(value))
  }
}
