import { createHash } from 'node:crypto'
import type { NodePool } from '@fochista/api'

/** Fields of a pool's spec that no running machine can be given: whoever changes one asks for other machines. */
export const revisedFields = ['className', 'version', 'bootstrap'] as const

/**
 * Revision of what a pool asks of its machines: those made by another one are outdated. Only the pool's own words count; an edit of its
 * class replaces nothing, labels and taints change on the Node itself, and the shape on the VM.
 */
export function revisionOf({ spec }: NodePool): string {
  const words = JSON.stringify(revisedFields.map((field) => spec[field]))
  const known = revisions.get(words)
  if (known !== undefined) return known
  const inOrder = sorted(Object.fromEntries(revisedFields.map((field) => [field, spec[field]])))
  const revision = createHash('sha256').update(JSON.stringify(inOrder)).digest('hex').slice(0, 16)
  if (revisions.size >= MOST_KEPT) revisions.clear()
  revisions.set(words, revision)
  return revision
}

/** A pool is compared with each of its machines, at each look: what it asks of them is put in order and hashed once. */
const revisions = new Map<string, string>()
const MOST_KEPT = 1000

/** The same value with the keys of its objects in order: a server may give them back in another. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}
