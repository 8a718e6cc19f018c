import type { StoreEvent } from '../api.ts'
import { expired } from '../errors.ts'
import type { ApiObject } from '../resources.ts'

/** The most changes kept for watches that resume and for lists at an earlier revision, per kind. */
const HISTORY_LIMIT = 20_000
/** So many changes of a kind are kept whatever their age, as the API server's watch cache does. */
const HISTORY_LEAST = 100
/** By how much the counter goes on from what was written last. */
const REVISIONS_LOST = 1000

/** Where an object is kept. */
export interface ObjectKey {
  /** `group/resource` of the kind that stores. */
  bucket: string
  /** `''` for cluster-scoped kinds. */
  namespace: string
  name: string
}

interface Watcher {
  bucket: string
  listener: (event: StoreEvent) => void
  stopped: boolean
  /** Events up to this revision were already given. */
  seen: number
}

/** The objects of one kind. */
class Bucket {
  readonly namespaces = new Map<string, Map<string, ApiObject>>()
  readonly watchers = new Set<Watcher>()
  history: StoreEvent[] = []
  /** Changes up to this revision are no longer known. */
  compacted = 0
  /** Revision of the last change. */
  latest = 0
  #sorted: Map<string, ApiObject[]> = new Map()

  invalidate(namespace: string): void {
    this.#sorted.delete(namespace)
    this.#sorted.delete('*')
  }

  /** All objects (or those of a namespace) in key order. The array is shared: do not change it. */
  sorted(namespace: string | undefined): ApiObject[] {
    const key = namespace ?? '*'
    const known = this.#sorted.get(key)
    if (known !== undefined) return known
    let result: ApiObject[]
    if (namespace === undefined)
      result = [...this.namespaces.keys()].toSorted(byNamespace).flatMap((each) => this.sorted(each))
    else
      result = [...(this.namespaces.get(namespace)?.values() ?? [])].toSorted((a, b) =>
        byText(a.metadata.name ?? '', b.metadata.name ?? ''),
      )
    this.#sorted.set(key, result)
    return result
  }
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Namespaces in the order of their objects' places in etcd, where a `/` comes after the name: `a-b` before `a`. */
function byNamespace(a: string, b: string): number {
  return byText(`${a}/`, `${b}/`)
}

/**
 * Objects with one revision counter for all kinds, as etcd gives the API server: each write has a revision, becomes the
 * object's resourceVersion and an event. Knows nothing of kinds' rules. Everything is synchronous, so that a read and the
 * write that depends on it cannot be interleaved.
 */
export class Storage {
  #revision = 1
  /** Changes up to this revision are those of an earlier process. */
  #floor = 0
  readonly #buckets = new Map<string, Bucket>()
  readonly #byUid = new Map<string, ObjectKey>()
  readonly #dependents = new Map<string, Set<string>>()
  #pending: { watcher: Watcher; event: StoreEvent }[] = []
  #scheduled = false
  readonly #taps = new Set<(key: ObjectKey, event: StoreEvent) => void>()

  /** Revision of the last change. */
  get revision(): number {
    return this.#revision
  }

  /** Revision of the last change of a kind; 0 when there was none. */
  latestOf(bucket: string): number {
    return this.#buckets.get(bucket)?.latest ?? 0
  }

  /** Says that a kind is there from now on: nobody can have known its objects before. Nothing happens when it was there already. */
  begin(bucket: string): void {
    if (!this.#buckets.has(bucket)) this.#bucket(bucket).compacted = this.#revision
  }

  /** Names of the kinds that ever had objects. */
  buckets(): string[] {
    return [...this.#buckets.keys()]
  }

  get(key: ObjectKey): ApiObject | undefined {
    return this.#buckets.get(key.bucket)?.namespaces.get(key.namespace)?.get(key.name)
  }

  /** Objects in key order; `namespace` undefined means all. The array is shared. */
  list(bucket: string, namespace?: string): ApiObject[] {
    return this.#buckets.get(bucket)?.sorted(namespace) ?? []
  }

  /** How many objects of a kind a namespace has. */
  count(bucket: string, namespace: string): number {
    return this.#buckets.get(bucket)?.namespaces.get(namespace)?.size ?? 0
  }

  /** Objects as they were at a revision. Throws Expired when that is no longer known. */
  listAt(bucket: string, namespace: string | undefined, revision: number): ApiObject[] {
    const kept = this.#buckets.get(bucket)
    if (kept === undefined) return []
    if (revision < kept.compacted) throw expired('The resourceVersion for the provided list is too old.')
    const changed = new Map<string, ApiObject | undefined>()
    for (let index = kept.history.length - 1; index >= 0; index--) {
      const event = kept.history[index]
      if (event === undefined || event.revision <= revision) break
      if (namespace !== undefined && (event.object.metadata.namespace ?? '') !== namespace) continue
      changed.set(identity(event.object), event.type === 'ADDED' ? undefined : event.old)
    }
    if (changed.size === 0) return kept.sorted(namespace)
    const result = kept.sorted(namespace).filter((object) => !changed.has(identity(object)))
    for (const object of changed.values()) if (object !== undefined) result.push(object)
    return result.toSorted(
      (a, b) =>
        byNamespace(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
        byText(a.metadata.name ?? '', b.metadata.name ?? ''),
    )
  }

  /** The object with a uid. */
  byUid(uid: string): { key: ObjectKey; object: ApiObject } | undefined {
    const key = this.#byUid.get(uid)
    const object = key === undefined ? undefined : this.get(key)
    return key === undefined || object === undefined ? undefined : { key, object }
  }

  /** Objects whose ownerReferences name a uid. */
  dependents(uid: string): { key: ObjectKey; object: ApiObject }[] {
    const result: { key: ObjectKey; object: ApiObject }[] = []
    for (const dependentUid of this.#dependents.get(uid) ?? []) {
      const found = this.byUid(dependentUid)
      if (found !== undefined) result.push(found)
    }
    return result
  }

  /** Writes an object (new or changed) at the next revision and returns what is kept. The object given is kept: do not change it. */
  put(key: ObjectKey, object: ApiObject): ApiObject {
    const bucket = this.#bucket(key.bucket)
    const old = this.get(key)
    const revision = ++this.#revision
    object.metadata.resourceVersion = String(revision)
    let objects = bucket.namespaces.get(key.namespace)
    if (objects === undefined) bucket.namespaces.set(key.namespace, (objects = new Map()))
    objects.set(key.name, object)
    bucket.invalidate(key.namespace)
    this.#index(key, old, object)
    this.#emit(key, bucket, { type: old === undefined ? 'ADDED' : 'MODIFIED', object, old, revision })
    return object
  }

  /** Removes an object. Its last state bears the revision of the removal. Nothing happens when it is not there. */
  remove(key: ObjectKey, last?: ApiObject): ApiObject | undefined {
    const bucket = this.#buckets.get(key.bucket)
    const old = this.get(key)
    if (bucket === undefined || old === undefined) return undefined
    const revision = ++this.#revision
    const state = last ?? old
    const object: ApiObject = { ...state, metadata: { ...state.metadata, resourceVersion: String(revision) } }
    const objects = bucket.namespaces.get(key.namespace)
    objects?.delete(key.name)
    if (objects?.size === 0) bucket.namespaces.delete(key.namespace)
    bucket.invalidate(key.namespace)
    this.#index(key, old, undefined)
    this.#emit(key, bucket, { type: 'DELETED', object, old, revision })
    return object
  }

  /**
   * Puts objects back as they were, with their revisions, into a storage that is empty. Nobody can resume from before; the next
   * change has a revision well above the last one, for some that were taken without a change are not known any more.
   */
  restore(revision: number, objects: readonly { key: ObjectKey; object: ApiObject }[]): void {
    this.#revision = revision + REVISIONS_LOST
    this.#floor = revision
    for (const { key, object } of objects) {
      const bucket = this.#bucket(key.bucket)
      let kept = bucket.namespaces.get(key.namespace)
      if (kept === undefined) bucket.namespaces.set(key.namespace, (kept = new Map()))
      kept.set(key.name, object)
      bucket.invalidate(key.namespace)
      this.#index(key, undefined, object)
    }
    for (const { key, object } of objects)
      for (const tap of this.#taps) tap(key, { type: 'ADDED', object, revision })
  }

  /** Takes a revision without a change, as writes to kinds that are not kept would. */
  tick(): number {
    return ++this.#revision
  }

  /**
   * Calls back for the changes of a kind after a revision, in order and never inside the write. Returns what ends it.
   * Throws Expired when changes after `from` are no longer known.
   */
  watch(bucketName: string, from: number, listener: (event: StoreEvent) => void): () => void {
    const bucket = this.#bucket(bucketName)
    if (from < bucket.compacted) throw expired(`too old resource version: ${from} (${bucket.compacted})`)
    const watcher: Watcher = { bucket: bucketName, listener, stopped: false, seen: Math.max(from, 0) }
    for (const event of since(bucket.history, from)) this.#enqueue(watcher, event)
    // Events still waiting for others are in the history: this watcher has them now.
    bucket.watchers.add(watcher)
    return () => {
      watcher.stopped = true
      bucket.watchers.delete(watcher)
    }
  }

  /** Calls back for every change of every kind, inside the write: for indexes only. */
  tap(listener: (key: ObjectKey, event: StoreEvent) => void): void {
    this.#taps.add(listener)
  }

  /** Forgets changes up to a revision, as etcd's compaction does; the last of each kind stay, as in the API server's watch cache. */
  compact(revision: number): void {
    for (const bucket of this.#buckets.values()) {
      const { history } = bucket
      const count = Math.min(history.length - since(history, revision).length, history.length - HISTORY_LEAST)
      if (count > 0) forget(bucket, count)
    }
  }

  #bucket(name: string): Bucket {
    let bucket = this.#buckets.get(name)
    if (bucket === undefined) {
      this.#buckets.set(name, (bucket = new Bucket()))
      bucket.compacted = this.#floor
    }
    return bucket
  }

  #index(key: ObjectKey, old: ApiObject | undefined, next: ApiObject | undefined): void {
    const uid = next?.metadata.uid ?? old?.metadata.uid
    if (uid === undefined) return
    if (next === undefined) this.#byUid.delete(uid)
    else this.#byUid.set(uid, key)
    if (old?.metadata.ownerReferences === next?.metadata.ownerReferences && old !== undefined) return
    for (const owner of old?.metadata.ownerReferences ?? []) {
      const set = this.#dependents.get(owner.uid)
      set?.delete(uid)
      if (set?.size === 0) this.#dependents.delete(owner.uid)
    }
    for (const owner of next?.metadata.ownerReferences ?? []) {
      let set = this.#dependents.get(owner.uid)
      if (set === undefined) this.#dependents.set(owner.uid, (set = new Set()))
      set.add(uid)
    }
  }

  #emit(key: ObjectKey, bucket: Bucket, event: StoreEvent): void {
    bucket.history.push(event)
    bucket.latest = event.revision
    if (bucket.history.length > HISTORY_LIMIT * 1.25) forget(bucket, bucket.history.length - HISTORY_LIMIT)
    for (const tap of this.#taps) tap(key, event)
    for (const watcher of bucket.watchers) this.#enqueue(watcher, event)
  }

  #enqueue(watcher: Watcher, event: StoreEvent): void {
    this.#pending.push({ watcher, event })
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#scheduled = false
    const batch = this.#pending
    this.#pending = []
    for (const { watcher, event } of batch) {
      if (watcher.stopped || event.revision <= watcher.seen) continue
      watcher.seen = event.revision
      try {
        watcher.listener(event)
      } catch (error) {
        // A watcher's fault is its own: the others still get their events, and the fault is not hidden.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}

function identity(object: ApiObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`
}

/** Drops the oldest changes of a kind. */
function forget(bucket: Bucket, count: number): void {
  const dropped = bucket.history.splice(0, count)
  bucket.compacted = dropped.at(-1)?.revision ?? bucket.compacted
}

function since(history: StoreEvent[], revision: number): StoreEvent[] {
  let low = 0
  let high = history.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((history[middle]?.revision ?? 0) <= revision) low = middle + 1
    else high = middle
  }
  return history.slice(low)
}
