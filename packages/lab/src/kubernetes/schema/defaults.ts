import type { Json, Schema } from '../resources.ts'
import { copy, isObject, set } from '../rest/json.ts'

/** Fills a schema's defaults in, in place. A null where null is not allowed is taken as absent. */
export function applyDefaults(value: Json | undefined, schema: Schema, root = false): void {
  if (Array.isArray(value)) {
    const items = schema.items
    if (items === undefined) return
    value.forEach((item, index) => {
      if (item === null && items.nullable !== true && items.default !== undefined)
        value[index] = copy(items.default)
      applyDefaults(value[index], items)
    })
    return
  }
  if (!isObject(value)) return
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (root && name === 'metadata') continue
    if (
      property.default !== undefined &&
      (value[name] === undefined || (value[name] === null && property.nullable !== true))
    )
      set(value, name, copy(property.default))
    else if (value[name] === null && property.nullable !== true) delete value[name]
    applyDefaults(value[name], property)
  }
  const rest = schema.additionalProperties
  if (typeof rest === 'object')
    for (const key of Object.keys(value)) {
      if (schema.properties !== undefined && Object.hasOwn(schema.properties, key)) continue
      if (value[key] === null && rest.nullable !== true) {
        if (rest.default === undefined) delete value[key]
        else set(value, key, copy(rest.default))
      }
      applyDefaults(value[key], rest)
    }
}
