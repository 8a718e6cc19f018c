import type { Kind, Kubernetes, KubernetesObject } from '@fochista/kubernetes'
import { isNotFound, orUndefined } from '@fochista/kubernetes'
import { createGroups, type Follower, type Grouping, type Groups } from './groups.ts'
import { keyOf, splitKey } from './keys.ts'

/** What is read of an informer. */
export interface Cache<T> {
  get(namespace: string | undefined, name: string): T | undefined
  list(): T[]
  /** Hears of every change. */
  subscribe(
    listener: (change: { readonly type: 'added' | 'modified' | 'deleted'; readonly object: T }) => void,
  ): () => void
}

/**
 * Reads objects of one kind never older than our own last write: from the cache as a rule, and from the server while the cache has not
 * caught up with what we wrote.
 */
export interface FreshReader<T> {
  /** One object. Shared, as those of `list`: whoever changes it works on a copy. */
  get(key: string): Promise<T | undefined>
  /** One object as `list` has it: nothing is asked, and what another of us has read from the server counts. */
  known(key: string): T | undefined
  /** All objects, with our own writes put in where the cache lags behind them. Shared: do not change them. */
  list(): T[]
  /** The objects of a group, as `list` has them. What it costs depends on them alone, however many others there are. */
  by(grouping: Grouping<T>, group: string): T[]
  /** Tells of each object as `list` has it, now and whenever it has changed. */
  follow(follower: Follower<T>): void
  /** Notes what the server answered to a write of ours. */
  wrote(object: T): void
  /** True if a state of an object is one of the last that we wrote: a watch that lags tells of each. */
  isOwnWrite(object: T): boolean
}

/** So many writes of one object are made while a watch has not told of the first, at most; more of them are news again. */
const REMEMBERED = 8

/** Makes a reader. */
export function createFreshReader<T extends KubernetesObject>(
  kubernetes: Pick<Kubernetes, 'get'>,
  kind: Kind<T>,
  cache: Cache<T>,
): FreshReader<T> {
  /** Our writes that the cache does not show yet. */
  const written = new Map<string, T>()
  /** Resource versions of our last writes, the newest last. */
  const versions = new Map<string, string[]>()
  /** UIDs of objects that we know to be gone though the cache may still show them: what it shows of them is acted upon no more. */
  const gone = new Map<string, string | undefined>()
  /** Made when first asked for. */
  let groups: Groups<T> | undefined
  const groupAnew = (key: string): void => groups?.put(key, stateOf(key))
  // What is gone is no more to be waited for. Whoever subscribes after us finds it forgotten.
  cache.subscribe(({ type, object }) => {
    if (type === 'deleted' && gone.get(keyOf(object)) === object.metadata.uid) gone.delete(keyOf(object))
    if (type === 'deleted') versions.delete(keyOf(object))
    if (type === 'deleted' && written.get(keyOf(object))?.metadata.uid === object.metadata.uid)
      written.delete(keyOf(object))
    groupAnew(keyOf(object))
  })

  /** The cached object if the cache has caught up; a write that it shows is forgotten. */
  const caughtUp = (key: string, cached: T | undefined): boolean => {
    const own = written.get(key)
    if (own && !(cached && isAsNew(cached, own))) return false
    written.delete(key)
    return true
  }
  const noteGone = (key: string, object: T | undefined): void => {
    const { namespace, name } = splitKey(key)
    // Where the cache has let go of it already there is nothing to be warned of.
    if (object && cache.get(namespace, name)?.metadata.uid === object.metadata.uid)
      gone.set(key, object.metadata.uid)
  }
  /** What the cache shows of an object, unless that is known to be gone. */
  const shown = (key: string, cached: T | undefined): T | undefined =>
    cached && gone.has(key) && gone.get(key) === cached.metadata.uid ? undefined : cached
  /** Two of us write one object: the answer to the earlier write may be told of later, and is no news then. */
  const isNews = (object: T): boolean => {
    const known = written.get(keyOf(object))
    return !known || known.metadata.uid !== object.metadata.uid || isAsNew(object, known)
  }
  const ask = async (key: string): Promise<T | undefined> => {
    const { namespace, name } = splitKey(key)
    const live = await orUndefined(
      isNotFound,
      kubernetes.get(kind, { name, ...(namespace ? { namespace } : {}) }),
    )
    if (live) written.set(key, live)
    else {
      noteGone(key, written.get(key) ?? cache.get(namespace, name))
      written.delete(key)
    }
    groupAnew(key)
    return live
  }
  /** Leaving objects that are asked for because no watch will tell of them any more. */
  const asked = new Set<string>()
  /** Of a leaving object: the answer to a delete may come later than the news that it is gone. */
  const askIfUnseen = (key: string): void => {
    const { namespace, name } = splitKey(key)
    if (asked.has(key) || shown(key, cache.get(namespace, name))) return
    asked.add(key)
    ask(key)
      // What cannot be asked now is asked with the next list.
      .catch(() => undefined)
      .finally(() => asked.delete(key))
  }
  /** An object as `list` has it. */
  const stateOf = (key: string): T | undefined => {
    const { namespace, name } = splitKey(key)
    const cached = shown(key, cache.get(namespace, name))
    return caughtUp(key, cached) ? cached : written.get(key)
  }
  const grouped = (): Groups<T> => {
    if (groups) return groups
    groups = createGroups()
    for (const object of cache.list()) groupAnew(keyOf(object))
    for (const key of written.keys()) groupAnew(key)
    return groups
  }
  return {
    by: (grouping, name) => {
      const members = grouped().members(grouping, name)
      for (const one of members) if (one.metadata.deletionTimestamp) askIfUnseen(keyOf(one))
      return members
    },
    known: stateOf,
    follow: (follower) => grouped().follow(follower),
    get: async (key) => {
      const { namespace, name } = splitKey(key)
      const cached = shown(key, cache.get(namespace, name))
      return caughtUp(key, cached) ? cached : ask(key)
    },
    list: () => {
      const cachedAll = cache.list()
      const all = gone.size === 0 ? cachedAll : cachedAll.filter((one) => shown(keyOf(one), one))
      if (written.size === 0) return all
      const byKey = new Map(all.map((object) => [keyOf(object), object]))
      for (const [key, own] of written) {
        const cached = byKey.get(key)
        if (caughtUp(key, cached)) continue
        byKey.set(key, own)
        if (own.metadata.deletionTimestamp) askIfUnseen(key)
      }
      return [...byKey.values()]
    },
    wrote: (object) => {
      // With its last finalizer an object goes: there is nothing left that the cache could show.
      const isGone = object.metadata.deletionTimestamp !== undefined && !object.metadata.finalizers?.length
      if (isGone) {
        noteGone(keyOf(object), object)
        written.delete(keyOf(object))
      } else if (isNews(object)) written.set(keyOf(object), object)
      groupAnew(keyOf(object))
      const { resourceVersion = '' } = object.metadata
      const own = versions.get(keyOf(object)) ?? []
      if (!own.includes(resourceVersion))
        versions.set(keyOf(object), [...own.slice(1 - REMEMBERED), resourceVersion])
    },
    isOwnWrite: (object) =>
      versions.get(keyOf(object))?.includes(object.metadata.resourceVersion ?? '') === true,
  }
}

/**
 * Whether a state of an object is not older than another. Resource versions of one server are decimal numbers that grow (Kubernetes 1.35
 * says so; earlier servers did it); where they are not, only the same version counts.
 */
function isAsNew(one: KubernetesObject, other: KubernetesObject): boolean {
  const [left = '', right = ''] = [one.metadata.resourceVersion, other.metadata.resourceVersion]
  if (left === right) return true
  if (/^\d+$/.test(left) && /^\d+$/.test(right)) return BigInt(left) >= BigInt(right)
  return one.metadata.uid !== other.metadata.uid
}
