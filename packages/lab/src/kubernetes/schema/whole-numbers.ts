import type { FieldError } from '../errors.ts'
import { fieldError } from '../errors.ts'
import type { Json, Schema } from '../resources.ts'
import { isObject } from '../rest/json.ts'

/** A number written with a point or an exponent. */
class Real {}

/** Schemas with a `multipleOf` below one somewhere inside, of those looked at. */
const fractional = new WeakMap<Schema, boolean>()

/**
 * Whole numbers in a JSON text where a custom kind's schema has a `multipleOf` below one. The API server cuts the factor to a whole
 * number then, finds zero, and refuses; `2.0` it takes. Only of new objects: what has not changed is let pass.
 */
export function wholeNumberProblems(schema: Schema, text: string): FieldError[] {
  let isFractional = fractional.get(schema)
  if (isFractional === undefined)
    fractional.set(schema, (isFractional = /"multipleOf":0?\.\d/.test(JSON.stringify(schema))))
  if (!isFractional) return []
  const keep = (_key: string, value: Json, written?: { source?: string }): Json | Real =>
    typeof value === 'number' && /[.eE]/.test(written?.source ?? '') ? new Real() : value
  const found: FieldError[] = []
  walk(schema, JSON.parse(text, keep) as Json | Real, '', found)
  return found
}

function walk(schema: Schema, value: Json | Real | undefined, path: string, found: FieldError[]): void {
  const factor = schema.multipleOf
  if (typeof value === 'number' && factor !== undefined && Math.trunc(factor) <= 0)
    found.push(fieldError.invalid(path, 0, `factor MultipleOf declared for ${path} must be positive: 0`))
  const { items, properties, additionalProperties } = schema
  if (Array.isArray(value)) {
    if (items !== undefined) value.forEach((item, index) => walk(items, item, `${path}[${index}]`, found))
    return
  }
  if (value instanceof Real || !isObject(value)) return
  for (const [key, member] of Object.entries(value)) {
    const own =
      properties?.[key] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined)
    if (own !== undefined) walk(own, member, path === '' ? key : `${path}.${key}`, found)
  }
}
