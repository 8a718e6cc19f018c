import { createHash } from 'node:crypto'
import type { Machine, NodePool } from '@fochista/api'
import { withV } from './placement/templates.ts'

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

/**
 * True for a machine that a pool would make alike today, also where it says so in other words than when it made it: a version or a class
 * that it names now, or names no more, may be the one that the machine has.
 */
export function isMadeAsAsked(pool: NodePool, { spec: { poolHash, version, className } }: Machine): boolean {
  if (poolHash === revisionOf(pool)) return true
  if (version === undefined || className === undefined) return false
  const { spec, status } = pool
  const asked = spec.version ?? status?.version ?? version
  if (withV(asked) !== withV(version)) return false
  if ((spec.className ?? status?.className ?? className) !== className) return false
  const versions = [spec.version, undefined, version, version.replace(/^v/, '')]
  return versions.some((one) =>
    [undefined, className].some((other) => revisionOf(withWords(pool, one, other)) === poolHash),
  )
}

function withWords({ spec, ...rest }: NodePool, version?: string, className?: string): NodePool {
  const { version: _version, className: _className, ...others } = spec
  return {
    ...rest,
    spec: { ...others, ...(version === undefined ? {} : { version }), ...(className ? { className } : {}) },
  }
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
