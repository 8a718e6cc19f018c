import { badRequest, StatusError } from '../errors.ts'
import type { Json, JsonObject, ResourceRegistry, Schema } from '../resources.ts'
import { asText, copy, equal, isObject, set } from '../rest/json.ts'

const METADATA: Schema = {
  type: 'object',
  properties: {
    finalizers: { type: 'array', items: { type: 'string' }, 'x-kubernetes-patch-strategy': 'merge' },
    ownerReferences: {
      type: 'array',
      items: { type: 'object' },
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'uid',
    },
  },
}

/** Applies a strategic merge patch by the merge keys of a schema; the document is not changed. Throws BadRequest. */
export function applyStrategicPatch(
  registry: ResourceRegistry,
  schema: Schema | undefined,
  document: Json,
  patch: JsonObject,
): Json {
  return new Merger(registry).object(document, patch, schema, true)
}

class Merger {
  readonly #registry: ResourceRegistry
  constructor(registry: ResourceRegistry) {
    this.#registry = registry
  }

  object(document: Json | undefined, patch: JsonObject, given: Schema | undefined, root = false): Json {
    const directive = patch['$patch']
    if (directive === 'replace') {
      const { $patch: _, ...rest } = patch
      return stripDirectives(rest)
    }
    if (directive === 'delete') return {}
    if (directive !== undefined && directive !== 'merge')
      throw new StatusError(
        500,
        undefined,
        `unknown patch type: ${asText(directive)} in map: ${goMap(patch)}`,
      )
    const schema = this.#resolve(given)
    const result: JsonObject = isObject(document) ? { ...document } : {}
    const retain = patch['$retainKeys']
    if (Array.isArray(retain))
      for (const key of Object.keys(result)) if (!retain.includes(key)) delete result[key]
    for (const key in patch) {
      if (key === '$patch' || key === '$retainKeys') continue
      if (key.startsWith('$deleteFromPrimitiveList/')) {
        const name = key.slice('$deleteFromPrimitiveList/'.length)
        const gone = patch[key]
        const list = result[name]
        if (Array.isArray(list) && Array.isArray(gone))
          result[name] = list.filter((item) => !gone.some((each) => equal(each, item)))
        continue
      }
      if (key.startsWith('$setElementOrder/')) continue
      const value = patch[key]
      const field = root && key === 'metadata' ? METADATA : this.#field(schema, key)
      if (value === null || value === undefined) delete result[key]
      // What was not there is taken as it is sent, its own repetitions too.
      else if (result[key] === undefined && Array.isArray(value)) set(result, key, plainItems(value))
      else if (isObject(value))
        set(result, key, this.object(isObject(result[key]) ? result[key] : undefined, value, field))
      else if (Array.isArray(value))
        set(result, key, this.#list(result[key], value, field, patch[`$setElementOrder/${key}`]))
      else set(result, key, value)
    }
    for (const key in patch)
      if (key.startsWith('$setElementOrder/')) {
        const name = key.slice('$setElementOrder/'.length)
        const order = patch[key]
        const list = result[name]
        const field = root && name === 'metadata' ? METADATA : this.#field(schema, name)
        if (patch[name] === undefined && Array.isArray(list) && Array.isArray(order))
          result[name] = ordered(list, order, list, mergeKey(field))
      }
    return result
  }

  #list(
    document: Json | undefined,
    patch: Json[],
    field: Schema | undefined,
    order: Json | undefined,
  ): Json[] {
    const strategy = field?.['x-kubernetes-patch-strategy']
    const key = mergeKey(field)
    const replaces = patch.some((item) => isObject(item) && item['$patch'] === 'replace')
    if (strategy === undefined || !strategy.includes('merge') || replaces) return plainItems(patch)
    const plain = patch.filter((item) => !isDirective(item))
    const before: Json[] = Array.isArray(document) ? document : []
    const result: Json[] = [...before]
    const sort = (merged: Json[]): Json[] =>
      ordered(merged, Array.isArray(order) ? order : plain, before, key)
    if (key === undefined) {
      for (const item of patch) if (!result.some((each) => equal(each, item))) result.push(copy(item))
      return sort(result)
    }
    const items = this.#resolve(this.#resolve(field)?.items)
    for (const item of patch) {
      if (!isObject(item)) throw badRequest(`Invalid item in list with merge key ${key}`)
      if (item[key] === undefined)
        throw badRequest(`map: ${goMap(item)} does not contain declared merge key: ${key}`)
      const index = result.findIndex((each) => isObject(each) && equal(each[key], item[key]))
      if (item['$patch'] === 'delete') {
        for (let at = result.length - 1; at >= 0; at--) {
          const each = result[at]
          if (isObject(each) && equal(each[key], item[key])) result.splice(at, 1)
        }
      } else if (index < 0) result.push(this.object({}, item, items))
      else result[index] = this.object(result[index], item, items)
    }
    return sort(result)
  }

  #field(schema: Schema | undefined, key: string): Schema | undefined {
    const own = schema?.properties?.[key]
    if (own !== undefined) return this.#resolve(own)
    const rest = schema?.additionalProperties
    return typeof rest === 'object' ? this.#resolve(rest) : undefined
  }

  #resolve(schema: Schema | undefined): Schema | undefined {
    const target = schema?.$ref ?? schema?.allOf?.find((each) => each.$ref !== undefined)?.$ref
    if (schema === undefined || target === undefined) return schema
    const { $ref: _, allOf: _all, ...own } = schema
    return { ...this.#registry.resolve({ $ref: target }), ...own }
  }
}

function mergeKey(field: Schema | undefined): string | undefined {
  return field?.['x-kubernetes-patch-merge-key']
}

function isDirective(item: Json): boolean {
  return isObject(item) && item['$patch'] !== undefined
}

/** The items of a patch's list that are to be there. */
function plainItems(patch: Json[]): Json[] {
  return patch.filter((item) => !isDirective(item)).map((item) => stripDirectives(item))
}

function stripDirectives(value: Json): Json {
  if (Array.isArray(value)) return value.map(stripDirectives)
  if (!isObject(value)) return value
  const result: JsonObject = {}
  for (const key in value) {
    const member = value[key]
    if (key.startsWith('$') || member === undefined || member === null) continue
    set(result, key, stripDirectives(member))
  }
  return result
}

/**
 * The order of a merged list: items that the patch names stand in the patch's order, the others in the order they had; an item
 * of the patch comes first unless both were there before and it came later.
 */
function ordered(merged: Json[], order: Json[], before: Json[], key: string | undefined): Json[] {
  const identity = (item: Json): string =>
    JSON.stringify(key === undefined ? item : isObject(item) ? item[key] : null)
  const placesOf = (list: Json[]): Map<string, number> =>
    new Map(list.map((item, index) => [identity(item), index]))
  const wanted = placesOf(order)
  const old = placesOf(before)
  const byPlace = (places: Map<string, number>) => (a: Json, b: Json) =>
    (places.get(identity(a)) ?? 0) - (places.get(identity(b)) ?? 0)
  const named = merged.filter((item) => wanted.has(identity(item))).toSorted(byPlace(wanted))
  const others = merged.filter((item) => !wanted.has(identity(item))).toSorted(byPlace(old))
  const result: Json[] = []
  while (named.length > 0 && others.length > 0) {
    const left = old.get(identity(others[0] ?? null))
    const right = old.get(identity(named[0] ?? null))
    const next = left !== undefined && right !== undefined && left < right ? others.shift() : named.shift()
    if (next !== undefined) result.push(next)
  }
  return [...result, ...named, ...others]
}

/** A value as Go prints a map. */
export function goMap(value: Json): string {
  if (!isObject(value)) return asText(value)
  return `map[${Object.keys(value)
    .toSorted()
    .map((key) => `${key}:${isObject(value[key]) ? goMap(value[key]) : asText(value[key])}`)
    .join(' ')}]`
}
