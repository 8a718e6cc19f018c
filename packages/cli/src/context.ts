import type { Kubernetes } from '@fochista/kubernetes'
import type { Proxmox } from '@fochista/proxmox'
import type { Io } from './io.ts'

/** Options that every command takes. */
export interface GlobalOptions {
  readonly namespace?: string
  readonly kubeconfig?: string
  readonly context?: string
}

/** What a command gets: streams, the user's wish to stop, and back ends that are connected when first asked for. */
export interface Context {
  readonly io: Io
  readonly signal: AbortSignal
  /** The management cluster. Throws what the connection's loading throws: no kubeconfig, unknown context. */
  kubernetes(): Promise<Kubernetes>
  /** The namespace of the command: flag, then kubeconfig context, then `default`. */
  namespace(): Promise<string>
  /** Releases what was connected. */
  close(): Promise<void>
}

/** A Proxmox API given by `PROXMOX_URL`, `PROXMOX_TOKEN_ID` and `PROXMOX_SECRET`; see `proxmox-environment.ts`. */
export type ProxmoxConnector = () => Promise<Proxmox>

/** Makes the context of one command line; SDKs are imported only when a command asks for a back end. */
export function createContext(io: Io, signal: AbortSignal, options: GlobalOptions): Context {
  let connected: Promise<{ kubernetes: Kubernetes; namespace: string }> | undefined
  const connect = (): Promise<{ kubernetes: Kubernetes; namespace: string }> => {
    connected ??= (async () => {
      const { connectionFromEnvironment, createKubernetes } = await import('@fochista/kubernetes')
      const connection = await connectionFromEnvironment(process.env, options)
      return {
        kubernetes: createKubernetes(connection, { fieldManager: 'fochista' }),
        namespace: options.namespace ?? connection.namespace ?? 'default',
      }
    })()
    return connected
  }
  return {
    io,
    signal,
    kubernetes: async () => (await connect()).kubernetes,
    namespace: async () => options.namespace ?? (await connect()).namespace,
    close: async () => {
      const open = await connected?.catch(() => undefined)
      await open?.kubernetes.close()
    },
  }
}
