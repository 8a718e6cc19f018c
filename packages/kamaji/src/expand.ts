/** Puts a definition together again: each `{ "$": index }` becomes the subtree it names. Every place gets a copy of its own. */
export function expand(value: unknown, shared: readonly unknown[]): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map((item) => expand(item, shared))
  const entries = Object.entries(value)
  const [first] = entries
  if (entries.length === 1 && first?.[0] === '$') return expand(shared[first[1] as number], shared)
  return Object.fromEntries(entries.map(([key, child]) => [key, expand(child, shared)]))
}
