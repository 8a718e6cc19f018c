import { StringDecoder } from 'node:string_decoder'

/** What a terminal's client says: `0:{bytes}:{data}` is input, `1:{columns}:{rows}:` a new size, `2` shows that it is alive. */
export class TerminalMessages {
  readonly #type: (text: string) => void
  readonly #decoder = new StringDecoder('utf8')
  #waiting: Buffer = Buffer.alloc(0)

  /** @param type is told what was typed. */
  constructor(type: (text: string) => void) {
    this.#type = type
  }

  /** Bytes of the client, in pieces of any size. What is no message is passed over byte by byte. */
  data(bytes: Buffer): void {
    this.#waiting = Buffer.concat([this.#waiting, bytes])
    while (this.#waiting.length > 0) {
      const taken = this.#message()
      if (taken === 0) return
      this.#waiting = this.#waiting.subarray(taken)
    }
  }

  /** Bytes of the first message; 0 while it is not whole. */
  #message(): number {
    const head = this.#waiting.toString('latin1', 0, 24)
    if (head.startsWith('1')) {
      // A serial line has no size: the original tells its own terminal, which nobody sees.
      const size = /^1:\d*:\d*:/.exec(head)?.[0].length
      return size ?? (/^1(?::\d*){0,2}$/.test(head) ? 0 : 1)
    }
    if (!head.startsWith('0')) return 1
    const input = /^0:(\d+):/.exec(head)
    if (input === null) return /^0(?::\d*)?$/.test(head) ? 0 : 1
    const [{ length: start }, length = ''] = input
    const end = start + Number(length)
    if (this.#waiting.length < end) return 0
    const text = this.#decoder.write(this.#waiting.subarray(start, end))
    if (text !== '') this.#type(text)
    return end
  }
}
