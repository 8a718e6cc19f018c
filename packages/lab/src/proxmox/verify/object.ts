import { apiSchema, type Param } from '@fochista/proxmox/schema'
import { rawText } from '../http/form.ts'
import { checkCpu, readProperties } from './property-string.ts'
import { checkStringFormat } from './string-formats.ts'

const UNKNOWN = 'property is not defined in schema and the schema does not allow additional properties'

/**
 * Judges the values of an object by its properties' descriptions, as the original's schema code does: one message per
 * property, the first check that fails, all properties together.
 * @param errors where the messages go, by path.
 * @param path what stands before the names; empty at the top.
 */
export function checkObject(
  properties: Readonly<Record<string, Param>>,
  values: Readonly<Record<string, unknown>>,
  additional: boolean,
  errors: Record<string, string>,
  path: string,
): void {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
  for (const name in properties) {
    const param = properties[name]
    if (param === undefined || param.opt === 1 || param.alias !== undefined || param.idx !== undefined)
      continue
    // Of some fields the schema knows no more than the name: nobody has to give them.
    if (Object.keys(param).length === 0) continue
    if (values[name] === undefined) addError(errors, at(name), 'property is missing and it is not optional')
  }
  for (const name in values) {
    const value = values[name]
    if (value === undefined) continue
    const param = properties[name] ?? indexedParam(properties, name)
    if (param === undefined || param.alias !== undefined) {
      if (!additional) addError(errors, at(name), UNKNOWN)
      continue
    }
    const problem = checkValue(param, value, at(name))
    if (problem !== undefined) addError(errors, at(name), problem)
    if (param.req !== undefined && values[param.req] === undefined)
      addError(errors, at(param.req), `missing property required by '${at(name)}'`)
  }
}

/** The description of `net3`, which the schema writes as `net[n]`. */
export function indexedParam(properties: Readonly<Record<string, Param>>, name: string): Param | undefined {
  const [, stem = '', index = ''] = /^(.*?)(0|[1-9]\d*)$/.exec(name) ?? []
  const param = stem === '' ? undefined : properties[`${stem}[n]`]
  const [low, high] = param?.idx ?? [0, -1]
  return Number(index) >= low && Number(index) <= high ? param : undefined
}

function addError(errors: Record<string, string>, path: string, text: string): void {
  errors[path] = errors[path] === undefined ? text : `${errors[path]}\\n${text}`
}

/** What is wrong with one value, or undefined. */
function checkValue(param: Param, value: unknown, path: string): string | undefined {
  const problem = checkType(param.type, value)
  if (problem !== undefined) return problem
  if (Array.isArray(value)) {
    const { items } = param
    if (items === undefined) return undefined
    for (const item of value) {
      const inner = checkValue(items, item, path)
      if (inner !== undefined) return inner
    }
    return undefined
  }
  if (typeof value === 'object' || typeof value === 'boolean') return undefined
  const text = rawText(value)
  if (param.fmt !== undefined) {
    // Some property strings have a name like that of a text's format.
    const same = apiSchema.stringFormats[param.fmt]?.['same']
    const format = typeof same === 'string' ? same : param.fmt
    const formatProblem = format.startsWith('#')
      ? checkPropertyString(format.slice(1), text, path)
      : withLineEnd(checkStringFormat(format, text))
    if (formatProblem !== undefined) return `invalid format - ${formatProblem}`
  }
  if (param.pat !== undefined && !patternOf(param).test(text)) return 'value does not match the regex pattern'
  if (param.maxLen !== undefined && text.length > param.maxLen)
    return `value may only be ${param.maxLen} characters long`
  if (param.minLen !== undefined && text.length < param.minLen)
    return `value must be at least ${param.minLen} characters long`
  if (param.max !== undefined && NUMBER.test(text) && Number(text) > param.max)
    return `value must have a maximum value of ${param.max}`
  if (param.min !== undefined && NUMBER.test(text) && Number(text) < param.min)
    return `value must have a minimum value of ${param.min}`
  if (param.enum !== undefined && !param.enum.includes(text))
    return `value '${text}' does not have a value in the enumeration '${param.enum.join(', ')}'`
  return undefined
}

/** What is wrong with a property string, by the fields of its format; `path` stands before their names. */
function checkPropertyString(format: string, value: string, path: string): string | undefined {
  const fields = apiSchema.formats[format]
  if (fields === undefined) return undefined
  const read = readProperties(fields, value)
  if (typeof read === 'string') return `${read}\n`
  const errors: Record<string, string> = {}
  checkObject(fields, read, false, errors, path)
  const names = Object.keys(errors).sort()
  if (names.length > 0) return `format error\n${names.map((name) => `${name}: ${errors[name]}\n`).join('')}`
  return format === 'pve-vm-cpu-conf' ? checkCpu(fields, read) : undefined
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const INTEGER = /^[+-]?\d+$/

function checkType(type: Param['type'], value: unknown): string | undefined {
  if (type === undefined || type === 'any') return undefined
  if (Array.isArray(value)) return type === 'array' ? undefined : failed(type, 'ARRAY')
  if (typeof value === 'boolean') return type === 'boolean' ? undefined : failed(type, 'JSON::PP::Boolean')
  if (typeof value === 'object') return type === 'object' ? undefined : failed(type, 'HASH')
  const text = rawText(value)
  const right =
    type === 'string' ||
    (type === 'integer' && INTEGER.test(text)) ||
    (type === 'number' && NUMBER.test(text)) ||
    (type === 'boolean' && (text === '0' || text === '1'))
  return right ? undefined : failed(type, `'${text}'`)
}

function failed(type: string, got: string): string {
  return `type check ('${type}') failed - got ${got}`
}

function withLineEnd(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `${text}\n`
}

const patterns = new WeakMap<Param, RegExp>()

function patternOf(param: Param): RegExp {
  let pattern = patterns.get(param)
  if (pattern === undefined) {
    pattern = new RegExp(`^(?:${param.pat})$`, param.patFlags ?? '')
    patterns.set(param, pattern)
  }
  return pattern
}
