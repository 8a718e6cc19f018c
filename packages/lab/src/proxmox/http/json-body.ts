import { rawText, type RawParams } from './form.ts'

const PLACE = 'at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line'

/**
 * Decodes a JSON body to parameters.
 * @throws Error with the original's text, which the answer carries bare.
 */
export function decodeJsonBody(text: string): RawParams {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(`${complaint(text)} ${PLACE} 934.`)
  }
  if (Array.isArray(value)) throw new Error(`Not a HASH reference ${PLACE} 978.`)
  if (value === null) return {}
  if (typeof value !== 'object')
    throw new Error(
      `Can't use string ("${rawText(value)}") as a HASH ref while "strict refs" in use ${PLACE} 978.`,
    )
  return value as RawParams
}

/** What the original's parser says of a text, with the character at which it stops. */
function complaint(text: string): string {
  const rest = (at: number): string => (at >= text.length ? '(end of string)' : text.slice(at, at + 25))
  const say = (what: string, at: number): string =>
    `${what}, at character offset ${at} (before "${rest(at)}")`
  const start = text.search(/\S/)
  if (start < 0)
    return say('malformed JSON string, neither tag, array, object, number, string or atom', text.length)
  const at = new Scanner(text).stop()
  if (at.inObject) return say(', or } expected while parsing object/hash', at.offset)
  if (at.inArray) return say(', or ] expected while parsing array', at.offset)
  const word = /^[a-z]/.exec(text.slice(at.offset))?.[0]
  const atom = { n: 'null', t: 'true', f: 'false' }[word ?? '']
  if (atom) return say(`'${atom}' expected`, at.offset)
  return say('malformed JSON string, neither tag, array, object, number, string or atom', at.offset)
}

/** Finds where a text stops being JSON, and inside what. */
class Scanner {
  readonly #text: string
  #at = 0
  readonly #inside: ('{' | '[')[] = []

  constructor(text: string) {
    this.#text = text
  }

  stop(): { offset: number; inObject: boolean; inArray: boolean } {
    const value = this.#value()
    return {
      offset: this.#at,
      inObject: value === 'separator' && this.#inside.at(-1) === '{',
      inArray: value === 'separator' && this.#inside.at(-1) === '[',
    }
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  /** undefined when a whole value was read, else why not. */
  #value(): 'separator' | 'value' | undefined {
    this.#space()
    const rest = this.#text.slice(this.#at)
    const scalar = /^(?:"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/.exec(rest)
    if (scalar) {
      this.#at += scalar[0].length
      return undefined
    }
    const open = rest[0]
    if (open !== '{' && open !== '[') return 'value'
    const close = open === '{' ? '}' : ']'
    this.#inside.push(open)
    this.#at++
    this.#space()
    if (this.#text[this.#at] === close) return this.#leave()
    for (;;) {
      if (open === '{') {
        this.#space()
        const key = /^"(?:[^"\\]|\\.)*"\s*:/.exec(this.#text.slice(this.#at))
        if (!key) return 'value'
        this.#at += key[0].length
      }
      const inner = this.#value()
      if (inner !== undefined) return inner
      this.#space()
      if (this.#text[this.#at] === close) return this.#leave()
      if (this.#text[this.#at] !== ',') return 'separator'
      this.#at++
    }
  }

  #leave(): undefined {
    this.#inside.pop()
    this.#at++
    return undefined
  }
}
