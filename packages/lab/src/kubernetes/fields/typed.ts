import type { Json, JsonObject, ResourceRegistry, Schema } from '../resources.ts'
import { equal, isObject } from '../rest/json.ts'
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
