import type { Json, JsonObject } from '../resources.ts'
import { copy, isObject, set } from '../rest/json.ts'

/** Applies an RFC 7396 merge patch; the document is not changed. */
export function applyMergePatch(document: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return copy(patch)
  const result: JsonObject = isObject(document) ? { ...document } : {}
  for (const key in patch) {
    const value = patch[key]
    if (value === null || value === undefined) delete result[key]
    else set(result, key, applyMergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value))
  }
  return result
}
