import type { FieldError } from '../errors.ts'
import { fieldError } from '../errors.ts'
import type { Json, Schema } from '../resources.ts'
import { equal, isObject } from '../rest/json.ts'
import { evaluateRules } from './cel.ts'
import { embeddedProblems } from './embedded.ts'
import { formatProblem } from './formats.ts'
import { itemBefore } from './item-before.ts'

const UNUSABLE = new Set([
  'FieldValueRequired',
  'FieldValueTypeInvalid',
  'FieldValueNotSupported',
  'FieldValueTooLong',
  'FieldValueTooMany',
])

/**
 * What is wrong with a custom object by its structural schema and its CEL rules. What was wrong before and has not changed
 * is let pass, as the API server does. `more` are problems found elsewhere, told before what the rules say; `before` are problems
 * told already, which may keep the rules from being checked too.
 */
export function validateObject(
  schema: Schema,
  object: Json,
  old: Json | undefined,
  { before = [], more = [] }: { before?: readonly FieldError[]; more?: readonly FieldError[] } = {},
): FieldError[] {
  const errors: FieldError[] = []
  check(schema, object, old, '', errors, { isRoot: true, isUpdate: old !== undefined, from: 0 })
  errors.push(...more)
  errors.push(...embeddedProblems(schema, object))
  if (
    [...before, ...errors].some(
      (error) =>
        UNUSABLE.has(error.reason) || / must be of type |in body must be of type/.test(error.message),
    )
  ) {
    errors.push(
      fieldError.invalid(
        '<nil>',
        null,
        'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
      ),
    )
    return errors
  }
  errors.push(...evaluateRules(schema, object, old))
  return errors
}

function typeName(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function hasType(value: Json, type: string): boolean {
  const actual = typeName(value)
  return actual === type || (type === 'number' && actual === 'integer')
}

function print(value: Json): string {
  return JSON.stringify(value)
}

/** Where a check stands. */
interface Standing {
  isRoot: boolean
  isUpdate: boolean
  /** Where the name of the value begins in its path: an update names what was not there before from itself on. */
  from: number
}

function check(
  schema: Schema,
  value: Json,
  old: Json | undefined,
  path: string,
  errors: FieldError[],
  { isRoot: root, isUpdate, from }: Standing,
): void {
  if (value === null && schema.nullable === true) return
  if (old !== undefined && !root && typeof value !== 'object' && equal(value, old)) return
  const found: FieldError[] = []
  checkHere(schema, value, path, found, from)
  if (found.length > 0 && !(old !== undefined && equal(value, old))) errors.push(...found)
  if (found.some((error) => error.reason === 'FieldValueTypeInvalid')) return
  if (Array.isArray(value)) {
    const items = schema.items
    if (items === undefined) return
    const olds = Array.isArray(old) ? old : []
    value.forEach((item, index) => {
      const before = itemBefore(schema, item, olds)
      check(
        items,
        item,
        before ?? (equal(item, olds[index]) ? olds[index] : undefined),
        `${path}[${index}]`,
        errors,
        { isRoot: false, isUpdate, from },
      )
    })
    return
  }
  if (!isObject(value)) return
  const before = isObject(old) ? old : undefined
  for (const key of Object.keys(value).toSorted()) {
    const member = value[key]
    if (member === undefined || (root && (key === 'metadata' || key === 'apiVersion' || key === 'kind')))
      continue
    const own =
      schema.properties !== undefined && Object.hasOwn(schema.properties, key)
        ? schema.properties[key]
        : undefined
    const here =
      own === undefined && typeof schema.additionalProperties === 'object'
        ? `${path}.${key}`
        : join(path, key)
    const isNew = isUpdate && from === 0 && before !== undefined && before[key] === undefined
    const begins = path === '' ? key.length + 1 : path.length + 1
    const standing = { isRoot: false, isUpdate, from: isNew ? begins : from }
    if (own !== undefined) check(own, member, before?.[key], here, errors, standing)
    else if (typeof schema.additionalProperties === 'object')
      check(schema.additionalProperties, member, before?.[key], join(path, key), errors, standing)
  }
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

/** What is wrong with a value by a schema alone, without rules. */
export function problemsOfValue(schema: Schema, value: Json): FieldError[] {
  const errors: FieldError[] = []
  checkDeep(schema, value, '', errors)
  return errors
}

/** Problems of a value itself, not of what is inside it; texts name it by its path from a letter on. */
export function checkHere(schema: Schema, value: Json, path: string, errors: FieldError[], from = 0): void {
  const where = path === '' ? '' : `${path.slice(from > path.length ? 0 : from)} `
  const invalid = (detail: string): void => {
    errors.push(fieldError.invalid(path === '' ? '<nil>' : path, value, detail))
  }
  const type = schema.type
  const intOrString = schema['x-kubernetes-int-or-string'] === true
  const ok = intOrString
    ? typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value))
    : type === undefined || type === '' || hasType(value, type)
  if (!ok && type === 'integer' && typeof value === 'number' && schema.format !== undefined) {
    // A number with a fraction is told of twice, by the type that Go reads it as.
    errors.push({
      reason: 'FieldValueTypeInvalid',
      field: path === '' ? '<nil>' : path,
      message: `Invalid value: "float64": ${where}in body must be of type ${schema.format}: "float64"`,
    })
    const checked = `Checked value must be of type integer with format ${schema.format} in ${path}`
    errors.push(fieldError.invalid('<nil>', '', checked))
    return
  }
  if (!ok) {
    const wanted = intOrString ? 'integer,string' : type
    const shown = value === null ? 'null' : typeName(value)
    errors.push({
      reason: 'FieldValueTypeInvalid',
      field: path === '' ? '<nil>' : path,
      message: `Invalid value: ${value === null ? '"null"' : JSON.stringify(shown)}: ${where}in body must be of type ${wanted}: ${JSON.stringify(shown)}`,
    })
    return
  }
  if (schema.enum !== undefined && !schema.enum.some((each) => equal(each, value)))
    errors.push(fieldError.notSupported(path, value, schema.enum))
  if (typeof value === 'string') {
    const length = Array.from(value).length
    // Of a text only the first fault is told.
    if (schema.maxLength !== undefined && length > schema.maxLength)
      errors.push(fieldError.tooLong(path, schema.maxLength))
    else if (schema.minLength !== undefined && length < schema.minLength)
      invalid(`${where}in body should be at least ${schema.minLength} chars long`)
    else if (schema.pattern !== undefined && !matches(schema.pattern, value))
      invalid(`${where}in body should match '${schema.pattern}'`)
    if (schema.format !== undefined) {
      const problem = formatProblem(schema.format, value)
      if (problem)
        errors.push(
          fieldError.typeInvalid(
            path,
            value,
            `${where}in body must be of type ${schema.format}: ${JSON.stringify(value)}`,
          ),
        )
    }
  }
  if (typeof value === 'number') {
    if (schema.minimum !== undefined) {
      if (schema.exclusiveMinimum === true && value <= schema.minimum)
        invalid(`${where}in body should be greater than ${schema.minimum}`)
      else if (value < schema.minimum)
        invalid(`${where}in body should be greater than or equal to ${schema.minimum}`)
    }
    if (schema.maximum !== undefined) {
      if (schema.exclusiveMaximum === true && value >= schema.maximum)
        invalid(`${where}in body should be less than ${schema.maximum}`)
      else if (value > schema.maximum)
        invalid(`${where}in body should be less than or equal to ${schema.maximum}`)
    }
    if (schema.multipleOf !== undefined && !isMultiple(value, schema.multipleOf))
      invalid(`${where}in body should be a multiple of ${schema.multipleOf}`)
    if (schema.format === 'int32' && (value > 2147483647 || value < -2147483648))
      errors.push(fieldError.invalid(path, value, `${where}in body must be of type int32: ${print(value)}`))
  }
  if (Array.isArray(value)) {
    if (schema.maxItems !== undefined && value.length > schema.maxItems)
      errors.push(fieldError.tooMany(path, value.length, schema.maxItems))
    if (schema.minItems !== undefined && value.length < schema.minItems)
      errors.push(
        fieldError.invalid(
          path,
          value.length,
          `${where}in body should have at least ${schema.minItems} items`,
        ),
      )
    duplicates(schema, value, path, errors)
  }
  if (isObject(value)) {
    const count = Object.keys(value).length
    if (schema.maxProperties !== undefined && count > schema.maxProperties)
      errors.push({ ...fieldError.tooMany(path, count, schema.maxProperties) })
    if (schema.minProperties !== undefined && count < schema.minProperties)
      invalid(`${where}in body should have at least ${schema.minProperties} properties`)
    for (const name of schema.required ?? []) {
      if (name === 'metadata' && path === '') continue
      if (value[name] === undefined) errors.push(fieldError.required(join(path, name)))
    }
  }
  for (const each of schema.allOf ?? []) checkDeep(each, value, path, errors)
  if (schema.anyOf !== undefined && !intOrString && !schema.anyOf.some((each) => passes(each, value, path)))
    invalid(`${where}in body must validate at least one schema (anyOf)`)
  if (schema.oneOf !== undefined) {
    const count = schema.oneOf.filter((each) => passes(each, value, path)).length
    if (count !== 1)
      invalid(
        `${where}in body must validate one and only one schema (oneOf). Found ${count === 0 ? 'none valid' : `${count} valid alternatives`}`,
      )
  }
  if (schema.not !== undefined && passes(schema.not, value, path))
    invalid(`${where}in body must not validate the schema (not)`)
}

function checkDeep(schema: Schema, value: Json, path: string, errors: FieldError[]): void {
  checkHere(schema, value, path, errors)
  if (isObject(value))
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      const member = value[key]
      if (member !== undefined) checkDeep(property, member, join(path, key), errors)
    }
  const items = schema.items
  if (Array.isArray(value) && items !== undefined)
    value.forEach((item, index) => checkDeep(items, item, `${path}[${index}]`, errors))
}

function passes(schema: Schema, value: Json, path: string): boolean {
  const errors: FieldError[] = []
  checkDeep(schema, value, path, errors)
  return errors.length === 0
}

function duplicates(schema: Schema, value: Json[], path: string, errors: FieldError[]): void {
  const kind = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys']
  if (kind !== 'set' && kind !== 'map') return
  const seen = new Set<string>()
  value.forEach((item, index) => {
    let identity: Json = item
    if (kind === 'map' && keys !== undefined) {
      const picked: { [key: string]: Json } = {}
      for (const key of keys) {
        const part = isObject(item) ? (item[key] ?? schema.items?.properties?.[key]?.default) : undefined
        if (part !== undefined) picked[key] = part
      }
      identity = picked
    }
    const text = JSON.stringify(identity)
    if (seen.has(text)) errors.push(fieldError.duplicate(`${path}[${index}]`, identity))
    seen.add(text)
  })
}

const patterns = new Map<string, RegExp | undefined>()

function matches(pattern: string, value: string): boolean {
  let compiled = patterns.get(pattern)
  if (compiled === undefined && !patterns.has(pattern)) {
    try {
      compiled = new RegExp(pattern.replace(/^\(\?([ims]+)\)/, ''), pattern.startsWith('(?i') ? 'iu' : 'u')
    } catch {
      try {
        compiled = new RegExp(pattern)
      } catch {
        compiled = undefined
      }
    }
    patterns.set(pattern, compiled)
  }
  return compiled === undefined || compiled.test(value)
}

function isMultiple(value: number, factor: number): boolean {
  const quotient = value / factor
  return Math.abs(quotient - Math.round(quotient)) < 1e-9
}
