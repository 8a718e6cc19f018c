import { badRequest } from '../errors.ts'
import { isListMessage } from '../protobuf/special.ts'
import type { ApiObject, Json, JsonObject, ResourceDefinition } from '../resources.ts'
import { isObject } from '../rest/json.ts'
import type { Field, Message } from './messages.ts'
import { flatFields, messageNamed } from './messages.ts'
import { canonicalQuantity, QUANTITY_PROBLEM } from './quantity.ts'
import { messageOf } from './schemas.ts'

const META = 'k8s.io.apimachinery.pkg.apis.meta.v1'
const QUANTITY = 'k8s.io.apimachinery.pkg.api.resource.Quantity'
const INT_OR_STRING = 'k8s.io.apimachinery.pkg.util.intstr.IntOrString'

/** Types whose JSON is not looked into. */
const OPAQUE = new Set([
  `${META}.FieldsV1`,
  `${META}.Duration`,
  'k8s.io.apimachinery.pkg.runtime.RawExtension',
  'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON',
  'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps',
])

/** Go's name of a JSON value's type in decoding errors. */
function goType(value: Json): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

/** Where a value stands, for error texts: the Go struct and the path from the root, without indices. */
interface Place {
  struct: string
  path: string
}

function refuse(value: Json, place: Place, wanted: string): Error {
  return new Error(
    `json: cannot unmarshal ${goType(value)} into Go struct field ${place.struct}.${place.path} of type ${wanted}`,
  )
}

/** Go's name of a message: `v1.PodSpec`. */
function goName(message: string): string {
  const parts = message.split('.')
  return parts.slice(-2).join('.')
}

function nullTimes(message: Message, value: Json): void {
  if (!isObject(value)) return
  for (const field of flatFields(message)) {
    const member = value[field.name]
    const inner = messageNamed(field.type)
    if (member === undefined) {
      if (message.name.endsWith('Condition') && isTime(field)) value[field.name] = null
    } else if (inner !== undefined && !field.map)
      for (const each of Array.isArray(member) ? member : [member]) nullTimes(inner, each)
  }
}

/** Puts in what Go prints though it is not set: times in the conditions of a status. In place. */
export function printUnset(definition: ResourceDefinition, object: ApiObject): void {
  const status = messageOf(definition)?.fields.find((field) => field.name === 'status')
  const message = status === undefined ? undefined : messageNamed(status.type)
  if (message !== undefined && object['status'] !== undefined) nullTimes(message, object['status'])
}

/**
 * Brings an object of a built-in kind into the form a server that decodes and prints it would give: fields in the order of
 * the type, quantities in their canonical spelling. In place; metadata and fields that are not known stay as they are.
 * Throws BadRequest when a field is of a wrong type.
 */
export function normalize(definition: ResourceDefinition, object: ApiObject): void {
  const message = messageOf(definition)
  if (message === undefined || definition.group === 'apiextensions.k8s.io') return
  try {
    for (const field of flatFields(message)) {
      if (field.name === 'metadata') continue
      const value = object[field.name]
      if (value === undefined) continue
      // Taken out and put back: so members stand in the order of the type.
      delete object[field.name]
      object[field.name] =
        value === null ? null : fieldValue(field, value, { struct: definition.kind, path: field.name })
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw badRequest(
      `${definition.kind} in version ${JSON.stringify(definition.version)} cannot be handled as a ${definition.kind}: ${why}`,
    )
  }
}

function fieldValue(field: Field, value: Json, place: Place): Json {
  if (field.map) {
    if (!isObject(value)) throw refuse(value, place, `map[string]${shortType(field.type)}`)
    const result: JsonObject = {}
    for (const [key, member] of Object.entries(value))
      if (member !== undefined) result[key] = member === null ? member : single(field.type, member, place)
    return result
  }
  if (field.repeated) {
    if (!Array.isArray(value)) throw refuse(value, place, `[]${shortType(field.type)}`)
    return value.map((item) => (item === null ? item : single(field.type, item, place)))
  }
  return single(field.type, value, place)
}

function shortType(type: string): string {
  if (type === 'bytes') return '[]uint8'
  return type.includes('.') ? goName(type) : type === 'double' ? 'float64' : type
}

function single(type: string, value: Json, place: Place): Json {
  switch (type) {
    case 'string':
      if (typeof value !== 'string') throw refuse(value, place, 'string')
      return value
    case 'bool':
      if (typeof value !== 'boolean') throw refuse(value, place, 'bool')
      return value
    case 'int32':
    case 'int64':
      if (typeof value !== 'number') throw refuse(value, place, type)
      if (!Number.isInteger(value))
        throw new Error(
          `json: cannot unmarshal number ${value} into Go struct field ${place.struct}.${place.path} of type ${type}`,
        )
      return value
    case 'double':
      if (typeof value !== 'number') throw refuse(value, place, 'float64')
      return value
    case 'bytes':
      if (typeof value !== 'string') throw refuse(value, place, '[]uint8')
      checkBase64(value)
      return value
    case QUANTITY: {
      if (typeof value !== 'string' && typeof value !== 'number') throw new Error(QUANTITY_PROBLEM)
      const canonical = canonicalQuantity(String(value))
      if (canonical === undefined) throw new Error(QUANTITY_PROBLEM)
      return canonical
    }
    case INT_OR_STRING:
      if (typeof value !== 'string' && typeof value !== 'number')
        throw refuse(value, place, 'intstr.IntOrString')
      return value
    case `${META}.Time`:
      checkTime(value, place, false)
      return value
    case `${META}.MicroTime`:
      checkTime(value, place, true)
      return value
    default:
      return structure(type, value, place)
  }
}

function structure(type: string, value: Json, place: Place): Json {
  const message = OPAQUE.has(type) ? undefined : messageNamed(type)
  if (message === undefined) return value
  if (isListMessage(message.name, message.fields)) return value
  if (!isObject(value)) throw refuse(value, place, goName(type))
  return ordered(message, value, place)
}

function ordered(message: Message, value: JsonObject, place: Place): JsonObject {
  const struct = message.name.slice(message.name.lastIndexOf('.') + 1)
  const result: JsonObject = {}
  for (const field of flatFields(message)) {
    const member = value[field.name]
    if (member === undefined) {
      continue
    }
    result[field.name] =
      member === null ? null : fieldValue(field, member, { struct, path: `${place.path}.${field.name}` })
  }
  for (const [key, member] of Object.entries(value)) if (!(key in result)) result[key] = member
  return result
}

function isTime({ type, pointer, repeated }: Field): boolean {
  return !pointer && !repeated && (type === `${META}.Time` || type === `${META}.MicroTime`)
}

function checkBase64(text: string): void {
  const found = /[^A-Za-z0-9+/=\r\n]/.exec(text)
  if (found !== null) throw new Error(`illegal base64 data at input byte ${found.index}`)
  const clean = text.replaceAll(/[\r\n]/g, '')
  if (clean.length % 4 !== 0)
    throw new Error(`illegal base64 data at input byte ${clean.length - (clean.length % 4)}`)
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/
const MICRO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}(Z|[+-]\d{2}:\d{2})$/

function checkTime(value: Json, place: Place, micro: boolean): void {
  if (typeof value !== 'string') throw refuse(value, place, 'string')
  const layout = micro ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00'
  if ((micro ? MICRO_TIME : TIME).test(value)) return
  const date = /^\d{4}-\d{2}-\d{2}/.exec(value)?.[0]
  const clock = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.exec(value)?.[0]
  const [rest, at] =
    clock === undefined
      ? date === undefined
        ? [value, '2006']
        : [value.slice(date.length), 'T']
      : micro
        ? [value.slice(clock.length), '.000000']
        : [value.slice(clock.length), 'Z07:00']
  throw new Error(
    `parsing time ${JSON.stringify(value)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(at)}`,
  )
}
