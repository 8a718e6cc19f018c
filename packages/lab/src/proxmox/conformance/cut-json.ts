/** Marks what was cut off. */
const CUT = Symbol('cut')

/**
 * Reads the beginning of a JSON text whose end was cut off: whole entries stay, what is incomplete falls out.
 */
export function readCutJson(text: string): unknown {
  let at = 0
  const space = (): void => {
    while (/\s/.test(text[at] ?? '')) at += 1
  }
  const scalar = (): unknown => {
    const match = /^(?:"(?:[^"\\]|\\.)*"|-?[\d.eE+-]+(?=[,\]}\s])|true|false|null)/.exec(text.slice(at))
    if (match === null) return CUT
    at += match[0].length
    return JSON.parse(match[0]) as unknown
  }
  const value = (): unknown => {
    space()
    if (text[at] === '[') return list()
    return text[at] === '{' ? object() : scalar()
  }
  let complete = true
  const list = (): unknown => {
    const entries: unknown[] = []
    at += 1
    for (;;) {
      space()
      if (text[at] === ']') {
        at += 1
        return entries
      }
      if (text[at] === ',') at += 1
      const entry = value()
      if (entry === CUT || !complete) {
        complete = false
        return entries
      }
      entries.push(entry)
    }
  }
  const object = (): unknown => {
    const members: Record<string, unknown> = {}
    at += 1
    for (;;) {
      space()
      if (text[at] === '}') {
        at += 1
        return members
      }
      if (text[at] === ',') at += 1
      const key = value()
      space()
      if (typeof key !== 'string' || text[at] !== ':') {
        complete = false
        return members
      }
      at += 1
      const member = value()
      if (member === CUT) {
        complete = false
        return members
      }
      // An inner container that was cut keeps its whole entries.
      members[key] = member
      if (!complete) return members
    }
  }
  return value()
}
