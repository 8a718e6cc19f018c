import type { Json } from '../json.ts'
import { isObject } from '../json.ts'

/** What a JSON text that was cut says as far as it goes. */
export interface CutJson {
  value: Json
  /** Where the text ended: the keys and indices that lead to the innermost object or list that was still open. */
  open: (string | number)[]
}

/** Thrown inside when the text ends. */
class End extends Error {}

/**
 * Reads the beginning of a JSON text. What the cut went through (half a string, a number that may go on) is left out. Undefined when
 * the text is not the beginning of a JSON object.
 */
export function readCutJson(text: string): CutJson | undefined {
  let at = 0
  let path: (string | number)[] = []
  const open: { path: (string | number)[] } = { path: [] }
  const ended = (): never => {
    open.path = path
    throw new End()
  }
  const space = (): void => {
    while (/\s/.test(text[at] ?? '')) at++
    if (at >= text.length) ended()
  }
  const string = (): string => {
    const end = /^"(?:[^"\\]|\\.)*"/s.exec(text.slice(at))
    if (end === null) return ended()
    at += end[0].length
    return JSON.parse(end[0]) as string
  }
  const scalar = (): Json => {
    if (text[at] === '"') return string()
    const word = /^[\w.+-]*/.exec(text.slice(at))?.[0] ?? ''
    if (at + word.length >= text.length) return ended()
    at += word.length
    return JSON.parse(word) as Json
  }
  /** Reads the members of a container up to its end. */
  const members = (close: string, one: () => void): void => {
    at++
    space()
    while (text[at] !== close) {
      one()
      space()
      if (text[at] === ',') at++
      space()
    }
    at++
  }
  const value = (keep: (value: Json) => void): void => {
    space()
    const outer = path
    if (text[at] === '{') {
      const object: { [key: string]: Json } = {}
      keep(object)
      members('}', () => {
        const key = string()
        space()
        at++
        // Until its value is known to be a container, the container that is open is this one.
        space()
        path = /[{[]/.test(text[at] ?? '') ? [...outer, key] : outer
        value((each) => (object[key] = each))
        path = outer
      })
    } else if (text[at] === '[') {
      const list: Json[] = []
      keep(list)
      members(']', () => {
        path = /[{[]/.test(text[at] ?? '') ? [...outer, list.length] : outer
        value((each) => list.push(each))
        path = outer
      })
    } else keep(scalar())
  }
  let root: Json = null
  try {
    if (!text.startsWith('{')) return undefined
    value((each) => (root = each))
  } catch (error) {
    if (!(error instanceof End)) return undefined
  }
  return { value: root, open: open.path }
}

/** Whether `whole` begins as a cut value says: what is closed must be equal, what was open may go on. */
export function beginsAs(cut: Json, whole: Json | undefined, open: readonly (string | number)[]): boolean {
  const [next, ...rest] = open
  if (Array.isArray(cut))
    return (
      Array.isArray(whole) &&
      cut.every((each, index) =>
        index === next ? beginsAs(each, whole[index], rest) : isSame(each, whole[index]),
      )
    )
  if (!isObject(cut)) return isSame(cut, whole)
  return (
    isObject(whole) &&
    Object.entries(cut).every(([key, each]) =>
      key === next
        ? (key === 'managedFields' ? managersBegin : beginsAs)(each, whole[key], rest)
        : isSame(each, whole[key]),
    )
  )
}

/** As `beginsAs` for a list of managers, which stand in the order of their times: in any order. */
function managersBegin(cut: Json, whole: Json | undefined, open: readonly (string | number)[]): boolean {
  if (!Array.isArray(cut) || !Array.isArray(whole)) return beginsAs(cut, whole, open)
  const left = [...whole]
  const halves = cut.filter((each) => {
    const found = left.findIndex((other) => isSame(each, other))
    if (found >= 0) left.splice(found, 1)
    return found < 0
  })
  if (halves.length > 1 || open.length === 0) return halves.length === 0
  return halves.every((half) => left.some((other) => beginsAs(half, other, open.slice(1))))
}

function isSame(one: Json, other: Json | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
