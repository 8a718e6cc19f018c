import type { Json } from '../resources.ts'
import { isObject } from '../rest/json.ts'

type Step =
  | { type: 'name'; name: string }
  | { type: 'all' }
  | { type: 'descend' }
  | { type: 'index'; index: number }
  | { type: 'slice'; from: number | undefined; to: number | undefined }
  | { type: 'filter'; path: Step[]; operator: string; value: Json | undefined }

const parsed = new Map<string, Step[]>()

/** The values a JSON path names, in order; none when the path leads nowhere. The path may stand in braces. */
export function jsonPath(value: Json | undefined, path: string): Json[] {
  const text = path.replace(/^\{(.*)\}$/s, '$1')
  let steps = parsed.get(text)
  if (steps === undefined) parsed.set(text, (steps = parse(text)))
  return follow(value, steps)
}

function follow(value: Json | undefined, steps: Step[]): Json[] {
  let current: Json[] = value === undefined ? [] : [value]
  for (const step of steps) current = current.flatMap((each) => apply(each, step))
  return current
}

function apply(value: Json, step: Step): Json[] {
  switch (step.type) {
    case 'name': {
      if (!isObject(value) || !Object.hasOwn(value, step.name)) return []
      const member = value[step.name]
      return member === undefined || member === null ? [] : [member]
    }
    case 'all':
      if (Array.isArray(value)) return value
      return isObject(value) ? Object.values(value).filter((each) => each !== undefined) : []
    case 'descend':
      return [value, ...children(value).flatMap((child) => apply(child, step))]
    case 'index': {
      const item = Array.isArray(value) ? value.at(step.index) : undefined
      return item === undefined ? [] : [item]
    }
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to) : []
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => matches(item, step)) : []
  }
}

function children(value: Json): Json[] {
  if (Array.isArray(value)) return value
  return isObject(value) ? Object.values(value).filter((each) => each !== undefined) : []
}

function matches(item: Json, step: Step & { type: 'filter' }): boolean {
  const [found] = follow(item, step.path)
  if (step.operator === '') return found !== undefined
  if (found === undefined || step.value === undefined) return false
  const { value } = step
  switch (step.operator) {
    case '==':
      return found === value
    case '!=':
      return found !== value
    default: {
      if (found === null || value === null) return false
      if (step.operator === '<') return found < value
      if (step.operator === '<=') return found <= value
      return step.operator === '>' ? found > value : found >= value
    }
  }
}

function parse(text: string): Step[] {
  const steps: Step[] = []
  let at = 0
  while (at < text.length) {
    const character = text[at]
    if (character === '.' && text[at + 1] === '.') {
      steps.push({ type: 'descend' })
      at += text[at + 2] === '[' ? 2 : 1
    } else if (character === '.') {
      const { name, next } = readName(text, at + 1)
      if (name === '*') steps.push({ type: 'all' })
      else if (name !== '') steps.push({ type: 'name', name })
      at = next
    } else if (character === '[') {
      const end = closing(text, at)
      steps.push(bracket(text.slice(at + 1, end)))
      at = end + 1
    } else if (character === '$' || character === '@') at++
    else {
      const { name, next } = readName(text, at)
      steps.push({ type: 'name', name })
      at = next === at ? at + 1 : next
    }
  }
  return steps
}

/** A name up to the next dot or bracket; a backslash takes the next character as it is. */
function readName(text: string, from: number): { name: string; next: number } {
  let name = ''
  let at = from
  while (at < text.length) {
    const character = text[at] ?? ''
    if (character === '.' || character === '[') break
    if (character === '\\') at++
    name += text[at] ?? ''
    at++
  }
  return { name, next: at }
}

function closing(text: string, from: number): number {
  let depth = 0
  let quote = ''
  for (let at = from; at < text.length; at++) {
    const character = text[at] ?? ''
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === '[') depth++
    else if (character === ']' && --depth === 0) return at
  }
  return text.length
}

function bracket(text: string): Step {
  const inner = text.trim()
  if (inner === '*') return { type: 'all' }
  const quoted = /^(['"])(.*)\1$/s.exec(inner)
  if (quoted !== null) return { type: 'name', name: quoted[2] ?? '' }
  const filter = /^\?\((.*)\)$/s.exec(inner)
  if (filter !== null) {
    const [, left = '', operator = '', right = ''] =
      /^(.*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.*))?$/s.exec(filter[1]?.trim() ?? '') ?? []
    return { type: 'filter', path: parse(left), operator, value: literal(right.trim()) }
  }
  if (inner.includes(':')) {
    const [from = '', to = ''] = inner.split(':')
    const number = (part: string): number | undefined => (part === '' ? undefined : Number(part))
    return { type: 'slice', from: number(from), to: number(to) }
  }
  return { type: 'index', index: Number(inner) }
}

function literal(text: string): Json | undefined {
  const quoted = /^(['"])(.*)\1$/s.exec(text)
  if (quoted !== null) return quoted[2]
  if (text === 'true' || text === 'false') return text === 'true'
  if (text === '') return undefined
  const number = Number(text)
  return Number.isNaN(number) ? text : number
}
