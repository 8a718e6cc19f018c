import type { FieldError } from '../errors.ts'
import { fieldError } from '../errors.ts'
import type { Json, Schema } from '../resources.ts'
import { isObject } from '../rest/json.ts'

/** What is wrong with the objects that a custom object holds (`x-kubernetes-embedded-resource`): those that do not say what they are. */
export function embeddedProblems(schema: Schema, object: Json): FieldError[] {
  const errors: FieldError[] = []
  embedded(schema, object, '', errors)
  return errors
}

function embedded(schema: Schema, value: Json, path: string, errors: FieldError[]): void {
  if (!hasEmbedded(schema)) return
  if (Array.isArray(value)) {
    const { items } = schema
    if (items !== undefined)
      value.forEach((item, index) => embedded(items, item, `${path}[${index}]`, errors))
    return
  }
  if (!isObject(value)) return
  if (schema['x-kubernetes-embedded-resource'] === true)
    for (const key of ['apiVersion', 'kind'])
      if (value[key] === undefined || value[key] === '') errors.push(fieldError.required(`${path}.${key}`))
  for (const [key, member] of Object.entries(value)) {
    const rest = schema.additionalProperties
    const own = schema.properties?.[key] ?? (typeof rest === 'object' ? rest : undefined)
    if (own !== undefined && member !== undefined)
      embedded(own, member, path === '' ? key : `${path}.${key}`, errors)
  }
}

const withEmbedded = new WeakMap<Schema, boolean>()

function hasEmbedded(schema: Schema): boolean {
  let known = withEmbedded.get(schema)
  if (known === undefined) {
    const { additionalProperties: rest, items, properties } = schema
    known =
      schema['x-kubernetes-embedded-resource'] === true ||
      Object.values(properties ?? {}).some(hasEmbedded) ||
      (typeof rest === 'object' && hasEmbedded(rest)) ||
      (items !== undefined && hasEmbedded(items))
    withEmbedded.set(schema, known)
  }
  return known
}
