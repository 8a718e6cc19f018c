import { watchSourceOf } from './client.ts'
import type { Keep, Kubernetes, SelectOptions } from './client-types.ts'
import { KubernetesError } from './errors.ts'
import { follow, keyOf } from './follow.ts'
import type { Change } from './follow.ts'
import type { Kind } from './kind.ts'
import type { KubernetesObject } from './objects.ts'
import { shareUnchanged } from './share.ts'

/** What an informer tells its listeners. */
export type InformerEvent<T> = Change<T>

/** Which objects an informer holds, and who hears of its failures. */
export type InformerOptions<T = KubernetesObject> = SelectOptions & {
  /** What of each object is kept, before anybody sees it. @default all of it */
  keep?: Keep<T>
  /**
   * The longest pause after failures, ms, up to half as much more by chance: so late it may notice that the server answers again.
   * @default 30000
   */
  longestPauseMs?: number
  /** Told of each failure, also of a listener that threw. The informer goes on by itself. */
  onError?: (error: unknown) => void
}

/** A cache of one kind that follows the cluster. What it hands out is shared: do not change it. */
export interface Informer<T extends KubernetesObject> {
  readonly kind: Kind<T>
  /** Begins; a second call does nothing. */
  start(): void
  /** Ends for good. Listeners hear no more; the cache stays readable. */
  stop(): void
  /** Resolves when the first list is in the cache; rejects when stopped before. */
  readonly ready: Promise<void>
  /** Whether the first list is in the cache. */
  readonly isReady: boolean
  /** The last failure, until an event or a list proves that the server answers again. */
  readonly error: unknown
  /** One object; the namespace of a cluster-scoped kind is `undefined` or ''. */
  get(namespace: string | undefined, name: string): T | undefined
  list(): T[]
  /** Hears every change from now on, and first of all what is in the cache already as added. Returns what ends it. */
  subscribe(listener: (event: InformerEvent<T>) => void): () => void
}

/** Makes an informer; nothing is sent before `start`. */
export function createInformer<T extends KubernetesObject>(
  kubernetes: Kubernetes,
  kind: Kind<T>,
  options: InformerOptions<T> = {},
): Informer<T> {
  const { onError, ...select } = options
  const controller = new AbortController()
  const cache = new Map<string, T>()
  const listeners = new Set<(event: InformerEvent<T>) => void>()
  const ready = Promise.withResolvers<void>()
  // Whoever does not wait for it must not be ended by it.
  ready.promise.catch(() => {})
  let started = false
  let isReady = false
  let failure: unknown

  const tell = (listener: (event: InformerEvent<T>) => void, event: InformerEvent<T>): void => {
    try {
      listener(event)
    } catch (error) {
      onError?.(error)
    }
  }

  const run = async (): Promise<void> => {
    const changes = follow(watchSourceOf(kubernetes), kind, {
      ...select,
      signal: controller.signal,
      onSynced: () => {
        failure = undefined
        isReady = true
        ready.resolve()
      },
      onError: (error) => {
        failure = error
        onError?.(error)
      },
    })
    for await (const group of changes)
      for (const change of group) {
        if (controller.signal.aborted) return
        failure = undefined
        if (change.type === 'modified') shareUnchanged(change.object, change.old)
        if (change.type === 'deleted') cache.delete(keyOf(change.object))
        else cache.set(keyOf(change.object), change.object)
        for (const listener of listeners) tell(listener, change)
      }
  }

  return {
    kind,
    ready: ready.promise,
    get isReady() {
      return isReady
    },
    get error() {
      return failure
    },
    start() {
      if (started || controller.signal.aborted) return
      started = true
      run().catch((error: unknown) => {
        failure = error
        onError?.(error)
        ready.reject(error)
      })
    },
    stop() {
      controller.abort()
      ready.reject(new KubernetesError(`the informer of ${kind.plural} was stopped before it was ready`))
    },
    get: (namespace, name) => cache.get(`${namespace ?? ''}/${name}`),
    list: () => [...cache.values()],
    subscribe(listener) {
      listeners.add(listener)
      for (const object of cache.values()) tell(listener, { type: 'added', object })
      return () => listeners.delete(listener)
    },
  }
}
