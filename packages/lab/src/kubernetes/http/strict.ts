import type { ApiObject, Json, ResourceDefinition, Schema } from '../resources.ts'
import { copy, isObject } from '../rest/json.ts'
import { METADATA_FIELDS, prune } from '../schema/prune.ts'
import { duplicateFields } from './duplicates.ts'
import type { Key } from './duplicates.ts'

/** What strict decoding minds in an object: `unknown field "spec.foo"`, `duplicate field "spec.x"`. */
export function strictProblems(
  definition: ResourceDefinition,
  object: ApiObject,
  keys: readonly Key[],
  resolve?: (schema: Schema) => Schema | undefined,
): string[] {
  const unknown: string[] = []
  for (const key of Object.keys(object.metadata))
    if (!METADATA_FIELDS.has(key)) unknown.push(`metadata.${key}`)
  if (definition.crd === true && definition.schema !== undefined)
    unknown.push(...prune(copy(object), definition.schema, true))
  else if (definition.schema !== undefined && resolve !== undefined)
    unknownFields(object, definition.schema, resolve, '', unknown, true)
  const report = (path: string): string => `unknown field ${JSON.stringify(path)}`
  if (definition.crd === true) return [...duplicateFields(keys), ...unknown.map(report)]
  // The decoder of built-in kinds reports as it reads.
  const missing = new Set(unknown)
  const problems = keys.flatMap((key) => {
    if (key.isDuplicate) return [`duplicate field ${JSON.stringify(key.path)}`]
    return missing.delete(key.path) ? [report(key.path)] : []
  })
  return [...new Set([...problems, ...[...missing].toSorted().map(report)])]
}

function unknownFields(
  value: Json,
  given: Schema | undefined,
  resolve: (schema: Schema) => Schema | undefined,
  path: string,
  found: string[],
  root = false,
): void {
  const schema = given === undefined ? undefined : resolve(given)
  if (schema === undefined) return
  if (Array.isArray(value)) {
    value.forEach((item, index) => unknownFields(item, schema.items, resolve, `${path}[${index}]`, found))
    return
  }
  if (!isObject(value) || schema.properties === undefined) {
    const rest = schema.additionalProperties
    if (isObject(value) && typeof rest === 'object')
      for (const [key, member] of Object.entries(value))
        if (member !== undefined) unknownFields(member, rest, resolve, `${path}.${key}`, found)
    return
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined || (root && ['apiVersion', 'kind', 'metadata'].includes(key))) continue
    const here = path === '' ? key : `${path}.${key}`
    const own = schema.properties[key]
    if (own === undefined) found.push(here)
    else unknownFields(member, own, resolve, here, found)
  }
}
