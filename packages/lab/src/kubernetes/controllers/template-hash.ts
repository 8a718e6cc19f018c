import { createHash } from 'node:crypto'
import type { Json } from '../resources.ts'
import { isObject } from '../rest/json.ts'

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

function sorted(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value ?? null
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .filter((key) => value[key] !== undefined)
      .map((key) => [key, sorted(value[key])]),
  )
}

/** A short name for a pod template: the same for the same content, usable in object names. */
export function templateHash(template: Json | undefined, length = 10): string {
  const digest = createHash('sha256')
    .update(JSON.stringify(sorted(template)))
    .digest()
  return [...digest.subarray(0, length)].map((byte) => LETTERS[byte % LETTERS.length] ?? 'x').join('')
}
