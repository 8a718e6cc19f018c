import type { KeyPress } from './keys.ts'
import { Keyboard } from './keys.ts'
import { PALETTE, Picture, type PixelFormat } from './picture.ts'
import type { TextScreen } from './text-screen.ts'

/** Milliseconds that changes of a screen are collected before they are sent. */
const COLLECT_MS = 30
/** Longest text that a client may put on the clipboard, bytes. */
const CLIPBOARD = 1 << 20

/** What one client of a screen sees and does. */
export interface RfbOptions {
  readonly screen: TextScreen
  /** Name of the screen, which clients show. */
  readonly name: string
  readonly send: (bytes: Buffer) => void
  /** Hangs up. */
  readonly close: () => void
  readonly press: (key: KeyPress) => void
}

/** 32 bits, little endian, 8 for each colour. */
const NATIVE: PixelFormat = {
  bytes: 4,
  isBigEndian: false,
  isTrueColour: true,
  max: [255, 255, 255],
  shift: [16, 8, 0],
}

/** Serves one client that was let in, by RFB 3.8 (RFC 6143); the picture is sent in the raw encoding. */
export class RfbServer {
  readonly #options: RfbOptions
  readonly #keyboard = new Keyboard()
  readonly #picture: Picture
  #waiting: Buffer = Buffer.alloc(0)
  #format = NATIVE
  /** The client asked for what changes and has not got it yet. */
  #isAwaited = false
  #collecting: NodeJS.Timeout | undefined
  #isClosed = false
  /** Takes the next message; false while it is not whole. */
  #step: () => boolean = () => this.#init()

  constructor(options: RfbOptions) {
    this.#options = options
    this.#picture = new Picture(options.screen)
  }

  /** Bytes of the client. */
  data(bytes: Buffer): void {
    this.#waiting = Buffer.concat([this.#waiting, bytes])
    while (!this.#isClosed && this.#step()) continue
  }

  /** The screen has changed. */
  changed(): void {
    if (!this.#isAwaited || this.#collecting !== undefined) return
    this.#collecting = setTimeout(() => {
      this.#collecting = undefined
      this.#update(false)
    }, COLLECT_MS)
    this.#collecting.unref()
  }

  /** The client went. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#collecting)
  }

  #send(...parts: Buffer[]): void {
    this.#options.send(Buffer.concat(parts))
  }

  /** Takes bytes off the client's; undefined while they are not there. */
  #take(length: number): Buffer | undefined {
    if (this.#waiting.length < length) return undefined
    const bytes = this.#waiting.subarray(0, length)
    this.#waiting = this.#waiting.subarray(length)
    return bytes
  }

  #hangUp(): void {
    this.close()
    this.#options.close()
  }

  #init(): boolean {
    if (!this.#take(1)) return false
    const name = Buffer.from(this.#options.name)
    const { width, height } = this.#picture
    this.#send(uint16(width), uint16(height), printFormat(NATIVE), uint32(name.length), name)
    this.#step = () => this.#message()
    return true
  }

  #message(): boolean {
    const length = lengthOf(this.#waiting)
    // What comes after an unknown message cannot be told from it.
    if (length === 'unknown') {
      this.#hangUp()
      return false
    }
    const message = length === undefined ? undefined : this.#take(length)
    if (!message) return false
    if (message[0] === 0) this.#setFormat(message)
    else if (message[0] === 3) this.#update(message[1] === 0)
    else if (message[0] === 4)
      this.#options.press(this.#keyboard.key(message.readUInt32BE(4), message[1] !== 0))
    return true
  }

  #setFormat(message: Buffer): void {
    const bytes = (message[4] ?? 0) / 8
    if (bytes !== 1 && bytes !== 2 && bytes !== 4) return this.#hangUp()
    this.#format = {
      bytes,
      isBigEndian: message[6] !== 0,
      isTrueColour: message[7] !== 0,
      max: [message.readUInt16BE(8), message.readUInt16BE(10), message.readUInt16BE(12)],
      shift: [message[14] ?? 0, message[15] ?? 0, message[16] ?? 0],
    }
    if (this.#format.isTrueColour) return
    const colours = PALETTE.flatMap((colour) => colour.map((part) => uint16(part * 257)))
    this.#send(Buffer.from([1, 0]), uint16(0), uint16(PALETTE.length), ...colours)
  }

  /** Sends what has changed since the last update, or all; nothing while nothing has. */
  #update(isWhole: boolean): void {
    if (this.#isClosed) return
    const rectangles = this.#picture.changes(isWhole)
    this.#isAwaited = rectangles.length === 0
    if (rectangles.length === 0) return
    this.#send(
      Buffer.from([0, 0]),
      uint16(rectangles.length),
      ...rectangles.flatMap(({ x, y, width, height }) => [
        uint16(x),
        uint16(y),
        uint16(width),
        uint16(height),
        uint32(0),
        this.#picture.pixels({ x, y, width, height }, this.#format),
      ]),
    )
  }
}

/** Bytes of the message that begins here; undefined while that cannot be told (RFC 6143, 7.5). */
function lengthOf(bytes: Buffer): number | 'unknown' | undefined {
  switch (bytes[0]) {
    case undefined:
      return undefined
    case 0:
      return 20
    case 2:
      return bytes.length < 4 ? undefined : 4 + 4 * bytes.readUInt16BE(2)
    case 3:
      return 10
    case 4:
      return 8
    case 5:
      return 6
    case 6: {
      if (bytes.length < 8) return undefined
      const length = bytes.readUInt32BE(4)
      return length > CLIPBOARD ? 'unknown' : 8 + length
    }
    default:
      return 'unknown'
  }
}

function printFormat({ bytes, isBigEndian, isTrueColour, max, shift }: PixelFormat): Buffer {
  const flags = [bytes * 8, 24, isBigEndian ? 1 : 0, isTrueColour ? 1 : 0]
  return Buffer.concat([Buffer.from(flags), ...max.map(uint16), Buffer.from([...shift, 0, 0, 0])])
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
