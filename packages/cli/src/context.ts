import type { Kubernetes } from '@fochista/kubernetes'
import type { Io } from './io.ts'
import { readSettings, type Environment, type Settings } from './settings.ts'

/** Options that every command takes. */
export interface GlobalOptions {
  readonly namespace?: string
  readonly kubeconfig?: string
  readonly context?: string
}

/** Time as a wait needs it; moved by hand in tests. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls again and again; returns what ends it. */
  every(ms: number, call: () => void): () => void
}

/** What a command gets: streams, the user's wish to stop, and back ends that are connected when first asked for. */
export interface Context {
  readonly io: Io
  readonly signal: AbortSignal
  readonly clock: Clock
  /** The environment with the settings of the named context in use. */
  environment(): Promise<Environment>
  /** The management cluster. Throws what the connection's loading throws: no kubeconfig, unknown context. */
  kubernetes(): Promise<Kubernetes>
  /** The namespace of the command: flag, then named context, then kubeconfig context, then `default`. */
  namespace(): Promise<string>
  /** The namespace that the line itself gives; undefined where it leaves that to the context. */
  readonly namespaceGiven: string | undefined
  /** Releases what was connected. */
  close(): Promise<void>
}

const wallClock: Clock = {
  now: () => Date.now(),
  every: (ms, call) => {
    const timer = setInterval(call, ms)
    return () => clearInterval(timer)
  },
}

/** Makes the context of one command line; SDKs are imported only when a command asks for a back end. */
export function createContext(
  io: Io,
  signal: AbortSignal,
  options: GlobalOptions,
  environment: Environment = process.env,
): Context {
  let read: Promise<Settings> | undefined
  const settings = (): Promise<Settings> => (read ??= readSettings(environment, options))
  let connected: Promise<{ kubernetes: Kubernetes; namespace: string }> | undefined
  const connect = (): Promise<{ kubernetes: Kubernetes; namespace: string }> => {
    connected ??= (async () => {
      const { connectionFromEnvironment, createKubernetes } = await import('@fochista/kubernetes')
      const { environment: effective, kubeContext, namespace } = await settings()
      const connection = await connectionFromEnvironment(effective, {
        ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
        ...(kubeContext === undefined ? {} : { context: kubeContext }),
      })
      return {
        kubernetes: createKubernetes(connection, { fieldManager: 'fochista' }),
        namespace: options.namespace ?? namespace ?? connection.namespace ?? 'default',
      }
    })()
    return connected
  }
  return {
    io,
    signal,
    clock: wallClock,
    environment: async () => (await settings()).environment,
    kubernetes: async () => (await connect()).kubernetes,
    namespaceGiven: options.namespace,
    namespace: async () => options.namespace ?? (await connect()).namespace,
    close: async () => {
      const open = await connected?.catch(() => undefined)
      await open?.kubernetes.close()
    },
  }
}
