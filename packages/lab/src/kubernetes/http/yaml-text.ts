import type { Json, JsonObject } from '../resources.ts'
import { isObject } from '../rest/json.ts'

/** Columns after which a text is folded at its next space. */
const WIDTH = 80
/** Longest key that stands on the line of its value. */
const LONGEST_KEY = 128
const INDENT = 2

/**
 * An object as the API server writes YAML: keys sorted, items of lists not indented, long texts folded, and quotes only round what
 * would not be read as the same text. The rules are those of the Go library that it uses, which follows YAML 1.1.
 */
export function yamlText(value: JsonObject): string {
  const writer = new Writer()
  writer.mapping(value, 0, true)
  return writer.text()
}

class Writer {
  #done = ''
  #line = ''

  text(): string {
    return `${this.#done}${this.#line}\n`
  }

  #put(text: string): void {
    this.#line += text
  }

  #newLine(indent: number): void {
    this.#done += `${this.#line}\n`
    this.#line = ' '.repeat(indent)
  }

  /** Writes the members of an object; the first on the line that is begun. */
  mapping(value: JsonObject, indent: number, isFirst: boolean): void {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined)
    if (keys.length === 0) {
      this.#put('{}')
      return
    }
    let continues = isFirst
    for (const key of keys.toSorted(natural)) {
      if (!continues) this.#newLine(indent)
      continues = false
      const isSimple = key.length <= LONGEST_KEY && !key.includes('\n')
      if (!isSimple) this.#put('? ')
      this.#scalar(key, indent, isSimple)
      if (!isSimple) this.#newLine(indent)
      this.#put(':')
      this.#value(value[key] ?? null, indent)
    }
  }

  /** Writes what a key has. */
  #value(value: Json, indent: number): void {
    if (Array.isArray(value) && value.length > 0) {
      this.#newLine(indent)
      this.#items(value, indent)
    } else if (isObject(value) && Object.values(value).some((each) => each !== undefined)) {
      this.#newLine(indent + INDENT)
      this.mapping(value, indent + INDENT, true)
    } else {
      this.#put(' ')
      this.#leaf(value, indent)
    }
  }

  #items(value: Json[], indent: number): void {
    value.forEach((item, index) => {
      if (index > 0) this.#newLine(indent)
      this.#put('- ')
      if (Array.isArray(item) && item.length > 0) this.#items(item, indent + INDENT)
      else if (isObject(item)) this.mapping(item, indent + INDENT, true)
      else this.#leaf(item, indent)
    })
  }

  #leaf(value: Json, indent: number): void {
    if (typeof value === 'string') this.#scalar(value, indent, false)
    else if (Array.isArray(value)) this.#put('[]')
    else if (isObject(value)) this.#put('{}')
    else this.#put(String(value))
  }

  #scalar(text: string, indent: number, isKey: boolean): void {
    const inner = indent + INDENT
    if (text.includes('\n') && !isKey && isBlock(text)) {
      this.#literal(text, inner)
      return
    }
    const isPlain = !text.includes('\n') && readsAsText(text)
    if (isPlain && mayBePlain(text)) this.#folded(text, inner, isKey, 0)
    else if (isPlain && mayBeSingle(text)) this.#folded(`'${text.replaceAll("'", "''")}'`, inner, isKey, 1)
    else this.#double(text, inner, isKey)
  }

  /** Writes a text that is folded at single spaces, but for its first and last `quotes` letters. */
  #folded(text: string, indent: number, isKey: boolean, quotes: number): void {
    for (let at = 0; at < text.length; at++) {
      const letter = text[at] ?? ''
      const folds =
        letter === ' ' &&
        !isKey &&
        at > quotes &&
        at < text.length - 1 - quotes &&
        text[at - 1] !== ' ' &&
        text[at + 1] !== ' ' &&
        this.#line.length > WIDTH
      if (folds) this.#newLine(indent)
      else this.#put(letter)
    }
  }

  #double(text: string, indent: number, isKey: boolean): void {
    this.#put('"')
    let wasSpace = false
    const letters = Array.from(text)
    letters.forEach((letter, at) => {
      const isSpace = letter === ' '
      if (isSpace && !isKey && !wasSpace && this.#line.length > WIDTH && at > 0 && at < letters.length - 1) {
        this.#newLine(indent)
        if (letters[at + 1] === ' ') this.#put('\\')
      } else this.#put(isSpace ? ' ' : escaped(letter))
      wasSpace = isSpace
    })
    this.#put('"')
  }

  #literal(text: string, indent: number): void {
    const hint = /^[ \n]/.test(text) ? String(INDENT) : ''
    const chomping = text.endsWith('\n') ? (/(^|\n)\n$/.test(text) ? '+' : '') : '-'
    this.#put(`|${hint}${chomping}`)
    const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n')
    for (const line of lines) {
      this.#newLine(0)
      if (line !== '') this.#put(' '.repeat(indent) + line)
    }
  }
}

/** Letters that need an escape, or a text in double quotes. */
const SPECIAL = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u

function isBlock(text: string): boolean {
  return (
    !SPECIAL.test(text) &&
    !/\n /.test(text) &&
    !/ (\n|$)/.test(text) &&
    !/[\r\t\u0085\u2028\u2029]/.test(text)
  )
}

function mayBeSingle(text: string): boolean {
  return !SPECIAL.test(text) && !/[\t\r\u0085\u2028\u2029]/.test(text)
}

function mayBePlain(text: string): boolean {
  return (
    mayBeSingle(text) &&
    text !== '' &&
    !/^ | $/.test(text) &&
    !/^(---|\.\.\.)/.test(text) &&
    !/^[#,[\]{}&*!|>'"%@`]/.test(text) &&
    !/^[-?](\s|$)/.test(text) &&
    !/:(\s|$)/.test(text) &&
    !/\s#/.test(text)
  )
}

const WORDS = new Set(
  'y Y yes Yes YES true True TRUE on On ON n N no No NO false False FALSE off Off OFF ~ null Null NULL << .nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF'.split(
    ' ',
  ),
)
const NUMBERS = [
  /^[-+]?(0|[1-9]\d*)$/,
  /^[-+]?0x[0-9a-f]+$/i,
  /^[-+]?0o?[0-7]+$/i,
  /^[-+]?0b[01]+$/i,
  /^[-+]?(\.\d+|\d+(\.\d*)?)(e[-+]?\d+)?$/i,
]
const TIME = /^\d{4}-\d\d?-\d\d?([Tt ]\d\d?:\d\d?:\d\d?(\.\d+)?(Z|[-+]\d\d?(:\d\d)?)?)?$/
const BASE_60 = /^[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?$/

/** Whether a text without quotes is read as a text and not as a number, a time, a flag or nothing. */
function readsAsText(text: string): boolean {
  if (text === '' || WORDS.has(text)) return false
  if (!/^[-+.\d]/.test(text)) return true
  const digits = text.replaceAll('_', '')
  return !NUMBERS.some((each) => each.test(digits)) && !TIME.test(text) && !BASE_60.test(text)
}

const ESCAPES: { [letter: string]: string } = {
  '\0': '\\0',
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\u001b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u00a0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
}

function escaped(letter: string): string {
  const known = ESCAPES[letter]
  if (known !== undefined) return known
  if (!SPECIAL.test(letter) && letter !== '\ufeff') return letter
  const code = letter.codePointAt(0) ?? 0
  const hex = code.toString(16).toUpperCase()
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

/** The order of keys: what is no letter before letters, numbers by their value. */
function natural(a: string, b: string): number {
  const left = Array.from(a)
  const right = Array.from(b)
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at++) {
    const [one = '', other = ''] = [left[at], right[at]]
    if (one === other) continue
    const [isLetter, otherIsLetter] = [/\p{L}/u.test(one), /\p{L}/u.test(other)]
    if (isLetter !== otherIsLetter) return isLetter ? 1 : -1
    if (!isLetter) {
      const [first, second] = [digitsAt(left, at), digitsAt(right, at)]
      if (Number(first) !== Number(second)) return Number(first) - Number(second)
      if (first.length !== second.length) return first.length - second.length
    }
    return one < other ? -1 : 1
  }
  return left.length - right.length
}

function digitsAt(letters: string[], at: number): string {
  return /^\d*/.exec(letters.slice(at).join(''))?.[0] ?? ''
}
