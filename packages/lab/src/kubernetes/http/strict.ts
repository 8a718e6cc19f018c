import type { ApiObject, Json, ResourceDefinition, Schema } from '../resources.ts'
import { copy, isObject } from '../rest/json.ts'
import { prune } from '../schema/prune.ts'

const METADATA_FIELDS = new Set([
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
])

/** What strict decoding minds in an object: `unknown field "spec.foo"`, `duplicate field "spec.x"`. */
export function strictProblems(
  definition: ResourceDefinition,
  object: ApiObject,
  duplicates: string[],
  resolve?: (schema: Schema) => Schema | undefined,
): string[] {
  const unknown: string[] = []
  for (const key of Object.keys(object.metadata))
    if (!METADATA_FIELDS.has(key)) unknown.push(`metadata.${key}`)
  if (definition.crd === true && definition.schema !== undefined)
    unknown.push(...prune(copy(object), definition.schema, true))
  else if (definition.schema !== undefined && resolve !== undefined)
    unknownFields(object, definition.schema, resolve, '', unknown, true)
  const fields = unknown.toSorted().map((path) => `unknown field ${JSON.stringify(path)}`)
  return definition.crd === true ? [...duplicates, ...fields] : [...fields, ...duplicates]
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
