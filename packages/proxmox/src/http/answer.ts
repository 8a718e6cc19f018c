/** What the other side sent is no HTTP/1.1 answer, or not all of one. */
export class BrokenAnswerError extends Error {
  override readonly name = 'BrokenAnswerError'
  /** As failures of a connection have one. */
  readonly code = 'EPROTO_HTTP'
}

/** The body of an answer is larger than what is read of one. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
  /** Status of the answer. */
  readonly status: number

  constructor(status: number, maxBytes: number) {
    super(`the answer is larger than ${maxBytes} bytes`)
    this.status = status
  }
}

/** Bytes that an answer's head may have, and the lines between the chunks of a body. */
const MAX_HEAD_BYTES = 16 * 1024
const HEAD_END = Buffer.from('\r\n\r\n')
/** So many pieces of a body are put together at once: a piece of one byte weighs a hundred. */
const MAX_PIECES = 1024
const NO_BYTES = Buffer.alloc(0)

/** What is read next. A body without a length ends with its connection. */
type Part = 'head' | 'length' | 'close' | 'chunk size' | 'chunk' | 'chunk end' | 'trailer'

/**
 * Reads one answer as its bytes come. Strict: what is not exactly of the form throws a BrokenAnswerError, as nobody knows then where the next
 * answer would begin. A body larger than `maxBytes` throws a TooLargeError.
 */
export class AnswerReader {
  status = 0
  statusText = ''
  /** Whether the connection can be used again when the answer is whole. */
  keepsAlive = false
  #part: Part = 'head'
  /** Status line and headers. */
  #head = ''
  /** Bytes of a head, or characters of a line, whose end has not come. */
  #begun: Buffer = NO_BYTES
  #line = ''
  /** Bytes of the body or the chunk that have not come. */
  #left = 0
  #size = 0
  /** The body: pieces that were put together, and behind them those that have come since. */
  readonly #pieces: Buffer[] = []
  #packed = 0
  readonly #maxBytes: number
  readonly #onBody: ((bytes: Buffer) => void) | undefined

  /** @param onBody Takes the body of a success as it comes, which `text` does not have then. */
  constructor(maxBytes: number, onBody?: (bytes: Buffer) => void) {
    this.#maxBytes = maxBytes
    this.#onBody = onBody
  }

  /** Takes bytes. @returns those that follow the answer, when it is whole; undefined while it is not */
  push(bytes: Buffer): Buffer | undefined {
    let rest = bytes
    // Those before the last are interim: 100, 103.
    while (this.#part === 'head') {
      const after = this.#takeHead(rest)
      if (after === undefined) return undefined
      if (this.status === 101) return after
      rest = after
    }
    if (this.#part === 'length') return this.#takeLength(rest)
    if (this.#part !== 'close') return this.#takeChunks(rest)
    this.#keep(rest)
    return undefined
  }

  /** Hears that nothing more comes. @returns whether the answer is whole */
  end(): boolean {
    return this.#part === 'close'
  }

  /** The body, whole, unless it was taken as it came. */
  text(): string {
    const [only] = this.#pieces
    return (this.#pieces.length === 1 && only ? only : Buffer.concat(this.#pieces)).toString('utf8')
  }

  /** The headers, names in lower case; those that came several times are joined. */
  headers(): Record<string, string> {
    const headers: Record<string, string> = {}
    for (const [name, value] of headerLines(this.#head))
      headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
    return headers
  }

  #takeHead(bytes: Buffer): Buffer | undefined {
    const all = this.#begun.length > 0 ? Buffer.concat([this.#begun, bytes]) : bytes
    const end = all.indexOf(HEAD_END)
    if ((end < 0 ? all.length : end) > MAX_HEAD_BYTES)
      throw new BrokenAnswerError(`the answer’s head is larger than ${MAX_HEAD_BYTES} bytes`)
    if (end < 0) {
      // What speaks another protocol is not waited for.
      if (!'HTTP/1.'.startsWith(all.toString('latin1', 0, 7)))
        throw new BrokenAnswerError('the answer is no HTTP/1.1')
      this.#begun = all
      return undefined
    }
    this.#begun = NO_BYTES
    this.#head = all.toString('latin1', 0, end)
    this.#readHead()
    return all.length === end + 4 ? NO_BYTES : all.subarray(end + 4)
  }

  #readHead(): void {
    const [, minor, status = '', statusText = ''] =
      /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([^\r\n]*))?(?=\r\n|$)/.exec(this.#head) ?? []
    if (minor === undefined) throw new BrokenAnswerError('the answer is no HTTP/1.1')
    this.status = Number(status)
    this.statusText = statusText
    this.keepsAlive = minor === '1'
    let length: string | undefined
    let coding: string | undefined
    for (const [name, value] of headerLines(this.#head)) {
      if (name === 'content-length') {
        if (!/^\d{1,15}$/.test(value) || (length ?? value) !== value)
          throw new BrokenAnswerError('the answer has no clear length')
        length = value
      } else if (name === 'transfer-encoding') coding = coding === undefined ? value : `${coding}, ${value}`
      // What Proxmox relays says `close` and then `Keep-Alive`, and stays open.
      else if (name === 'connection')
        this.keepsAlive = /\bkeep-alive\b/i.test(value) || (minor === '1' && !/\bclose\b/i.test(value))
    }
    this.#readFraming(length, coding)
  }

  #readFraming(length: string | undefined, coding: string | undefined): void {
    // An interim answer is all head, and another follows it.
    if (this.status < 200) return
    this.#left = 0
    if (this.status === 204 || this.status === 304) this.#part = 'length'
    else if (coding !== undefined) {
      if (coding.toLowerCase() !== 'chunked')
        throw new BrokenAnswerError(`the answer is sent as ${coding}, which nobody asked for`)
      // Two lengths are one too many to go on with this connection.
      if (length !== undefined) this.keepsAlive = false
      this.#part = 'chunk size'
    } else if (length === undefined) {
      this.keepsAlive = false
      this.#part = 'close'
    } else {
      this.#left = Number(length)
      this.#part = 'length'
      if (this.#left > this.#maxBytes) throw new TooLargeError(this.status, this.#maxBytes)
    }
  }

  #takeLength(bytes: Buffer): Buffer | undefined {
    if (bytes.length < this.#left) {
      this.#keep(bytes)
      this.#left -= bytes.length
      return undefined
    }
    const length = this.#left
    this.#left = 0
    if (bytes.length === length) {
      this.#keep(bytes)
      return NO_BYTES
    }
    this.#keep(bytes.subarray(0, length))
    return bytes.subarray(length)
  }

  #takeChunks(bytes: Buffer): Buffer | undefined {
    for (let at = 0; at < bytes.length;) {
      if (this.#part === 'chunk') {
        const end = Math.min(at + this.#left, bytes.length)
        this.#keep(bytes.subarray(at, end))
        this.#left -= end - at
        if (this.#left === 0) this.#part = 'chunk end'
        at = end
        continue
      }
      const end = bytes.indexOf(10, at)
      this.#line += bytes.toString('latin1', at, end < 0 ? bytes.length : end)
      if (this.#line.length > MAX_HEAD_BYTES) throw new BrokenAnswerError('a line of the answer is too long')
      if (end < 0) return undefined
      at = end + 1
      if (!this.#line.endsWith('\r')) throw new BrokenAnswerError('the answer’s chunks are not marked')
      const line = this.#line.slice(0, -1)
      this.#line = ''
      if (this.#takeLine(line)) return bytes.subarray(at)
    }
    return undefined
  }

  /** Takes a line between chunks. @returns whether it is the last one */
  #takeLine(line: string): boolean {
    if (this.#part === 'trailer') return line === ''
    if (this.#part === 'chunk end') {
      if (line !== '') throw new BrokenAnswerError('a chunk of the answer is longer than it says')
      this.#part = 'chunk size'
      return false
    }
    const [, size] = /^([\da-f]{1,8})[\t ]*(?:;.*)?$/i.exec(line) ?? []
    if (size === undefined) throw new BrokenAnswerError('the answer’s chunks are not marked')
    this.#left = Number.parseInt(size, 16)
    this.#part = this.#left === 0 ? 'trailer' : 'chunk'
    return false
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#size += bytes.length
    if (this.#size > this.#maxBytes) throw new TooLargeError(this.status, this.#maxBytes)
    if (this.#onBody && this.status < 300) return this.#onBody(bytes)
    this.#pieces.push(bytes)
    if (this.#pieces.length - this.#packed < MAX_PIECES) return
    this.#pieces.push(Buffer.concat(this.#pieces.splice(this.#packed)))
    this.#packed += 1
  }
}

/** A header, with the line end before it. No stray CR or LF, no blank before the colon, no folded line: others would read those otherwise. */
const headerLine = /\r\n([!#$%&'*+.^`|~\w-]+):([^\0\r\n]*)(?=\r\n|$)/y

/** Names, in lower case, and values of a head's lines. Throws a BrokenAnswerError for a line that is no header. */
function headerLines(head: string): [name: string, value: string][] {
  const lines: [string, string][] = []
  const first = head.indexOf('\r\n')
  for (let at = first < 0 ? head.length : first; at < head.length; at = headerLine.lastIndex) {
    headerLine.lastIndex = at
    const [, name = '', value = ''] = headerLine.exec(head) ?? []
    if (name === '') throw new BrokenAnswerError('the answer has a line that is no header')
    lines.push([name.toLowerCase(), value.trim()])
  }
  return lines
}
