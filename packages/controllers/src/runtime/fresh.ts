import type { Kind, Kubernetes, KubernetesObject } from '@fochista/kubernetes'
import { isNotFound, orUndefined } from '@fochista/kubernetes'
import { keyOf, splitKey } from './keys.ts'

/** What is read of an informer. */
export interface Cache<T> {
  get(namespace: string | undefined, name: string): T | undefined
  list(): T[]
}

/**
 * Reads objects of one kind never older than our own last write: from the cache as a rule, and from the server while the cache has not
 * caught up with what we wrote.
 */
export interface FreshReader<T> {
  /** One object, the caller's own copy. */
  get(key: string): Promise<T | undefined>
  /** All objects, with our own writes put in where the cache lags behind them. Shared: do not change them. */
  list(): T[]
  /** Notes what the server answered to a write of ours. */
  wrote(object: T): void
}

/** Makes a reader. */
export function createFreshReader<T extends KubernetesObject>(
  kubernetes: Pick<Kubernetes, 'get'>,
  kind: Kind<T>,
  cache: Cache<T>,
): FreshReader<T> {
  /** Our writes that the cache does not show yet. */
  const written = new Map<string, T>()

  /** The cached object if the cache has caught up; a write that it shows is forgotten. */
  const caughtUp = (key: string, cached: T | undefined): boolean => {
    const own = written.get(key)
    if (own && !(cached && isAsNew(cached, own))) return false
    written.delete(key)
    return true
  }
  return {
    get: async (key) => {
      const { namespace, name } = splitKey(key)
      const cached = cache.get(namespace, name)
      if (caughtUp(key, cached)) return cached && structuredClone(cached)
      const live = await orUndefined(
        isNotFound,
        kubernetes.get(kind, { name, ...(namespace ? { namespace } : {}) }),
      )
      if (live) written.set(key, live)
      else written.delete(key)
      return live && structuredClone(live)
    },
    list: () => {
      const all = cache.list()
      if (written.size === 0) return all
      const byKey = new Map(all.map((object) => [keyOf(object), object]))
      for (const [key, own] of written) if (!caughtUp(key, byKey.get(key))) byKey.set(key, own)
      return [...byKey.values()]
    },
    wrote: (object) => written.set(keyOf(object), object),
  }
}

/**
 * Whether a state of an object is not older than another. Resource versions of one server are decimal numbers that grow (Kubernetes 1.35
 * says so; earlier servers did it); where they are not, only the same version counts.
 */
function isAsNew(one: KubernetesObject, other: KubernetesObject): boolean {
  const [left = '', right = ''] = [one.metadata.resourceVersion, other.metadata.resourceVersion]
  if (left === right || one.metadata.uid !== other.metadata.uid) return true
  return /^\d+$/.test(left) && /^\d+$/.test(right) && BigInt(left) >= BigInt(right)
}
