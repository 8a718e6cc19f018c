/** How an object is observed. */
export interface Observation {
  /** Called after each change. */
  readonly changed: () => void
  /** Fields of the object itself whose changes do not count. */
  readonly except?: ReadonlySet<string>
  /** Only the object's own fields or entries; what they hold is given out as it is. */
  readonly isShallow?: boolean
}

/** What stands behind what observes it. */
const originals = new WeakMap<object, object>()
const observers = new WeakMap<object, object>()

/**
 * The same object, list, map or set, through which every change is told, at any depth. Other objects inside it (bytes, functions,
 * signals) are given out as they are.
 */
export function observe<T extends object>(target: T, how: Observation): T {
  const known = observers.get(target)
  if (known !== undefined) return known as T
  const observer =
    target instanceof Map
      ? new ObservedMap(target, how)
      : target instanceof Set
        ? new ObservedSet(target, how)
        : new Proxy(target, handlerOf(how))
  observers.set(target, observer)
  originals.set(observer, target)
  return observer as T
}

/** What stands behind an observer; anything else is returned as it is. */
export function original<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  return (originals.get(value) ?? value) as T
}

function inner(value: unknown, how: Observation): unknown {
  if (how.isShallow === true || typeof value !== 'object' || value === null) return value
  // Lists of thousands read through here: what is known already must cost one look.
  const known = observers.get(value)
  if (known !== undefined) return known
  const kind: unknown = Object.getPrototypeOf(value)
  const isPlain = kind === Object.prototype || kind === null || Array.isArray(value)
  if (!isPlain && !(value instanceof Map) && !(value instanceof Set)) return value
  return observe(value, { changed: how.changed })
}

function handlerOf(how: Observation): ProxyHandler<object> {
  const counts = (name: string | symbol): boolean =>
    typeof name === 'symbol' || how.except?.has(name) !== true
  return {
    get(target, name) {
      const value: unknown = (target as Record<string | symbol, unknown>)[name]
      if (typeof value !== 'object' || value === null) return value
      return counts(name) ? inner(value, how) : value
    },
    set(target, name, value) {
      const done = Reflect.set(target, name, original(value))
      if (counts(name)) how.changed()
      return done
    },
    deleteProperty(target, name) {
      const done = Reflect.deleteProperty(target, name)
      if (counts(name)) how.changed()
      return done
    },
    defineProperty(target, name, descriptor) {
      const done = Reflect.defineProperty(target, name, descriptor)
      if (counts(name)) how.changed()
      return done
    },
  }
}

class ObservedMap<K, V> extends Map<K, V> {
  readonly #target: Map<K, V>
  readonly #how: Observation
  constructor(target: Map<K, V>, how: Observation) {
    super()
    this.#target = target
    this.#how = how
  }
  override get size(): number {
    return this.#target.size
  }
  override has(key: K): boolean {
    return this.#target.has(key)
  }
  override get(key: K): V | undefined {
    return inner(this.#target.get(key), this.#how) as V | undefined
  }
  override set(key: K, value: V): this {
    this.#target.set(key, original(value))
    this.#how.changed()
    return this
  }
  override delete(key: K): boolean {
    const done = this.#target.delete(key)
    if (done) this.#how.changed()
    return done
  }
  override clear(): void {
    this.#target.clear()
    this.#how.changed()
  }
  override keys(): MapIterator<K> {
    return this.#target.keys()
  }
  override *values(): MapIterator<V> {
    for (const value of this.#target.values()) yield inner(value, this.#how) as V
  }
  override *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.#target) yield [key, inner(value, this.#how) as V]
  }
  override [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries()
  }
  override forEach(call: (value: V, key: K, map: Map<K, V>) => void): void {
    for (const [key, value] of this.entries()) call(value, key, this)
  }
}

class ObservedSet<T> extends Set<T> {
  readonly #target: Set<T>
  readonly #how: Observation
  constructor(target: Set<T>, how: Observation) {
    super()
    this.#target = target
    this.#how = how
  }
  override get size(): number {
    return this.#target.size
  }
  override has(value: T): boolean {
    return this.#target.has(value)
  }
  override add(value: T): this {
    this.#target.add(value)
    this.#how.changed()
    return this
  }
  override delete(value: T): boolean {
    const done = this.#target.delete(value)
    if (done) this.#how.changed()
    return done
  }
  override clear(): void {
    this.#target.clear()
    this.#how.changed()
  }
  override keys(): SetIterator<T> {
    return this.#target.keys()
  }
  override values(): SetIterator<T> {
    return this.#target.values()
  }
  override entries(): SetIterator<[T, T]> {
    return this.#target.entries()
  }
  override [Symbol.iterator](): SetIterator<T> {
    return this.#target.values()
  }
  override forEach(call: (value: T, same: T, set: Set<T>) => void): void {
    for (const value of this.#target) call(value, value, this)
  }
}

/** How the entries of a map are kept: by key, each by itself. */
export interface EntryObservation<K> {
  /** Called after each change of an entry, at any depth. */
  readonly changed: (key: K) => void
  /** Fields of entries whose changes do not count. */
  readonly except?: ReadonlySet<string>
  readonly isShallow?: boolean
}

/** A map that tells which entry changed: set, removed, or anything inside it. */
export class EntryMap<K, V> extends Map<K, V> {
  readonly #how: EntryObservation<K>
  constructor(target: Iterable<readonly [K, V]>, how: EntryObservation<K>) {
    super()
    this.#how = how
    for (const [key, value] of target) super.set(key, this.#entry(key, value))
  }
  override set(key: K, value: V): this {
    super.set(key, this.#entry(key, value))
    this.#how.changed(key)
    return this
  }
  override delete(key: K): boolean {
    const done = super.delete(key)
    if (done) this.#how.changed(key)
    return done
  }
  override clear(): void {
    for (const key of this.keys()) this.delete(key)
  }
  #entry(key: K, value: V): V {
    if (this.#how.isShallow === true || typeof value !== 'object' || value === null) return value
    const { except } = this.#how
    return observe(original(value), { changed: () => this.#how.changed(key), ...(except && { except }) })
  }
}
