import type { Json, Schema } from '../resources.ts'
import { isObject } from '../rest/json.ts'
import { itemElement, valueElement } from './typed.ts'
import type { Typing } from './typed.ts'
import { printPath } from './fieldset.ts'

/**
 * What keeps a value from being read by a schema, with its path: a field that is not declared, a value of another type, an item that a
 * list has twice. Undefined when nothing does, or nothing is known.
 */
export function typedProblem(
  typing: Typing,
  value: Json,
  given = typing.root,
  depth = 0,
  path = '',
): string | undefined {
  const schema = typing.resolve(given)
  if (schema === undefined || value === null) return undefined
  if (schema['x-kubernetes-preserve-unknown-fields'] === true && schema.properties === undefined)
    return undefined
  const wrong = typeProblem(schema, value)
  if (wrong !== undefined) return `${path}: ${wrong}`
  if (Array.isArray(value)) return listProblem(typing, schema, value, depth, path)
  if (!isObject(value)) return undefined
  for (const key of Object.keys(value).toSorted()) {
    const member = value[key]
    if (member === undefined || (depth === 0 && ['apiVersion', 'kind', 'metadata'].includes(key))) continue
    const own = schema.properties?.[key]
    const rest = schema.additionalProperties
    const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true
    if (
      own === undefined &&
      schema.properties !== undefined &&
      !isOpen &&
      typeof rest !== 'object' &&
      rest !== true
    )
      return `${path}.${key}: field not declared in schema`
    const found = typedProblem(
      typing,
      member,
      own ?? (typeof rest === 'object' ? rest : undefined),
      depth + 1,
      `${path}.${key}`,
    )
    if (found !== undefined) return found
  }
  return undefined
}

function listProblem(
  typing: Typing,
  schema: Schema,
  value: Json[],
  depth: number,
  path: string,
): string | undefined {
  const shape = typing.shape(schema, value)
  const seen = new Set<string>()
  for (const [index, item] of value.entries()) {
    const element =
      shape.type === 'keyed'
        ? itemElement(shape, item)
        : shape.type === 'set'
          ? valueElement(item)
          : undefined
    const place = element === undefined ? `[${index}]` : printPath([element])
    if (element !== undefined && seen.has(element)) return `${path}: duplicate entries for key ${place}`
    if (element !== undefined) seen.add(element)
    const found = typedProblem(typing, item, schema.items, depth + 1, `${path}${place}`)
    if (found !== undefined) return found
  }
  return undefined
}

function typeProblem(schema: Schema, value: Json): string | undefined {
  switch (schema.type) {
    case 'string':
      // A number in the place of a date or of bytes is a scalar all the same.
      return typeof value === 'string' ? undefined : `expected string, got ${printed(value)}`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got &{${goValue(value)}}`
    case 'integer':
    case 'number':
      return typeof value === 'number'
        ? undefined
        : 'expected numeric (int or float), got *value.valueUnstructured'
    case 'array':
      return Array.isArray(value) ? undefined : `expected list, got &{${goValue(value)}}`
    case 'object':
      return isObject(value) ? undefined : `expected map, got &{${goValue(value)}}`
    default:
      return undefined
  }
}

function printed(value: Json): string {
  const inner = typeof value === 'string' ? JSON.stringify(value) : goValue(value)
  return `&value.valueUnstructured{Value:${inner}}`
}

function goValue(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`
  if (isObject(value))
    return `map[${Object.keys(value)
      .toSorted()
      .map((key) => `${key}:${goValue(value[key] ?? null)}`)
      .join(' ')}]`
  return value === null ? '<nil>' : String(value)
}
