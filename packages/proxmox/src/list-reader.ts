import { StringDecoder } from 'node:string_decoder'

/** How an answer begins whose data is a list of objects. */
const BEGIN = '{"data":[{'
/** What stands between two objects of a list. In a text it may stand too, but what is before it is no JSON then. */
const BETWEEN = '},{'
/** So much text is read at once, characters: what is made of it is forgotten again before it is old. */
const PIECE = 32 * 1024

/**
 * Reads an answer that holds a list as its bytes come, and hands each entry over. Of 10,000 VMs the text alone is 5 MB, which would be in memory
 * together with its bytes and all its objects; and what is in memory for so long is no cheap garbage any more.
 */
export class ListReader {
  readonly #each: (entry: unknown) => unknown
  readonly #decoder = new StringDecoder('utf8')
  readonly #list: unknown[] = []
  /** What has not been read, and from which length on that is tried again. */
  #text = ''
  #tryAt = PIECE
  /** Whether `#text` begins in the middle of the list. */
  #isInside = false

  /** @param each Takes an entry; what it returns stands in the list. */
  constructor(each: (entry: unknown) => unknown) {
    this.#each = each
  }

  /** Takes bytes of the answer. Throws what `each` throws. */
  push(bytes: Buffer): void {
    this.#text += this.#decoder.write(bytes)
    if (this.#text.length < this.#tryAt) return
    const entries = this.#takeEntries()
    // One that is longer than a piece, or holds objects itself: the cost stays linear.
    this.#tryAt = entries ? PIECE : 2 * this.#text.length
    if (entries) this.#hand(entries)
  }

  /** @returns the whole answer. Throws a SyntaxError if it is no JSON, and what `each` throws */
  end(): unknown {
    this.#text += this.#decoder.end()
    const body = JSON.parse(this.#isInside ? `{"data":[${this.#text}` : this.#text) as {
      data?: unknown
    } | null
    if (!Array.isArray(body?.data)) return body
    this.#hand(body.data)
    return { ...body, data: this.#list }
  }

  /** Takes the entries whose end has come off the text. @returns nothing if they cannot be told from what follows */
  #takeEntries(): unknown[] | undefined {
    if (!this.#isInside && !this.#text.startsWith(BEGIN)) return undefined
    const end = this.#text.lastIndexOf(BETWEEN) + 1
    if (end === 0) return undefined
    try {
      const from = this.#isInside ? 0 : BEGIN.length - 1
      const entries = JSON.parse(`[${this.#text.slice(from, end)}]`) as unknown[]
      this.#text = this.#text.slice(end + 1)
      this.#isInside = true
      return entries
    } catch {
      return undefined
    }
  }

  #hand(entries: readonly unknown[]): void {
    for (const entry of entries) this.#list.push(this.#each(entry))
  }
}
