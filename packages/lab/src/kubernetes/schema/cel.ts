import type { FieldError } from '../errors.ts'
import { fieldError } from '../errors.ts'
import type { Json, Schema, ValidationRule } from '../resources.ts'
import { equal, isObject } from '../rest/json.ts'
import { celEnvironment } from './cel-functions.ts'
import { itemBefore } from './item-before.ts'

type Program = (context: Record<string, unknown>) => unknown

const programs = new Map<string, Program | Error>()

/** A compiled rule, or the error that compiling gave. */
export function compile(rule: string): Program | Error {
  let program = programs.get(rule)
  if (program === undefined) {
    try {
      program = celEnvironment().parse(rule) as unknown as Program
    } catch (error) {
      program = error instanceof Error ? error : new Error(String(error))
    }
    programs.set(rule, program)
  }
  return program
}

/** Runs all CEL rules of a schema over a value, transition rules too where there was a value before. */
export function evaluateRules(schema: Schema, value: Json, old: Json | undefined): FieldError[] {
  const errors: FieldError[] = []
  if (hasRules(schema)) walk(schema, value, old, '', errors, true)
  return errors
}

const withRules = new WeakMap<Schema, boolean>()

function hasRules(schema: Schema): boolean {
  let known = withRules.get(schema)
  if (known === undefined) {
    const rest = schema.additionalProperties
    known =
      (schema['x-kubernetes-validations']?.length ?? 0) > 0 ||
      Object.values(schema.properties ?? {}).some(hasRules) ||
      (typeof rest === 'object' && hasRules(rest)) ||
      (schema.items !== undefined && hasRules(schema.items))
    withRules.set(schema, known)
  }
  return known
}

function walk(
  schema: Schema,
  value: Json,
  old: Json | undefined,
  path: string,
  errors: FieldError[],
  root = false,
): void {
  if (value === null && schema.nullable === true) return
  for (const rule of schema['x-kubernetes-validations'] ?? []) {
    const error = runRule(rule, schema, value, old, path)
    // Ratcheting: what failed before and did not change is let pass.
    if (error !== undefined && !(old !== undefined && !root && equal(value, old))) errors.push(error)
  }
  if (Array.isArray(value)) {
    const items = schema.items
    if (items === undefined || !hasRules(items)) return
    const olds = Array.isArray(old) ? old : []
    value.forEach((item, index) => {
      const before = itemBefore(schema, item, olds)
      walk(items, item, before, `${path}[${index}]`, errors)
    })
    return
  }
  if (!isObject(value)) return
  const before = isObject(old) ? old : undefined
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const member = value[name]
    if (member === undefined || !hasRules(property)) continue
    walk(property, member, before?.[name], path === '' ? name : `${path}.${name}`, errors)
  }
  const rest = schema.additionalProperties
  if (typeof rest === 'object' && hasRules(rest))
    for (const [name, member] of Object.entries(value))
      if (member !== undefined)
        walk(rest, member, before?.[name], path === '' ? name : `${path}[${name}]`, errors)
}

function runRule(
  rule: ValidationRule,
  schema: Schema,
  value: Json,
  old: Json | undefined,
  path: string,
): FieldError | undefined {
  const usesOld = /\boldSelf\b/.test(rule.rule)
  if (usesOld && old === undefined && rule.optionalOldSelf !== true) return undefined
  const program = compile(rule.rule)
  const where = rule.fieldPath === undefined ? path : `${path}${rule.fieldPath}`
  const field = where === '' ? '<nil>' : where
  if (program instanceof Error)
    return fieldError.invalid(field, undefined, `rule compile error: ${program.message}`)
  const context: Record<string, unknown> = { self: toCel(schema, value) }
  if (usesOld) context['oldSelf'] = old === undefined ? undefined : toCel(schema, old)
  const shown = typeof value === 'object' ? undefined : value
  const fail = (text: string): FieldError => {
    const reason = rule.reason ?? 'FieldValueInvalid'
    if (reason === 'FieldValueForbidden') return { reason, field, message: `Forbidden: ${text}` }
    if (reason === 'FieldValueRequired') return { reason, field, message: `Required value: ${text}` }
    if (reason === 'FieldValueDuplicate')
      return {
        reason,
        field,
        message: `Duplicate value${shown === undefined ? '' : `: ${JSON.stringify(shown)}`}`,
      }
    const printed =
      shown === undefined ? `Invalid value: ${text}` : `Invalid value: ${JSON.stringify(shown)}: ${text}`
    return { reason, field, message: printed }
  }
  try {
    if (program(context) === true) return undefined
  } catch (last) {
    const error = firstError(rule.rule, context) ?? last
    const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    const about = rule.message ?? rule.rule
    const kind = Array.isArray(value) ? 'array' : typeof value === 'object' ? 'object' : value
    return fieldError.invalid(field, kind, `${lowerFirst(text)} evaluating rule: ${about}`)
  }
  if (rule.messageExpression !== undefined) {
    const message = compile(rule.messageExpression)
    try {
      const text = message instanceof Error ? undefined : message(context)
      if (typeof text === 'string' && text.trim() !== '' && !text.includes('\n')) return fail(text)
    } catch {
      // A message that cannot be made falls back to the fixed one.
    }
  }
  return fail(rule.message ?? `failed rule: ${rule.rule}`)
}

/** The error of the first operand of a rule that joins several: the API server tells that one, the library here the last. */
function firstError(rule: string, context: Record<string, unknown>): unknown {
  const first = firstOperand(rule)
  const program = first === undefined ? undefined : compile(first)
  if (program === undefined || program instanceof Error) return undefined
  try {
    program(context)
    return undefined
  } catch (error) {
    return error
  }
}

/** What stands before the first `||` or `&&` that is in no parentheses and no text; undefined where there is none, or a `?`. */
function firstOperand(rule: string): string | undefined {
  let depth = 0
  let end: number | undefined
  for (let at = 0; at < rule.length; at++) {
    const letter = rule[at] ?? ''
    if (letter === "'" || letter === '"') {
      for (at++; at < rule.length && rule[at] !== letter; at++) if (rule[at] === '\\') at++
    } else if ('([{'.includes(letter)) depth++
    else if (')]}'.includes(letter)) depth--
    else if (depth === 0 && letter === '?') return undefined
    else if (depth === 0 && (rule.startsWith('||', at) || rule.startsWith('&&', at))) end ??= at
  }
  return end === undefined ? undefined : rule.slice(0, end)
}

function lowerFirst(text: string): string {
  return text.replace(/^No such key: /, 'no such key: ')
}

/** A JSON value as CEL sees it: integers are BigInt, dates are Date, by the schema. */
export function toCel(schema: Schema | undefined, value: Json | undefined): unknown {
  if (value === null || value === undefined) return null
  if (typeof value === 'number') {
    if (schema?.type === 'number') return value
    return Number.isInteger(value) ? BigInt(value) : value
  }
  if (typeof value === 'string') {
    if (schema?.format === 'date-time' || schema?.format === 'date') return new Date(value)
    return value
  }
  if (Array.isArray(value)) return value.map((item) => toCel(schema?.items, item))
  if (isObject(value)) {
    const result: Record<string, unknown> = {}
    for (const key in value) {
      if (value[key] === undefined) continue
      const rest = schema?.additionalProperties
      result[key] = toCel(
        schema?.properties?.[key] ?? (typeof rest === 'object' ? rest : undefined),
        value[key],
      )
    }
    return result
  }
  return value
}
