import { createHash } from 'node:crypto'
import type { Machine, NodePool } from '@fochista/api'
import { withV } from './placement/templates.ts'

/** Fields of a pool's spec that no running machine can be given: whoever changes one asks for other machines. */
export const revisedFields = ['className', 'version', 'bootstrap'] as const

/** What of a pool's spec makes a machine what it is. */
type Revised = Pick<NodePool['spec'], (typeof revisedFields)[number]>

/** Revision of what a pool asks of its machines beside class and version, which each Machine bears itself. */
export const revisionOf = ({ spec: { bootstrap } }: NodePool): string => hashOf({ bootstrap })

/**
 * True for a machine that a pool would make alike today. Only the pool's own words count: an edit of its class replaces nothing, labels and
 * taints change on the Node itself, and the shape on the VM. A class or version that the pool does not name, it leaves to the machine.
 */
export function isMadeAsAsked(pool: NodePool, machine: Machine): boolean {
  const { className, version = '', poolHash } = machine.spec
  return (
    (pool.spec.className ?? className) === className &&
    (pool.spec.version === undefined || isOfVersion(version, pool.spec.version)) &&
    (poolHash === revisionOf(pool) || bearsOldHash(pool, machine))
  )
}

/** A version without its patch level is each of its patch levels. */
const isOfVersion = (version: string, asked: string): boolean =>
  `${withV(version)}.`.startsWith(`${withV(asked)}.`)

/**
 * Machines made before 0.2 bear, for as long as they live, a hash also of the words that their pool had for class and version. Those that
 * have the class and version which are asked for may have got them by any of these words. To be removed after 0.2.
 */
function bearsOldHash({ spec: { bootstrap } }: NodePool, { spec }: Machine): boolean {
  const { className, version = '', poolHash } = spec
  const minor = version.replace(/^(v?\d+\.\d+)\..*$/, '$1')
  const versions = [version, minor].flatMap((one) => [one, one.replace(/^v/, '')])
  return [undefined, ...versions].some((one) =>
    [undefined, className].some(
      (other) => hashOf({ bootstrap, version: one, className: other }) === poolHash,
    ),
  )
}

function hashOf(revised: { [field in keyof Revised]: Revised[field] | undefined }): string {
  const words = JSON.stringify(revisedFields.map((field) => revised[field]))
  const known = hashes.get(words)
  if (known !== undefined) return known
  const hash = createHash('sha256')
    .update(JSON.stringify(sorted(revised)))
    .digest('hex')
    .slice(0, 16)
  if (hashes.size >= MOST_KEPT) hashes.clear()
  hashes.set(words, hash)
  return hash
}

/** A pool is compared with each of its machines, at each look: what it asks of them is put in order and hashed once. */
const hashes = new Map<string, string>()
const MOST_KEPT = 1000

/** The same value with the keys of its objects in order: a server may give them back in another. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}
