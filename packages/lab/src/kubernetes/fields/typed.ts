import type { Json, JsonObject, ResourceRegistry, Schema } from '../resources.ts'
import { copy, equal, isObject, set } from '../rest/json.ts'
import { resolveSchema } from '../schema/resolve.ts'
import { FieldSet } from './fieldset.ts'

/** How a value is merged: by key, by item, by field, or as a whole. */
export type Shape =
  | { type: 'struct'; schema: Schema | undefined }
  | { type: 'map'; schema: Schema | undefined }
  | { type: 'keyed'; keys: string[]; schema: Schema | undefined; defaults: JsonObject }
  | { type: 'set' }
  | { type: 'atomic' }

/** Metadata's own shape, the same for every kind. */
const METADATA: Schema = {
  type: 'object',
  properties: {
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    annotations: { type: 'object', additionalProperties: { type: 'string' } },
    finalizers: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    ownerReferences: {
      type: 'array',
      items: { type: 'object', 'x-kubernetes-map-type': 'atomic' },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
    },
    managedFields: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'atomic' },
  },
  'x-kubernetes-preserve-unknown-fields': true,
}

/** Knows the shapes of one kind's fields. */
export class Typing {
  readonly #registry: ResourceRegistry
  readonly root: Schema | undefined
  constructor(registry: ResourceRegistry, root: Schema | undefined) {
    this.#registry = registry
    this.root = root
  }

  /** The schema of a member of an object, by the object's schema. `depth` 0 is the root. */
  field(schema: Schema | undefined, name: string, depth: number): Schema | undefined {
    if (depth === 0 && name === 'metadata') return METADATA
    const resolved = this.resolve(schema)
    const own = resolved?.properties?.[name]
    if (own !== undefined) return this.resolve(own)
    const rest = resolved?.additionalProperties
    return typeof rest === 'object' ? this.resolve(rest) : undefined
  }

  items(schema: Schema | undefined): Schema | undefined {
    return this.resolve(this.resolve(schema)?.items)
  }

  resolve(schema: Schema | undefined): Schema | undefined {
    return schema === undefined ? undefined : resolveSchema(this.#registry, schema)
  }

  /** How a value of a schema is merged. */
  shape(schema: Schema | undefined, value: Json | undefined): Shape {
    if (Array.isArray(value)) {
      const kind = schema?.['x-kubernetes-list-type']
      const keys = schema?.['x-kubernetes-list-map-keys']
      if (kind === 'map' && keys !== undefined) return this.#keyed(schema, keys)
      if (kind === 'set') return { type: 'set' }
      if (kind === 'atomic') return { type: 'atomic' }
      const strategy = schema?.['x-kubernetes-patch-strategy']
      const mergeKey = schema?.['x-kubernetes-patch-merge-key']
      if (strategy?.includes('merge') === true && kind === undefined)
        return mergeKey === undefined ? { type: 'set' } : this.#keyed(schema, keys ?? [mergeKey])
      return { type: 'atomic' }
    }
    if (!isObject(value)) return { type: 'atomic' }
    if (schema?.['x-kubernetes-map-type'] === 'atomic') return { type: 'atomic' }
    if (schema?.properties !== undefined) return { type: 'struct', schema }
    return { type: 'map', schema }
  }

  #keyed(schema: Schema | undefined, keys: string[]): Shape {
    const items = this.items(schema)
    const defaults: JsonObject = {}
    for (const key of keys) {
      const value = items?.properties?.[key]?.default
      if (value !== undefined) defaults[key] = value
    }
    return { type: 'keyed', keys, schema: items, defaults }
  }
}

/** Path element of an item of a keyed list. */
export function itemElement(shape: { keys: string[]; defaults: JsonObject }, item: Json): string {
  const key: JsonObject = {}
  for (const name of shape.keys.toSorted()) {
    const value = isObject(item) ? (item[name] ?? shape.defaults[name]) : undefined
    if (value !== undefined && value !== null) key[name] = value
  }
  return `k:${JSON.stringify(key)}`
}

/** Path element of an item of a set. */
export function valueElement(item: Json): string {
  return `v:${JSON.stringify(item)}`
}

/** Children of a value by path element, or undefined when it is a leaf (scalar, atomic, null, empty). */
export function childrenOf(
  typing: Typing,
  schema: Schema | undefined,
  value: Json | undefined,
  depth: number,
): Map<string, { value: Json; schema: Schema | undefined; declared: boolean }> | undefined {
  const shape = typing.shape(schema, value)
  const result = new Map<string, { value: Json; schema: Schema | undefined; declared: boolean }>()
  if ((shape.type === 'struct' || shape.type === 'map') && isObject(value)) {
    const resolved = typing.resolve(schema)
    for (const key in value) {
      const member = value[key]
      if (member === undefined) continue
      const declared =
        resolved?.properties?.[key] !== undefined ||
        (depth === 0 && ['metadata', 'spec', 'status'].includes(key))
      result.set(`f:${key}`, { value: member, schema: typing.field(schema, key, depth), declared })
    }
    return result
  }
  if (shape.type === 'keyed' && Array.isArray(value)) {
    for (const item of value)
      result.set(itemElement(shape, item), { value: item, schema: shape.schema, declared: false })
    return result
  }
  if (shape.type === 'set' && Array.isArray(value)) {
    for (const item of value)
      result.set(valueElement(item), { value: item, schema: undefined, declared: false })
    return result
  }
  return undefined
}

/** Every field of an applied configuration. */
export function fieldsOf(typing: Typing, value: Json, schema = typing.root, depth = 0): FieldSet {
  const result = new FieldSet()
  const children = childrenOf(typing, schema, value, depth)
  if (children === undefined) {
    result.member = true
    return result
  }
  for (const [element, child] of children) {
    const inner = childrenOf(typing, child.schema, child.value, depth + 1)
    const set =
      inner === undefined || inner.size === 0
        ? leaf()
        : fieldsOf(typing, child.value, child.schema, depth + 1)
    if (!child.declared) set.member = true
    result.children.set(element, set)
  }
  return result
}

function leaf(): FieldSet {
  const result = new FieldSet()
  result.member = true
  return result
}

/** What differs between two states. */
export interface Comparison {
  added: FieldSet
  modified: FieldSet
  removed: FieldSet
}

/** Compares two states of an object field by field. */
export function compare(typing: Typing, before: Json | undefined, after: Json | undefined): Comparison {
  const result: Comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() }
  walk(typing, typing.root, before, after, [], result)
  return result
}

function walk(
  typing: Typing,
  schema: Schema | undefined,
  before: Json | undefined,
  after: Json | undefined,
  path: string[],
  result: Comparison,
): void {
  if (before === undefined && after === undefined) return
  const depth = path.length
  const left = before === undefined ? undefined : childrenOf(typing, schema, before, depth)
  const right = after === undefined ? undefined : childrenOf(typing, schema, after, depth)
  const leaf =
    (before !== undefined && left === undefined && before !== null) ||
    (after !== undefined && right === undefined && after !== null) ||
    ((left?.size ?? 0) === 0 && (right?.size ?? 0) === 0)
  if (leaf) {
    if (before === undefined) result.added.insert(path)
    else if (after === undefined) result.removed.insert(path)
    else if (!equal(before, after)) result.modified.insert(path)
    return
  }
  for (const element of new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])) {
    const child = right?.get(element) ?? left?.get(element)
    walk(
      typing,
      child?.schema,
      left?.get(element)?.value,
      right?.get(element)?.value,
      [...path, element],
      result,
    )
  }
  if (before === undefined) result.added.insert(path)
  else if (after === undefined) result.removed.insert(path)
}

/** Lays an applied configuration over a live object: granular values field by field, the rest as a whole. */
export function merge(
  typing: Typing,
  live: Json | undefined,
  applied: Json,
  schema = typing.root,
  depth = 0,
): Json {
  if (live === undefined || live === null) return copy(applied)
  const shape = typing.shape(schema, applied)
  if ((shape.type === 'struct' || shape.type === 'map') && isObject(applied) && isObject(live)) {
    const result: JsonObject = { ...live }
    for (const key in applied) {
      const value = applied[key]
      if (value === undefined) continue
      set(result, key, merge(typing, live[key], value, typing.field(schema, key, depth), depth + 1))
    }
    return result
  }
  if (shape.type === 'keyed' && Array.isArray(applied) && Array.isArray(live)) {
    const elementOf = (item: Json): string => itemElement(shape, item)
    const mine = new Map(applied.map((item) => [elementOf(item), item]))
    return interleave(live, applied, elementOf, (item) => {
      const own = mine.get(elementOf(item))
      return own === undefined ? item : merge(typing, item, own, shape.schema, depth + 1)
    })
  }
  if (shape.type === 'set' && Array.isArray(applied) && Array.isArray(live))
    return interleave(live, applied, valueElement, (item) => item)
  return copy(applied)
}

/**
 * Order of a merged list: the applied order decides among the items that both have; what the live list alone has comes before what
 * is new at its place.
 */
function interleave(
  live: Json[],
  applied: Json[],
  elementOf: (item: Json) => string,
  take: (item: Json) => Json,
): Json[] {
  const lefts = live.map((item) => ({ item, element: elementOf(item) }))
  const rights = applied.map((item) => ({ item, element: elementOf(item) }))
  const byElement = new Map(lefts.map(({ element, item }) => [element, item]))
  const wanted = new Set(rights.map(({ element }) => element))
  const shared = rights.map(({ element }) => element).filter((element) => byElement.has(element))
  const result: Json[] = []
  let left = 0
  let right = 0
  while (left < lefts.length || right < rights.length) {
    const old = lefts[left]
    const next = rights[right]
    if (old !== undefined && old.element !== next?.element) {
      const isShared = wanted.has(old.element)
      // A shared item stands where the applied list has it, unless it is the next one: then what is new comes first.
      if (!isShared) result.push(old.item)
      if (!isShared || next === undefined || shared[0] !== old.element) {
        left++
        continue
      }
    }
    if (next === undefined) break
    if (old?.element === next.element) left++
    if (shared[0] === next.element) shared.shift()
    result.push(take(byElement.get(next.element) ?? next.item))
    right++
  }
  return result
}

/** Takes the fields of a set out of a value. A container goes when it is itself in the set, or when nothing is left in it. */
export function remove(
  typing: Typing,
  value: Json,
  fields: FieldSet,
  schema = typing.root,
  depth = 0,
): Json | undefined {
  const shape = typing.shape(schema, value)
  if ((shape.type === 'struct' || shape.type === 'map') && isObject(value)) {
    const result: JsonObject = {}
    for (const key in value) {
      const member = value[key]
      if (member === undefined) continue
      const child = fields.children.get(`f:${key}`)
      if (child === undefined) set(result, key, member)
      else if (child.member) continue
      else {
        const rest = remove(typing, member, child, typing.field(schema, key, depth), depth + 1)
        if (rest !== undefined) set(result, key, rest)
      }
    }
    return depth > 0 && Object.keys(result).length === 0 ? undefined : result
  }
  if (shape.type === 'keyed' && Array.isArray(value)) {
    const left = value.flatMap((item) => {
      const child = fields.children.get(itemElement(shape, item))
      if (child === undefined) return [item]
      if (child.member) return []
      const rest = remove(typing, item, child, shape.schema, depth + 1)
      return rest === undefined ? [] : [rest]
    })
    return left.length === 0 ? undefined : left
  }
  if (shape.type === 'set' && Array.isArray(value)) {
    const left = value.filter((item) => fields.children.get(valueElement(item))?.member !== true)
    return left.length === 0 ? undefined : left
  }
  return value
}
