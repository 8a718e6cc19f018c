/** How deep is looked: what is nested deeper, which no kind is, is taken as new instead of filling the stack. */
const DEEPEST = 100

/**
 * Replaces what did not change in a new state of an object by the same parts of its old state, in place. A change mostly touches a few fields:
 * the rest of what was read is let go of at once, while that is cheap, and what is held already stays instead of becoming waste.
 * @returns the old value where both say the same, whatever the order of their fields; else the new one
 */
export function shareUnchanged<T>(fresh: T, old: T): T {
  return shared(fresh, old, DEEPEST) as T
}

type Fields = Record<string, unknown>

function shared(fresh: unknown, old: unknown, depth: number): unknown {
  if (fresh === old) return old
  if (typeof fresh !== 'object' || typeof old !== 'object' || fresh === null || old === null) return fresh
  if (depth === 0 || Array.isArray(fresh) !== Array.isArray(old)) return fresh
  return Array.isArray(fresh)
    ? sharedItems(fresh, old as unknown[], depth)
    : sharedFields(fresh as Fields, old as Fields, depth)
}

function sharedItems(fresh: unknown[], old: unknown[], depth: number): unknown[] {
  let isSame = fresh.length === old.length
  const both = Math.min(fresh.length, old.length)
  for (let index = 0; index < both; index += 1) {
    const item = shared(fresh[index], old[index], depth - 1)
    fresh[index] = item
    if (item !== old[index]) isSame = false
  }
  return isSame ? old : fresh
}

function sharedFields(fresh: Fields, old: Fields, depth: number): Fields {
  let isSame = true
  let count = 0
  for (const name in fresh) {
    count += 1
    // What every object inherits under this name is no field of the old one.
    if (name === '__proto__') isSame = false
    else {
      const value = shared(fresh[name], old[name], depth - 1)
      fresh[name] = value
      if (value !== old[name]) isSame = false
    }
  }
  return isSame && count === Object.keys(old).length ? old : fresh
}
