import type { Authenticator } from './auth/authenticate.ts'
import type { TokenSigner } from './auth/tokens.ts'
import type { PodLog } from './api.ts'
import type { Core } from './rest/core.ts'

/** What the HTTP side of one API server shares. */
export interface Server {
  readonly core: Core
  readonly authenticator: Authenticator
  readonly signer: TokenSigner
  readonly gitVersion: string
  /** Programs of the control plane that run beside it. */
  readonly components: ReadonlySet<string>
  /** The lines a pod's container has written; undefined when it has not started. */
  readonly podLog: PodLog
  /** Aborted when the server closes: watches end. */
  readonly closing: AbortSignal
}
