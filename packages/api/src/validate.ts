import type { TLocalizedValidationError } from 'typebox/error'
import { Value } from 'typebox/value'
import { definitionOf } from './crd.ts'
import type { Kind } from './kind.ts'
import { BYTES_PATTERN, DURATION_PATTERN } from './schema.ts'

/** What is wrong with one field: where, what stands there, and the rule it breaks. */
export interface FieldProblem {
  /** Path of the field, such as `spec.memory`. */
  readonly field: string
  readonly value: unknown
  /** The rule in words. */
  readonly rule: string
}

/** Checks an object of one of our kinds against its schema. An empty list means it is right; rules between fields are the API server's. */
export function validate(kind: Kind<unknown>, object: { spec?: unknown }): FieldProblem[] {
  const definition = definitionOf(kind)
  return [...Value.Errors(definition.spec, object.spec)].map((error) => ({
    field: `spec${keysOf(error.instancePath).map(printKey).join('')}`,
    value: valueAt(object.spec, error.instancePath),
    rule: ruleOf(error),
  }))
}

/** The rules that people meet most, in words. */
const patternsInWords = new Map([
  [BYTES_PATTERN, 'must be a number of bytes, such as 8Gi or 512Mi'],
  [DURATION_PATTERN, 'must be a duration, such as 20m or 1h30m'],
])

function ruleOf(error: TLocalizedValidationError): string {
  const words = error.keyword === 'pattern' ? patternsInWords.get(String(error.params.pattern)) : undefined
  const allowed =
    error.keyword === 'enum' ? `must be one of ${error.params.allowedValues.join(', ')}` : undefined
  return words ?? allowed ?? error.message
}

/** A problem as one sentence. */
export function printProblem({ field, value, rule }: FieldProblem): string {
  return `${field}: ${JSON.stringify(value) ?? 'missing'}: ${rule}`
}

/** The keys of a JSON pointer. */
function keysOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function printKey(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${key}]`
}

function valueAt(root: unknown, pointer: string): unknown {
  return keysOf(pointer).reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined,
    root,
  )
}
