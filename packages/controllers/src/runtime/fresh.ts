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
  get(key: string): Promise<T | undefined>
  /** Notes what the server answered to a write of ours. */
  wrote(object: T): void
}

/** Makes a reader. */
export function createFreshReader<T extends KubernetesObject>(
  kubernetes: Pick<Kubernetes, 'get'>,
  kind: Kind<T>,
  cache: Cache<T>,
): FreshReader<T> {
  const written = new Map<string, string | undefined>()
  return {
    get: async (key) => {
      const { namespace, name } = splitKey(key)
      const cached = cache.get(namespace, name)
      if (!written.has(key)) return cached && structuredClone(cached)
      if (cached && cached.metadata.resourceVersion === written.get(key)) {
        written.delete(key)
        return structuredClone(cached)
      }
      const live = await orUndefined(
        isNotFound,
        kubernetes.get(kind, { name, ...(namespace ? { namespace } : {}) }),
      )
      if (live) written.set(key, live.metadata.resourceVersion)
      else written.delete(key)
      return live
    },
    wrote: (object) => written.set(keyOf(object), object.metadata.resourceVersion),
  }
}
