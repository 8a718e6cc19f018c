import type { Admission } from '../api.ts'
import { StatusError } from '../errors.ts'
import type { Json } from '../resources.ts'

/** Bytes of a request that etcd takes. */
const LIMIT = 1.5 * 1024 * 1024

/** Refuses objects that etcd would not take for their size. */
export function sizeLimit(): Admission {
  return {
    name: 'etcd',
    validate: ({ object, dryRun }) => {
      if (object !== undefined && !dryRun && sizeOf(object, LIMIT) > LIMIT)
        throw new StatusError(500, undefined, 'etcdserver: request is too large')
    },
  }
}

/** Bytes of a value in JSON, near enough; no more is looked at when it is beyond `enough`. */
function sizeOf(value: Json | undefined, enough: number): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + 2
  if (typeof value !== 'object' || value === null) return 5
  let size = 2
  for (const [key, member] of Object.entries(value)) {
    size += (Array.isArray(value) ? 1 : key.length + 4) + sizeOf(member, enough - size)
    if (size > enough) break
  }
  return size
}
