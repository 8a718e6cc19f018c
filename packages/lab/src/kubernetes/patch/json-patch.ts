import { badRequest, StatusError, unprocessable } from '../errors.ts'
import type { Json, JsonObject } from '../resources.ts'
import { copy, equal, isObject, set } from '../rest/json.ts'

const OPERATIONS_LIMIT = 10_000

/** Applies an RFC 6902 patch as the API server's library does, quirks included. Throws Invalid without saying why. */
export function applyJsonPatch(document: Json, patch: Json): Json {
  if (!Array.isArray(patch))
    throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  if (patch.length > OPERATIONS_LIMIT)
    throw new StatusError(
      413,
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${OPERATIONS_LIMIT}, got ${patch.length}`,
    )
  let result = copy(document)
  for (const operation of patch) {
    if (!isObject(operation))
      throw badRequest(`json: cannot unmarshal ${typeof operation} into Go value of type jsonpatch.Operation`)
    result = applyOperation(result, operation)
  }
  return result
}

function applyOperation(document: Json, operation: JsonObject): Json {
  const { op, path, from } = operation
  if (typeof op !== 'string' || typeof path !== 'string') throw unprocessable()
  const value = operation['value'] ?? null
  switch (op) {
    case 'add':
      return add(document, parts(path), copy(value))
    case 'remove':
      return removeAt(document, parts(path))
    case 'replace':
      return replace(document, parts(path), copy(value))
    case 'test': {
      const found = find(document, parts(path))
      if (found === undefined ? value !== null : !equal(found, value)) throw unprocessable()
      return document
    }
    case 'move': {
      if (typeof from !== 'string') throw unprocessable()
      const moved = find(document, parts(from))
      if (moved === undefined) throw unprocessable()
      return add(removeAt(document, parts(from)), parts(path), moved)
    }
    case 'copy': {
      if (typeof from !== 'string') throw unprocessable()
      const copied = find(document, parts(from))
      if (copied === undefined) throw unprocessable()
      return add(document, parts(path), copy(copied))
    }
    default:
      throw unprocessable()
  }
}

function parts(path: string): string[] {
  if (path === '') return []
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function find(document: Json, path: string[]): Json | undefined {
  let current: Json | undefined = document
  for (const part of path) {
    if (Array.isArray(current)) current = current[indexIn(current, part, false)]
    else if (isObject(current)) current = Object.hasOwn(current, part) ? current[part] : undefined
    else return undefined
    if (current === undefined) return undefined
  }
  return current
}

function indexIn(list: Json[], part: string, adding: boolean): number {
  if (adding && part === '-') return list.length
  if (!/^-?\d+$/.test(part)) throw unprocessable()
  let index = Number(part)
  if (index < 0) index += list.length + (adding ? 1 : 0)
  if (index < 0 || index > list.length - (adding ? 0 : 1)) throw unprocessable()
  return index
}

function parent(document: Json, path: string[]): { container: Json; last: string } {
  const container = find(document, path.slice(0, -1))
  const last = path.at(-1)
  if (container === undefined || last === undefined) throw unprocessable()
  return { container, last }
}

function add(document: Json, path: string[], value: Json): Json {
  if (path.length === 0) return value
  const { container, last } = parent(document, path)
  if (Array.isArray(container)) container.splice(indexIn(container, last, true), 0, value)
  else if (isObject(container)) set(container, last, value)
  else throw unprocessable()
  return document
}

function replace(document: Json, path: string[], value: Json): Json {
  if (path.length === 0) return value
  const { container, last } = parent(document, path)
  if (Array.isArray(container)) container[indexIn(container, last, false)] = value
  else if (isObject(container)) set(container, last, value)
  else throw unprocessable()
  return document
}

function removeAt(document: Json, path: string[]): Json {
  const { container, last } = parent(document, path)
  if (Array.isArray(container)) container.splice(indexIn(container, last, false), 1)
  else if (isObject(container)) {
    if (!Object.hasOwn(container, last)) throw unprocessable()
    delete container[last]
  } else throw unprocessable()
  return document
}
