import { createCipheriv } from 'node:crypto'
import { CELL, glyphRows } from './font.ts'

/** A picture of 32-bit pixels, each 0xRRGGBB. */
interface Framebuffer {
  readonly width: number
  readonly height: number
  readonly pixels: Uint32Array
}

/**
 * A client of a screen, as RFC 6143 describes one: it shows nothing, but knows the picture, and reads its text. It is fed what
 * the server says and says what it has to itself.
 */
export class Viewer {
  readonly #send: (bytes: Buffer) => void
  readonly #password: string
  #waiting: Buffer = Buffer.alloc(0)
  #steps: (() => boolean)[]
  frame: Framebuffer = { width: 0, height: 0, pixels: new Uint32Array() }
  name = ''
  /** Rectangles that came so far. */
  rectangles = 0

  constructor(password: string, send: (bytes: Buffer) => void) {
    this.#password = password
    this.#send = send
    this.#steps = [
      () => this.#say(12, () => Buffer.from('RFB 003.008\n')),
      () => this.#security(),
      () => this.#say(16, (challenge) => vncAnswer(challenge, this.#password)),
      () => this.#say(4, () => Buffer.from([1])),
      () => this.#init(),
    ]
  }

  /** Bytes of the server. */
  data(bytes: Buffer): void {
    this.#waiting = Buffer.concat([this.#waiting, bytes])
    while (this.#steps[0]?.()) this.#steps.shift()
    if (this.#steps.length === 0) while (this.#update()) continue
  }

  /** Presses and releases keys, by their X11 keysyms, one after the other. */
  press(...keysyms: number[]): void {
    for (const keysym of keysyms)
      for (const isDown of [1, 0]) this.#send(Buffer.from([4, isDown, 0, 0, 0, 0, keysym >> 8, keysym & 255]))
  }

  /** Types text and Return. */
  enter(text: string): void {
    this.press(...Array.from(text, (character) => character.charCodeAt(0)), 0xff0d)
  }

  /** The text on the screen, as its pixels say: lines without blanks at their end. */
  get text(): string[] {
    const { width, height, pixels } = this.frame
    const lines: string[] = []
    for (let y = 0; y + CELL.height <= height; y += CELL.height) {
      let line = ''
      for (let x = 0; x + CELL.width <= width; x += CELL.width) {
        const bits = Array.from({ length: CELL.height }, (_, row) =>
          Array.from({ length: CELL.width }, (__, dot) =>
            pixels[(y + row) * width + x + dot] ? 1 << (CELL.width - 1 - dot) : 0,
          ).reduce((sum, bit) => sum | bit, 0),
        )
        line += LETTERS.get(bits.join()) ?? (bits[13] === 511 ? '_' : '?')
      }
      lines.push(line.trimEnd())
    }
    return lines
  }

  #take(length: number): Buffer | undefined {
    if (this.#waiting.length < length) return undefined
    const bytes = this.#waiting.subarray(0, length)
    this.#waiting = this.#waiting.subarray(length)
    return bytes
  }

  #say(length: number, answer: (bytes: Buffer) => Buffer): boolean {
    const bytes = this.#take(length)
    if (bytes) this.#send(answer(bytes))
    return bytes !== undefined
  }

  #security(): boolean {
    const kinds = this.#waiting.length > 0 ? this.#take(1 + (this.#waiting[0] ?? 0)) : undefined
    if (!kinds) return false
    if (!kinds.subarray(1).includes(2)) throw new Error('the server has no VNC authentication')
    this.#send(Buffer.from([2]))
    return true
  }

  #init(): boolean {
    if (this.#waiting.length < 24) return false
    const head = this.#take(24 + this.#waiting.readUInt32BE(20))
    if (!head) return false
    const [width, height] = [head.readUInt16BE(0), head.readUInt16BE(2)]
    this.name = head.subarray(24).toString()
    this.frame = { width, height, pixels: new Uint32Array(width * height) }
    this.#send(Buffer.from([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]))
    this.#request(0)
    return true
  }

  #request(incremental: number): void {
    const { width, height } = this.frame
    this.#send(Buffer.from([3, incremental, 0, 0, 0, 0, width >> 8, width & 255, height >> 8, height & 255]))
  }

  #update(): boolean {
    const bytes = this.#waiting
    if (bytes.length < 4) return false
    if (bytes[0] !== 0) throw new Error(`the server sent a message of type ${bytes[0]}`)
    let at = 4
    for (let left = bytes.readUInt16BE(2); left > 0; left -= 1) {
      if (bytes.length < at + 12) return false
      const [width, height] = [bytes.readUInt16BE(at + 4), bytes.readUInt16BE(at + 6)]
      if (bytes.readInt32BE(at + 8) !== 0)
        throw new Error('the server sent an encoding that was not asked for')
      if (bytes.length < at + 12 + width * height * 4) return false
      const [x, y] = [bytes.readUInt16BE(at), bytes.readUInt16BE(at + 2)]
      at += 12
      for (let row = y; row < y + height; row += 1)
        for (let column = x; column < x + width; column += 1, at += 4)
          this.frame.pixels[row * this.frame.width + column] = bytes.readUInt32LE(at) & 0xffffff
      this.rectangles += 1
    }
    this.#take(at)
    this.#request(1)
    return true
  }
}

const LETTERS = new Map(
  Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).flatMap((letter) => {
    const rows = glyphRows(letter)
    // With the cursor on it it is the same letter.
    return [
      [rows.join(), letter],
      [rows.map((bits, row) => (row === 13 || row === 14 ? 511 : bits)).join(), letter],
    ] as const
  }),
)

/** What a VNC client makes of a challenge: DES under the password, its bits mirrored. */
export function vncAnswer(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8)
  for (const [index, byte] of Buffer.from(password.slice(0, 8)).entries()) {
    for (let bit = 0; bit < 8; bit += 1) if (byte & (1 << bit)) key[index] = (key[index] ?? 0) | (128 >> bit)
  }
  return createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null)
    .setAutoPadding(false)
    .update(challenge)
}
