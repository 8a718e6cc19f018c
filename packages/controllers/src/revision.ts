import { createHash } from 'node:crypto'
import type { NodePool } from '@fochista/api'

/**
 * Revision of what a pool asks of its machines: those made by another one are outdated. Only the pool's own words count; an edit of its
 * class replaces nothing, and labels and taints change on the Node itself.
 */
export function revisionOf({ spec }: NodePool): string {
  const { className, version, cores, memory, disk, bootstrap } = spec
  const words = sorted({ className, version, cores, memory, disk, bootstrap })
  return createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 16)
}

/** The same value with the keys of its objects in order: a server may give them back in another. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}
