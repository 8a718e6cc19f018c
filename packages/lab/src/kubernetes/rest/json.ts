import type { Json, JsonObject } from '../resources.ts'

/** Whether a value is a JSON object (not null, not a list). */
export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** Deep equality of JSON values; a key without a value counts as absent. */
export function equal(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, index) => equal(item, b[index]))
  }
  for (const key in a) if (!equal(a[key], b[key])) return false
  for (const key in b) if (b[key] !== undefined && a[key] === undefined) return false
  return true
}

/** A copy that shares nothing. */
export function copy<T extends Json | undefined>(value: T): T {
  return cloneJson(value) as T
}

function cloneJson(value: Json | undefined): Json | undefined {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map((item) => cloneJson(item) as Json)
  const result: JsonObject = {}
  for (const key in value) {
    const member = value[key]
    if (member !== undefined) set(result, key, cloneJson(member))
  }
  return result
}

/** Sets a member even if its name is `__proto__`. */
export function set(target: JsonObject, key: string, value: Json | undefined): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  else target[key] = value
}

/** The value at a dotted path, or undefined. */
export function at(value: Json | undefined, path: string[]): Json | undefined {
  let current = value
  for (const part of path) {
    if (!isObject(current)) return undefined
    current = Object.hasOwn(current, part) ? current[part] : undefined
  }
  return current
}

/** Sets the value at a dotted path, making objects on the way. */
export function setAt(target: JsonObject, path: string[], value: Json): void {
  let current = target
  for (const part of path.slice(0, -1)) {
    const next = current[part]
    if (isObject(next)) current = next
    else {
      const made: JsonObject = {}
      set(current, part, made)
      current = made
    }
  }
  const last = path.at(-1)
  if (last !== undefined) set(current, last, value)
}

/** Parts of a simple JSON path such as `.spec.replicas`. */
export function simplePath(path: string): string[] {
  return path.split('.').filter((part) => part !== '')
}

/** A string as it is; anything else as JSON, nothing as ``. */
export function asText(value: Json | undefined): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

/** A value with the members of its objects in order, as Go prints maps. */
export function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  const result: JsonObject = {}
  for (const key of Object.keys(value).toSorted()) {
    const member = value[key]
    if (member !== undefined) set(result, key, sorted(member))
  }
  return result
}
