import type { Refusal } from './status.ts'

/** A request that is refused. */
export interface Mistake {
  readonly kind: string
  readonly method: string
  readonly path: string
  readonly type?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly wanted: Refusal
}
