import type { Json, JsonObject } from '../../resources.ts'
import { isObject } from '../../rest/json.ts'

/** Sets members that are absent. */
export function preset(target: JsonObject, values: JsonObject): void {
  for (const [key, value] of Object.entries(values)) if (target[key] === undefined) target[key] = value
}

/** The object at a member, made when it is absent. */
export function ensure(target: JsonObject, key: string): JsonObject {
  const found = target[key]
  if (isObject(found)) return found
  const made: JsonObject = {}
  target[key] = made
  return made
}

/** The object at a member, if it is one. */
export function member(target: JsonObject | undefined, key: string): JsonObject | undefined {
  const found = target?.[key]
  return isObject(found) ? found : undefined
}

/** The objects of a list. */
export function items(target: JsonObject | undefined, key: string): JsonObject[] {
  const found = target?.[key]
  return Array.isArray(found) ? found.filter(isObject) : []
}

/** The strings of a list. */
export function strings(target: JsonObject | undefined, key: string): string[] {
  const found = target?.[key]
  return Array.isArray(found) ? found.filter((each): each is string => typeof each === 'string') : []
}

/** A text, or ''. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
