import type { Json, JsonObject, Schema } from '../resources.ts'
import { isObject } from '../rest/json.ts'

/** What metadata may hold, in the order in which the API server prints it. */
export const METADATA_FIELDS: ReadonlySet<string> = new Set([
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

/**
 * Takes out of a custom object, in place, what its schema does not declare. At the root, apiVersion, kind and metadata stay; of an
 * object in the object the known metadata does. Returns the paths that went, in the form and order of strict decoding errors:
 * `spec.foo`, `spec.list[0].bar`, then what was in metadata.
 */
export function prune(value: Json | undefined, schema: Schema, root = false, path = ''): string[] {
  const gone: string[] = []
  const ofMetadata: string[] = []
  walk(value, schema, root, path, gone, ofMetadata)
  return [...gone.toSorted(), ...ofMetadata.toSorted()]
}

function walk(
  value: Json | undefined,
  schema: Schema | undefined,
  root: boolean,
  path: string,
  gone: string[],
  ofMetadata: string[],
): void {
  if (Array.isArray(value)) {
    const preserves = schema?.['x-kubernetes-preserve-unknown-fields'] === true
    value.forEach((item, index) => {
      if (schema?.items !== undefined || !preserves)
        walk(item, schema?.items ?? {}, false, `${path}[${index}]`, gone, ofMetadata)
    })
    return
  }
  if (!isObject(value)) return
  const embedded = schema?.['x-kubernetes-embedded-resource'] === true
  const preserves = schema?.['x-kubernetes-preserve-unknown-fields'] === true
  const rest = schema?.additionalProperties
  for (const key of Object.keys(value)) {
    if ((root || embedded) && (key === 'apiVersion' || key === 'kind' || key === 'metadata')) {
      const metadata = value[key]
      if (!root && key === 'metadata' && isObject(metadata))
        for (const field of Object.keys(metadata))
          if (!METADATA_FIELDS.has(field)) {
            delete metadata[field]
            ofMetadata.push(`${path}.metadata.${field}`)
          }
      continue
    }
    const own =
      schema?.properties !== undefined && Object.hasOwn(schema.properties, key)
        ? schema.properties[key]
        : undefined
    const here = path === '' ? key : `${path}.${key}`
    if (own !== undefined) walk(value[key], own, false, here, gone, ofMetadata)
    else if (rest !== undefined && rest !== false) {
      if (typeof rest === 'object') walk(value[key], rest, false, here, gone, ofMetadata)
    } else if (!preserves) {
      delete (value as JsonObject)[key]
      gone.push(here)
    }
  }
}

/** As `prune`, for built-in kinds: their schemas refer to each other by name, and unknown fields go everywhere. */
export function pruneTyped(
  value: Json | undefined,
  given: Schema | undefined,
  resolve: (schema: Schema) => Schema | undefined,
  root = false,
): void {
  const schema = given === undefined ? undefined : resolve(given)
  if (schema === undefined || schema['x-kubernetes-preserve-unknown-fields'] === true) return
  if (Array.isArray(value)) {
    for (const item of value) pruneTyped(item, schema.items, resolve)
    return
  }
  if (!isObject(value)) return
  const rest = schema.additionalProperties
  for (const key of Object.keys(value)) {
    if (root && (key === 'apiVersion' || key === 'kind' || key === 'metadata')) continue
    const own = schema.properties?.[key]
    if (own !== undefined) {
      if (value[key] === null) delete value[key]
      else pruneTyped(value[key], own, resolve)
    } else if (schema.properties !== undefined && rest === undefined) delete value[key]
    else if (typeof rest === 'object') {
      if (value[key] === null && rest.type === 'string') value[key] = ''
      else pruneTyped(value[key], rest, resolve)
    }
  }
}
