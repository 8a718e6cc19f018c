import type { Json, Schema } from '../resources.ts'
import { equal, isObject } from '../rest/json.ts'

/** What an item of a list was before, by the keys of a list that is a map; of other lists nobody can say. */
export function itemBefore(schema: Schema, item: Json, olds: readonly Json[]): Json | undefined {
  const keys = schema['x-kubernetes-list-map-keys']
  if (keys === undefined || !isObject(item)) return undefined
  return olds.find((old) => isObject(old) && keys.every((key) => equal(old[key], item[key])))
}
