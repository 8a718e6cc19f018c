import { callOf, type Method, type Param } from '../schema/index.ts'

/** Turns one decoded value into what the schema says it is, in place where it is an object or a list. */
type Normaliser = (value: unknown) => unknown

const keep: Normaliser = (value) => value

/**
 * Makes the normaliser of a call's result: booleans become booleans and numbers numbers, whether Proxmox sent 1, "1" or "2048".
 * Compiled once a call from the schema, so that a long list costs one property visit for each field that needs it.
 */
export function normaliserOf(method: Method, template: string): Normaliser {
  return kept(compiled[method], template, () => callOf(method, template)?.returns)
}

/** The normaliser of each entry of the list that a GET answers. */
export const entryNormaliserOf = (template: string): Normaliser =>
  kept(compiledEntries, template, () => callOf('GET', template)?.returns?.items)

function kept(known: Map<string, Normaliser>, template: string, param: () => Param | undefined): Normaliser {
  let normaliser = known.get(template)
  if (!normaliser) {
    normaliser = compile(param())
    known.set(template, normaliser)
  }
  return normaliser
}

const compiledEntries = new Map<string, Normaliser>()

const compiled: Readonly<Record<Method, Map<string, Normaliser>>> = {
  GET: new Map(),
  POST: new Map(),
  PUT: new Map(),
  DELETE: new Map(),
}

function compile(param: Param | undefined): Normaliser {
  switch (param?.type) {
    case 'boolean':
      return toBoolean
    case 'integer':
    case 'number':
      return toNumber
    case 'string':
      return toText
    case 'array':
      return compileList(param.items)
    case 'object':
      return compileObject(param)
    default:
      return keep
  }
}

function compileList(items: Param | undefined): Normaliser {
  const one = compile(items)
  if (one === keep) return keep
  return (value) => {
    if (!Array.isArray(value)) return value
    const list: unknown[] = value
    for (let index = 0; index < list.length; index += 1) list[index] = one(list[index])
    return list
  }
}

/**
 * A list of 10,000 entries has some 150,000 fields, nearly all of which came as they should be. So the two most frequent types are looked at
 * in loops of their own, where a field that is right costs no call.
 */
function compileObject(param: Param): Normaliser {
  const texts: string[] = []
  const numbers: string[] = []
  const others: [string, Normaliser][] = []
  const indexed: [RegExp, Normaliser][] = []
  for (const [name, field] of Object.entries(param.props ?? {})) {
    const normaliser = compile(field)
    if (normaliser === keep) continue
    if (name.includes('[n]'))
      indexed.push([new RegExp(`^${name.replace('[n]', String.raw`\d+`)}$`), normaliser])
    else if (normaliser === toText) texts.push(name)
    else if (normaliser === toNumber) numbers.push(name)
    else others.push([name, normaliser])
  }
  if (texts.length + numbers.length + others.length + indexed.length === 0) {
    const other = typeof param.extra === 'object' && !param.props ? compile(param.extra) : keep
    return other === keep ? keep : eachOf(other)
  }
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const object = value as Record<string, unknown>
    for (const name of texts) if (typeof object[name] === 'number') object[name] = toText(object[name])
    for (const name of numbers) if (typeof object[name] === 'string') object[name] = toNumber(object[name])
    for (const [name, normaliser] of others) {
      const before = object[name]
      if (before !== undefined && before !== null) object[name] = normaliser(before)
    }
    for (const [pattern, normaliser] of indexed) {
      for (const name of Object.keys(object)) if (pattern.test(name)) object[name] = normaliser(object[name])
    }
    return object
  }
}

/** Of an object whose keys are names: every value. */
function eachOf(one: Normaliser): Normaliser {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const object = value as Record<string, unknown>
    for (const name of Object.keys(object)) object[name] = one(object[name])
    return object
  }
}

function toBoolean(value: unknown): unknown {
  if (value === 1 || value === '1' || value === true) return true
  if (value === 0 || value === '0' || value === '' || value === false) return false
  return value
}

/** Digits-only names and tags come as JSON numbers now and then. */
function toText(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value
}

function toNumber(value: unknown): unknown {
  // `0x10`, blanks and the like are texts whatever JavaScript makes of them; so is what a double cannot hold.
  if (typeof value !== 'string' || !/^-?\d{1,15}(?:\.\d+)?(?:[eE][+-]?\d{1,2})?$/.test(value)) return value
  return Number(value)
}
