import type { AndOr, Command, Part, Pipeline, Redirect, Script, Word } from './syntax.ts'

/** A script beyond what is emulated, or none at all. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError'
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface HereDocument {
  redirect: Mutable<Redirect>
  /** The line that ends it. */
  end: string
  /** Whether it is taken as it is. */
  plain: boolean
  /** Whether tabs before lines fall away. */
  tabs: boolean
}

const CLOSING = new Set(['then', 'else', 'elif', 'fi', 'do', 'done', 'esac', '}'])

/**
 * Reads a shell script: lists, pipes, `if`, `while`, `until`, `for`, `case`, functions, groups, redirections, here-documents, quotes, variables,
 * substitution of commands and sums. Throws a ScriptError for what is beyond that: background commands, aliases, arrays.
 */
export function parseScript(text: string): Script {
  const parser = new Parser(text)
  const script = parser.list()
  parser.expectEnd()
  return script
}

class Parser {
  readonly #text: string
  #at = 0
  /** Here-documents whose text begins after the line. */
  readonly #pending: HereDocument[] = []

  constructor(text: string) {
    this.#text = text
  }

  expectEnd(): void {
    if (this.#at < this.#text.length) this.#fail()
  }

  list(): Script {
    const script: AndOr[] = []
    for (;;) {
      this.#skipLines()
      if (this.#at >= this.#text.length || this.#isClosing()) return script
      script.push(this.#andOr())
      this.#blanks()
      if (this.#looking('&')) this.#fail()
      if (this.#looking(';;')) return script
      if (this.#looking(';')) this.#at += 1
    }
  }

  #andOr(): AndOr {
    const first = this.#pipeline()
    const rest: AndOr['rest'][number][] = []
    for (;;) {
      this.#blanks()
      const joint = this.#text.slice(this.#at, this.#at + 2)
      if (joint !== '&&' && joint !== '||') return { first, rest }
      this.#at += 2
      this.#skipLines()
      rest.push({ joint, pipeline: this.#pipeline() })
    }
  }

  #pipeline(): Pipeline {
    const negated = this.#takeKeyword('!')
    const commands = [this.#command()]
    for (;;) {
      this.#blanks()
      if (!this.#looking('|') || this.#looking('||')) return { commands, negated }
      this.#at += 1
      this.#skipLines()
      commands.push(this.#command())
    }
  }

  #command(): Command {
    this.#blanks()
    const compound = this.#compound()
    return compound ? { ...compound, redirects: this.#redirects() } : this.#simple()
  }

  #compound(): Command | undefined {
    const redirects: Redirect[] = []
    if (this.#looking('(')) {
      this.#at += 1
      const body = this.list()
      this.#expect(')')
      return { kind: 'group', body, isolated: true, redirects }
    }
    if (this.#takeKeyword('{')) {
      const body = this.list()
      this.#expectKeyword('}')
      return { kind: 'group', body, isolated: false, redirects }
    }
    if (this.#takeKeyword('if')) return this.#if()
    for (const word of ['while', 'until'])
      if (this.#takeKeyword(word)) {
        const test = this.list()
        return { kind: 'loop', test, until: word === 'until', body: this.#doDone(), redirects }
      }
    if (this.#takeKeyword('for')) {
      const name = this.#name()
      const words: Word[] = []
      if (this.#takeKeyword('in')) for (let word = this.#word(); word; word = this.#word()) words.push(word)
      else words.push([{ kind: 'variable', name: '@', quoted: true }])
      this.#blanks()
      if (this.#looking(';')) this.#at += 1
      return { kind: 'for', name, words, body: this.#doDone(), redirects }
    }
    if (this.#takeKeyword('case')) return this.#case()
    const [head = '', name = ''] = /^([A-Za-z_]\w*)[ \t]*\([ \t]*\)/.exec(this.#text.slice(this.#at)) ?? []
    if (head === '') return undefined
    this.#at += head.length
    this.#skipLines()
    return { kind: 'function', name, body: this.#command(), redirects }
  }

  #if(): Command {
    const arms: { test: Script; body: Script }[] = []
    do {
      const test = this.list()
      this.#expectKeyword('then')
      arms.push({ test, body: this.list() })
    } while (this.#takeKeyword('elif'))
    const otherwise = this.#takeKeyword('else') ? this.list() : undefined
    this.#expectKeyword('fi')
    return { kind: 'if', arms, redirects: [], ...(otherwise ? { otherwise } : {}) }
  }

  #case(): Command {
    const word = this.#word() ?? this.#fail()
    this.#skipLines()
    this.#expectKeyword('in')
    const arms: { patterns: Word[]; body: Script }[] = []
    for (;;) {
      this.#skipLines()
      if (this.#takeKeyword('esac')) return { kind: 'case', word, arms, redirects: [] }
      if (this.#looking('(')) this.#at += 1
      const patterns: Word[] = []
      do {
        if (this.#looking('|')) this.#at += 1
        this.#blanks()
        patterns.push(this.#word() ?? this.#fail())
        this.#blanks()
      } while (this.#looking('|'))
      this.#expect(')')
      arms.push({ patterns, body: this.list() })
      this.#skipLines()
      if (this.#looking(';;')) this.#at += 2
    }
  }

  #doDone(): Script {
    this.#skipLines()
    this.#expectKeyword('do')
    const body = this.list()
    this.#expectKeyword('done')
    return body
  }

  #simple(): Command {
    const assignments: [string, Word][] = []
    const words: Word[] = []
    const redirects: Redirect[] = []
    for (;;) {
      this.#blanks()
      const redirect = this.#redirect()
      if (redirect) {
        redirects.push(redirect)
        continue
      }
      const [head = '', name = ''] = /^([A-Za-z_]\w*)=/.exec(this.#text.slice(this.#at, this.#at + 80)) ?? []
      if (head !== '' && words.length === 0) {
        this.#at += head.length
        if (this.#looking('(')) this.#fail()
        assignments.push([name, this.#word() ?? []])
        continue
      }
      const word = this.#word()
      if (!word) break
      words.push(word)
    }
    if (words.length + assignments.length + redirects.length === 0) this.#fail()
    return { kind: 'simple', assignments, words, redirects }
  }

  #redirects(): Redirect[] {
    const found: Redirect[] = []
    for (;;) {
      this.#blanks()
      const redirect = this.#redirect()
      if (!redirect) return found
      found.push(redirect)
    }
  }

  #redirect(): Redirect | undefined {
    const match = /^([012]?)(<<-?|<|>>|>\||>&|>)/.exec(this.#text.slice(this.#at, this.#at + 4))
    if (!match) return undefined
    const [all, number = '', sign = ''] = match
    this.#at += all.length
    const descriptor = number === '2' ? 2 : 1
    if (sign === '>&') {
      this.#at += 1
      return { kind: 'join', descriptor, target: [] }
    }
    this.#blanks()
    const target = this.#word() ?? this.#fail()
    if (sign === '<') return { kind: 'read', descriptor, target }
    if (!sign.startsWith('<<')) return { kind: sign === '>>' ? 'append' : 'write', descriptor, target }
    const redirect: Mutable<Redirect> = { kind: 'text', descriptor, target: [] }
    const end = target.map((part) => (part.kind === 'text' ? part.text : this.#fail())).join('')
    const plain = target.some((part) => part.quoted)
    this.#pending.push({ redirect, end, plain, tabs: sign === '<<-' })
    return redirect
  }

  /** Undefined where no word begins. */
  #word(): Word | undefined {
    this.#blanks()
    const parts: Part[] = []
    const literal = (text: string, quoted: boolean): void => void parts.push({ kind: 'text', text, quoted })
    for (let start = this.#at; ; start = this.#at) {
      const char = this.#text[this.#at] ?? ''
      if (char === '' || /[\s;&|<>()]/.test(char)) break
      if (char === '`') this.#fail()
      if (char === '\\') {
        this.#at += 2
        if (this.#text[start + 1] !== '\n') literal(this.#text[start + 1] ?? '', true)
      } else if (char === "'") {
        const end = this.#text.indexOf("'", this.#at + 1)
        if (end < 0) this.#fail()
        literal(this.#text.slice(this.#at + 1, end), true)
        this.#at = end + 1
      } else if (char === '"') {
        this.#at += 1
        parts.push(...this.#quoted('"'))
        this.#at += 1
      } else if (char === '$') parts.push(this.#dollar(false))
      else {
        while (!/[\s;&|<>()`\\'"$]/.test(this.#text[this.#at] ?? ' ')) this.#at += 1
        literal(this.#text.slice(start, this.#at), false)
      }
    }
    return parts.length > 0 ? parts : undefined
  }

  /** Up to a character that ends it, which is left; up to the end of the text for none. */
  #quoted(end: string): Part[] {
    const parts: Part[] = [{ kind: 'text', text: '', quoted: true }]
    let text = ''
    const flush = (): void => {
      if (text !== '') parts.push({ kind: 'text', text, quoted: true })
      text = ''
    }
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined && end !== '') this.#fail()
      if (char === undefined || char === end) break
      if (char === '`') this.#fail()
      if (char === '\\' && `"\\$\`\n`.includes(this.#text[this.#at + 1] ?? ' ')) {
        if (this.#text[this.#at + 1] !== '\n') text += this.#text[this.#at + 1] ?? ''
        this.#at += 2
      } else if (char === '$') {
        flush()
        parts.push(this.#dollar(true))
      } else {
        text += char
        this.#at += 1
      }
    }
    flush()
    return parts
  }

  #dollar(quoted: boolean): Part {
    const rest = this.#text.slice(this.#at)
    if (rest.startsWith('$((')) {
      const end = rest.indexOf('))')
      if (end < 0) this.#fail()
      this.#at += end + 2
      return { kind: 'sum', text: new Parser(rest.slice(3, end)).#quoted(''), quoted }
    }
    if (rest.startsWith('$(')) {
      this.#at += 2
      const body = this.list()
      this.#expect(')')
      return { kind: 'command', body, quoted }
    }
    const plain = /^\$([A-Za-z_]\w*|[0-9@*#?$])/.exec(rest)
    if (plain) {
      this.#at += plain[0].length
      return { kind: 'variable', name: plain[1] ?? '', quoted }
    }
    const braced = /^\$\{([A-Za-z_]\w*|[0-9@*#?])(:?[-+]|##?|%%?)?/.exec(rest)
    if (braced) {
      this.#at += braced[0].length
      const [, name = '', operator] = braced
      const operand = operator === undefined ? undefined : this.#quoted('}')
      this.#expect('}')
      return { kind: 'variable', name, quoted, ...(operator && operand ? { operator, operand } : {}) }
    }
    if (rest.startsWith('${')) this.#fail()
    this.#at += 1
    return { kind: 'text', text: '$', quoted: true }
  }

  #name(): string {
    this.#blanks()
    const [name = ''] = /^[A-Za-z_]\w*/.exec(this.#text.slice(this.#at)) ?? []
    if (name === '') this.#fail()
    this.#at += name.length
    return name
  }

  /** Blanks, continued lines and comments. */
  #blanks(): void {
    const [gap = ''] = /^(?:[ \t]|\\\n)*(?:(?<=^|[\s])#[^\n]*)?/.exec(this.#text.slice(this.#at)) ?? []
    const isStart = this.#at === 0 || /[\s;&|()]/.test(this.#text[this.#at - 1] ?? '')
    if (gap.startsWith('#') && !isStart) return
    this.#at += gap.length
  }

  /** Blanks and ends of lines; the texts of here-documents stand behind these. */
  #skipLines(): void {
    for (this.#blanks(); this.#looking('\n'); this.#blanks()) {
      this.#at += 1
      for (const here of this.#pending.splice(0)) this.#readHere(here)
    }
  }

  #readHere({ redirect, end, plain, tabs }: HereDocument): void {
    let text = ''
    while (this.#at < this.#text.length) {
      const stop = this.#text.indexOf('\n', this.#at)
      const raw = this.#text.slice(this.#at, stop < 0 ? undefined : stop)
      this.#at = stop < 0 ? this.#text.length : stop + 1
      const line = tabs ? raw.replace(/^\t+/, '') : raw
      if (line === end) break
      text += `${line}\n`
    }
    redirect.target = plain ? [{ kind: 'text', text, quoted: true }] : new Parser(text).#quoted('')
  }

  #looking(text: string): boolean {
    return this.#text.startsWith(text, this.#at)
  }

  #isClosing(): boolean {
    if (this.#looking(')') || this.#looking(';;')) return true
    const [word = ''] = /^[a-z}]+(?=[\s;&|()]|$)/.exec(this.#text.slice(this.#at, this.#at + 8)) ?? []
    return CLOSING.has(word)
  }

  #takeKeyword(word: string): boolean {
    this.#blanks()
    const next = this.#text[this.#at + word.length] ?? '\n'
    if (!this.#looking(word) || !/[\s;&|()]/.test(next)) return false
    this.#at += word.length
    return true
  }

  #expectKeyword(word: string): void {
    this.#skipLines()
    if (!this.#takeKeyword(word)) this.#fail()
  }

  #expect(text: string): void {
    this.#skipLines()
    if (!this.#looking(text)) this.#fail()
    this.#at += text.length
  }

  #fail(): never {
    const line = this.#text.slice(0, this.#at).split('\n').length
    throw new ScriptError(`line ${line}: ${JSON.stringify(this.#text.slice(this.#at, this.#at + 20))}`)
  }
}
