import type { Authenticator } from './auth/authenticate.ts'
import type { TokenSigner } from './auth/tokens.ts'
import type { PodLog } from './api.ts'
import type { PodPorts } from './http/pods/port-forward.ts'
import type { ApiObject } from './resources.ts'
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
  /** Where the ports of a pod can be reached; undefined for a pod of which nobody knows. */
  readonly podPorts: (pod: ApiObject) => PodPorts | undefined
  /** Aborted when the server closes: watches end. */
  readonly closing: AbortSignal
}
