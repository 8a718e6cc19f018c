/** A text in a source file. */
export interface Literal {
  readonly file: string
  readonly line: number
  /** What it says; an interpolation is a `$`. */
  readonly text: string
  /** The interpolations' sources. */
  readonly values: readonly string[]
  /** Which argument of a `tr(…)` it is, or stands in; undefined outside of one. */
  readonly argument: number | undefined
  /** Which `tr(…)` of the file. */
  readonly call: number
  /** The source before it, as far as it tells what the text is for. */
  readonly before: string
}

/** Reads the texts of a TypeScript source: in quotes and in backticks, and in what is interpolated, not in comments or regular expressions. */
export function readLiterals(
  file: string,
  source: string,
  firstLine = 1,
  callsBefore = { count: 0 },
): Literal[] {
  const found: Literal[] = []
  /** Open brackets, with the `tr` that each belongs to. */
  const open: { call: number; argument: number }[] = []
  let at = 0
  const skipTo = (end: string): void => {
    const next = source.indexOf(end, at)
    at = next < 0 ? source.length : next + end.length
  }
  const lineOf = (index: number): number => source.slice(0, index).split('\n').length - 1 + firstLine
  while (at < source.length) {
    const rest = source.slice(at, at + 2)
    const char = source[at] ?? ''
    if (rest === '//') skipTo('\n')
    else if (rest === '/*') skipTo('*/')
    else if (char === '/' && /[(,=:[!&|?{};\n]\s*$/.test(source.slice(Math.max(0, at - 20), at)))
      at = endOfRegExp(source, at)
    else if (`'"\``.includes(char)) {
      const start = at
      const { end, text, values } = readText(source, at)
      at = end
      const inside = open.findLast(({ call }) => call > 0)
      found.push({
        file,
        line: lineOf(start),
        text,
        values,
        argument: inside?.argument,
        call: inside?.call ?? 0,
        before: source.slice(Math.max(0, start - 80), start),
      })
      for (const value of values) found.push(...readLiterals(file, value, lineOf(start), callsBefore))
    } else {
      if ('([{'.includes(char)) {
        const isTr = char === '(' && /(?<![\w.])tr$/.test(source.slice(Math.max(0, at - 10), at))
        open.push(isTr ? { call: (callsBefore.count += 1), argument: 0 } : { call: 0, argument: 0 })
      } else if (')]}'.includes(char)) open.pop()
      else if (char === ',') {
        const top = open.at(-1)
        if (top) top.argument += 1
      }
      at += 1
    }
  }
  return found
}

/** Reads one text; its interpolations may hold texts themselves. */
function readText(source: string, start: number): { end: number; text: string; values: string[] } {
  const quote = source[start]
  const values: string[] = []
  let text = ''
  let at = start + 1
  while (at < source.length && source[at] !== quote) {
    if (source[at] === '\\') {
      text += source[at + 1] === 'n' ? '\n' : (source[at + 1] ?? '')
      at += 2
    } else if (quote === '`' && source.startsWith('${', at)) {
      const begin = at + 2
      let depth = 1
      at = begin
      while (at < source.length && depth > 0) {
        const char = source[at] ?? ''
        if (`'"\``.includes(char)) {
          at = readText(source, at).end
          continue
        }
        if (char === '{') depth += 1
        if (char === '}') depth -= 1
        at += 1
      }
      values.push(source.slice(begin, at - 1))
      text += '$'
    } else {
      text += source[at]
      at += 1
    }
  }
  return { end: at + 1, text, values }
}

function endOfRegExp(source: string, start: number): number {
  let inClass = false
  for (let at = start + 1; at < source.length; at += 1) {
    const char = source[at]
    if (char === '\\') at += 1
    else if (char === '\n') return start + 1
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '/' && !inClass) return at + 1
  }
  return start + 1
}
