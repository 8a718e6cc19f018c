/** A command of a tunnel, or an answer to one. */
export interface Message {
  readonly cmd: string
  readonly [field: string]: unknown
}

/** Longest line, bytes: a configuration fits well. */
const LIMIT = 1 << 20

/** Takes lines of JSON out of bytes. */
export class LineReader {
  readonly #tell: (message: Message) => void
  #waiting = ''

  /** @param tell is told each line. What is no JSON object is dropped. */
  constructor(tell: (message: Message) => void) {
    this.#tell = tell
  }

  data(bytes: Buffer): void {
    const lines = `${this.#waiting}${bytes.toString()}`.split('\n')
    this.#waiting = (lines.pop() ?? '').slice(-LIMIT)
    for (const line of lines) {
      let message: unknown
      try {
        message = JSON.parse(line)
      } catch {
        continue
      }
      if (typeof message === 'object' && message !== null) this.#tell(message as Message)
    }
  }
}
