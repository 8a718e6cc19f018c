import type { Json } from '../json.ts'

/** An object of the cluster. */
export type Fields = { [key: string]: Json }

/** One line of a recording of Kamaji: an exchange, a change that a watch saw, or a remark. */
export interface Line {
  n: number
  /** Seconds since the recording's first moment. */
  t_s: number
  title: string
  request?: { method: string; path: string; headers: { [name: string]: string }; body?: Json }
  response?: {
    status: number
    reason?: string
    headers: { [name: string]: string }
    body?: Json
    /** Instead of the body of an accepted object: what differs from the first of its group. */
    kind?: string
    metadata?: Fields
    spec_differs?: Fields
  }
  watch?: { type: string; resource: string; name: string }
  ownerReferences?: string[]
  keys?: string[]
  secretType?: string
  version_status?: { status?: string; version?: string } | null
}
