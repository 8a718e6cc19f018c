import type { Json, JsonObject } from '../resources.ts'
import { copy, isObject, set } from '../rest/json.ts'
import type { FieldSet } from './fieldset.ts'
import { itemElement, valueElement } from './typed.ts'
import type { Typing } from './typed.ts'

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
