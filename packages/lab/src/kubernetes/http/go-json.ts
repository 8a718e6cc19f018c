import type { Json } from '../resources.ts'

/** Deepest nesting that is read, for managed fields cost its square; Go's decoder reads 10,000. */
const DEEPEST = 500

/** Thrown inside with what is wrong. */
class Problem extends Error {}

/** What Go's JSON decoder says of a text that is no JSON; `''` when it is. */
export function goJsonError(text: string): string {
  try {
    new Scanner(text).document()
    return ''
  } catch (error) {
    if (error instanceof Problem) return error.message
    throw error
  }
}

/** The value of a JSON text; undefined for what Go's decoder would refuse, as `goJsonError` tells. */
export function parseJson(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json
    return isTooDeep(value) ? undefined : value
  } catch {
    return undefined
  }
}

/** Whether a value is nested deeper than is read. */
export function isTooDeep(value: Json): boolean {
  let level: Json[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true
    level = level.flatMap((each) =>
      typeof each === 'object' && each !== null
        ? Object.values(each).filter((member) => typeof member === 'object' && member !== null)
        : [],
    ) as Json[]
  }
  return false
}

class Scanner {
  readonly #text: string
  #at = 0
  constructor(text: string) {
    this.#text = text
  }

  document(): void {
    this.#value('looking for beginning of value')
    if (this.#peek() !== '') this.#fail('after top-level value')
  }

  #fail(context: string): never {
    const letter = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)
    if (this.#at >= this.#text.length) throw new Problem('unexpected end of JSON input')
    throw new Problem(`invalid character ${quoted(letter)} ${context}`)
  }

  /** The next letter that is no space; `''` at the end. */
  #peek(): string {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at++
    return this.#text[this.#at] ?? ''
  }

  /** Reads a value with all that is in it; containers are kept on a stack of our own, so that depth costs no calls. */
  #value(context: string): void {
    const open: ('{' | '[')[] = []
    let expecting = context
    for (;;) {
      const letter = this.#peek()
      if (letter === '{' || letter === '[') {
        if (open.length >= DEEPEST) this.#fail('exceeded max depth')
        this.#at++
        const close = letter === '{' ? '}' : ']'
        if (this.#peek() !== close) {
          open.push(letter)
          if (letter === '{') this.#key('looking for beginning of object key string')
          expecting = 'looking for beginning of value'
          continue
        }
        this.#at++
      } else this.#scalar(letter, expecting)
      if (!this.#closes(open)) return
      expecting = 'looking for beginning of value'
    }
  }

  /** After a value: closes what ends here; whether another value follows. */
  #closes(open: ('{' | '[')[]): boolean {
    for (;;) {
      const inner = open.at(-1)
      if (inner === undefined) return false
      const letter = this.#peek()
      if (letter === ',') {
        this.#at++
        if (inner === '{') {
          this.#peek()
          this.#key('looking for beginning of object key string')
        }
        return true
      }
      if (letter !== (inner === '{' ? '}' : ']'))
        this.#fail(inner === '{' ? 'after object key:value pair' : 'after array element')
      this.#at++
      open.pop()
    }
  }

  #key(context: string): void {
    if (this.#peek() !== '"') this.#fail(context)
    this.#string()
    if (this.#peek() !== ':') this.#fail('after object key')
    this.#at++
  }

  #scalar(letter: string, context: string): void {
    if (letter === '"') this.#string()
    else if (letter === '-' || /^\d$/.test(letter)) this.#number()
    else if (letter === 't') this.#word('true')
    else if (letter === 'f') this.#word('false')
    else if (letter === 'n') this.#word('null')
    else this.#fail(context)
  }

  #word(word: string): void {
    for (const [index, letter] of Array.from(word).entries()) {
      if (index > 0 && this.#text[this.#at] !== letter)
        this.#fail(`in literal ${word} (expecting '${letter}')`)
      this.#at++
    }
  }

  #string(): void {
    this.#at++
    for (;;) {
      const letter = this.#text[this.#at]
      if (letter === undefined || letter < ' ') this.#fail('in string literal')
      this.#at++
      if (letter === '"') return
      if (letter !== '\\') continue
      const escape = this.#text[this.#at] ?? ''
      if (!/^[bfnrt\\/"u]$/.test(escape)) this.#fail('in string escape code')
      this.#at++
      if (escape !== 'u') continue
      for (let digits = 0; digits < 4; digits++) {
        if (!/^[\da-f]$/i.test(this.#text[this.#at] ?? '')) this.#fail('in \\u hexadecimal character escape')
        this.#at++
      }
    }
  }

  #number(): void {
    if (this.#text[this.#at] === '-') this.#at++
    if (this.#text[this.#at] === '0') this.#at++
    else this.#digits('in numeric literal')
    if (this.#text[this.#at] === '.') {
      this.#at++
      this.#digits('after decimal point in numeric literal')
    }
    if (/^e$/i.test(this.#text[this.#at] ?? '')) {
      this.#at++
      if (/^[-+]$/.test(this.#text[this.#at] ?? '')) this.#at++
      this.#digits('in exponent of numeric literal')
    }
  }

  #digits(context: string): void {
    if (!/^\d$/.test(this.#text[this.#at] ?? '')) this.#fail(context)
    while (/^\d$/.test(this.#text[this.#at] ?? '')) this.#at++
  }
}

/** A letter as Go quotes it. */
function quoted(letter: string): string {
  if (letter === "'") return `'\\''`
  if (letter === '"') return `'"'`
  const known = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }[letter]
  if (known !== undefined) return `'${known}'`
  const code = letter.codePointAt(0) ?? 0
  return code < 0x20 || code === 0x7f ? `'\\x${code.toString(16).padStart(2, '0')}'` : `'${letter}'`
}
