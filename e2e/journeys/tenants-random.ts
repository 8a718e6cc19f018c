/** A schema of a CustomResourceDefinition, as far as random values need it. */
export interface Schema {
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: unknown[]
  pattern?: string
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  'x-kubernetes-list-map-keys'?: string[]
}

/** What breaks out of documents, scripts, property strings and descriptions, if anything does. */
const nasty = [
  '"',
  "'",
  '`',
  '\\',
  '$(reboot)',
  '${HOME}',
  '%i',
  '%%',
  '\n',
  '\r\n',
  '\t',
  '\0',
  '\x7f',
  '\x85',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\ufffe',
  '😀',
  'é',
  ': ',
  ' #',
  '- ',
  '---\n',
  '...\n',
  '!!python/object:os.system ',
  '&a ',
  '*a',
  '{{ v1 }}',
  '{%',
  'null',
  'on',
  '0644',
  '12:30:45',
  '=',
  '~',
  '|',
  '>',
  '[',
  ']',
  '{',
  '}',
  ',',
  ';',
  '\nruncmd: [reboot]\n',
  ' ',
  '## template: jinja\n',
  '#cloud-config\n',
  'EOF\n',
  ',media=cdrom',
  'fochista installation=',
  '\u{10ffff}',
  '/../',
]

/** Makes random values of schemas. */
export function createValues(random: () => number) {
  const below = (end: number): number => Math.floor(random() * end)
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T

  const anyText = (most: number): string => {
    let text = ''
    const length = below(12)
    for (let part = 0; part < length; part += 1) {
      const code = below(pick([0x7f, 0x300, 0x10000, 0x110000]))
      const isSurrogate = code >= 0xd800 && code <= 0xdfff
      text += random() < 0.7 ? pick(nasty) : isSurrogate ? '?' : String.fromCodePoint(code)
    }
    return text.slice(0, most).toWellFormed()
  }

  const textOf = ({ pattern, minLength = 0, maxLength = 64 }: Schema): string => {
    for (let tries = 0; tries < 200; tries += 1) {
      const text = pattern === undefined ? anyText(maxLength) : matching(pattern, below)
      const fits = text.length >= minLength && text.length <= maxLength
      if (fits && (pattern === undefined || new RegExp(pattern).test(text))) return text
    }
    throw new Error(`no text of ${pattern ?? 'this length'} was found`)
  }

  const valueOf = (schema: Schema): unknown => {
    if (schema.enum) return pick(schema.enum)
    switch (schema.type) {
      case 'object': {
        const { properties = {}, required = [] } = schema
        const names = Object.keys(properties).filter((name) => required.includes(name) || random() < 0.7)
        return Object.fromEntries(names.map((name) => [name, valueOf(properties[name] ?? {})]))
      }
      case 'array': {
        const { items = {}, minItems = 0, maxItems = 4, 'x-kubernetes-list-map-keys': keys } = schema
        const count = Math.max(minItems, below(Math.min(maxItems, 4) + 1))
        const values = Array.from({ length: count }, () => valueOf(items))
        if (!keys) return values
        const keyOf = (value: unknown): string =>
          JSON.stringify(keys.map((key) => (value as Record<string, unknown>)[key]))
        return [...new Map(values.map((value) => [keyOf(value), value])).values()]
      }
      default:
        return textOf(schema)
    }
  }
  return { below, pick, anyText, textOf, valueOf }
}

/** Characters that classes of a pattern are made of. */
const everything = Array.from({ length: 0x250 }, (_, code) => String.fromCodePoint(code)).concat(
  '😀',
  '\u2028',
)
/** The characters of each class, by its text: they are asked for again and again. */
const classes = new Map<string, readonly string[]>()

/** A text that a regular expression matches, of the parts of it that the schemas use: classes, groups, ?, *, +, {a,b}, dots. */
function matching(pattern: string, below: (end: number) => number): string {
  let at = 0
  const escaped = (): ((character: string) => boolean) => {
    const letter = pattern[at++] ?? ''
    return letter === 's'
      ? (one) => /\s/.test(one)
      : letter === 'd'
        ? (one) => /\d/.test(one)
        : (one) => one === letter
  }
  const characters = (): readonly string[] => {
    const begin = at
    const text = /^(\\.|\[\^?(\\.|[^\]\\])+\]|.)/.exec(pattern.slice(at))?.[0] ?? ''
    const known = classes.get(text) ?? read()
    classes.set(text, known)
    at = begin + text.length
    return known
  }
  const read = (): readonly string[] => {
    const first = pattern[at++]
    if (first === '.') return everything.filter((one) => !/[\n\r\u2028\u2029]/.test(one))
    if (first === '\\') return everything.filter(escaped())
    if (first !== '[') return [first ?? '']
    const isNegated = pattern[at] === '^'
    if (isNegated) at += 1
    const tests: ((one: string) => boolean)[] = []
    while (pattern[at] !== ']') {
      const start = pattern[at++] ?? ''
      if (start === '\\') tests.push(escaped())
      else if (pattern[at] === '-' && pattern[at + 1] !== ']') {
        const end = pattern[at + 1] ?? ''
        at += 2
        tests.push((one) => one.length === 1 && one >= start && one <= end)
      } else tests.push((one) => one === start)
    }
    at += 1
    return everything.filter((one) => tests.some((test) => test(one)) !== isNegated)
  }
  const times = (): number => {
    const sign = pattern[at]
    if (sign === '?') return ((at += 1), below(2))
    if (sign === '*' || sign === '+') return ((at += 1), below(8) + (sign === '+' ? 1 : 0))
    const range = /^\{(\d+)(?:,(\d+))?\}/.exec(pattern.slice(at))
    if (!range) return 1
    at += range[0].length
    const least = Number(range[1])
    return least + below(Number(range[2] ?? least) - least + 1)
  }
  const sequence = (): string => {
    let text = ''
    while (at < pattern.length && pattern[at] !== ')') {
      if (pattern[at] === '^' || pattern[at] === '$') {
        at += 1
        continue
      }
      const begin = at
      if (pattern[at] === '(') {
        at += 1
        sequence()
        at += 1
        for (let left = times(); left > 0; left -= 1) {
          const after = at
          at = begin + 1
          text += sequence()
          at = after
        }
      } else {
        const choices = characters()
        for (let left = times(); left > 0; left -= 1) text += choices[below(choices.length)] ?? ''
      }
    }
    return text
  }
  return sequence()
}
