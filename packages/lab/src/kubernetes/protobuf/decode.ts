import { messageNamed, messageOfKind } from '../builtin/messages.ts'
import type { Field, Message } from '../builtin/messages.ts'
import type { Json, JsonObject } from '../resources.ts'
import { isListMessage, SPECIAL } from './special.ts'
import { readFields, WIRE, WireError } from './wire.ts'
import type { WireField } from './wire.ts'

const MAGIC = [0x6b, 0x38, 0x73, 0x00]
const EXTENSIONS = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1'
const text = new TextDecoder('utf-8')

/** Whether a media type is Kubernetes' protobuf. */
export function isProtobuf(type: string): boolean {
  return type === 'application/vnd.kubernetes.protobuf'
}

/** What the envelope of a body says. */
export interface Envelope {
  /** Empty when it is left to the path. */
  apiVersion: string
  /** Empty when it is left to the path. */
  kind: string
  /** The object in it. */
  raw: Uint8Array
}

/** Opens the envelope of a body. Throws WireError with the API server's text. */
export function openEnvelope(data: Uint8Array): Envelope {
  if (data.length === 0) throw new WireError('empty data')
  if (MAGIC.some((byte, index) => data[index] !== byte))
    throw new WireError(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    )
  if (data.length === MAGIC.length) throw new WireError('empty body')
  const envelope = readFields(data.subarray(MAGIC.length))
  const bytesOf = (number: number): Uint8Array =>
    envelope.findLast((field) => field.number === number)?.bytes ?? new Uint8Array(0)
  const type = readFields(bytesOf(1))
  const named = (number: number): string =>
    text.decode(type.findLast((field) => field.number === number)?.bytes)
  return { apiVersion: named(1), kind: named(2), raw: bytesOf(2) }
}

/**
 * Decodes a body of type application/vnd.kubernetes.protobuf: the envelope, and the object in it by the kind it names. The
 * object is as JSON would have it; what is not set is absent. Throws WireError with the API server's text.
 */
export function decodeProtobuf(data: Uint8Array, assumed?: { apiVersion: string; kind: string }): JsonObject {
  const envelope = openEnvelope(data)
  const apiVersion = envelope.apiVersion || (assumed?.apiVersion ?? '')
  const kind = envelope.kind || (assumed?.kind ?? '')
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const message = messageOfKind(group, version, kind)
  if (message === undefined)
    throw new WireError(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  const object = decodeMessage(message, envelope.raw)
  return { kind, apiVersion, ...(isObject(object) ? object : {}) }
}

function isObject(value: Json | undefined): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** Decodes the bytes of a message to its JSON value. */
function decodeMessage(message: Message, data: Uint8Array): Json {
  const wire = readFields(data)
  if (isListMessage(message.name, message.fields))
    return wire.filter((field) => field.number === 1).map((field) => text.decode(field.bytes))
  const choice = chosen(message, wire)
  if (choice !== undefined) return choice
  const result: JsonObject = {}
  const known = new Map(message.fields.map((field) => [field.number, field]))
  for (const each of wire) {
    const field = known.get(each.number)
    if (field !== undefined) put(result, field, each)
  }
  // JSON shows fields in the order of the type, whatever their order on the wire.
  const ordered: JsonObject = {}
  for (const field of message.fields) {
    if (field.inline) continue
    if (result[field.name] !== undefined) ordered[field.name] = result[field.name]
  }
  return { ...ordered, ...result }
}

/** The schema unions of apiextensions: one of their members, standing for itself. */
function chosen(message: Message, wire: WireField[]): Json | undefined {
  const props = messageNamed(`${EXTENSIONS}.JSONSchemaProps`)
  if (props === undefined) return undefined
  const at = (number: number): WireField | undefined => wire.findLast((field) => field.number === number)
  switch (message.name) {
    case `${EXTENSIONS}.JSONSchemaPropsOrArray`: {
      const one = at(1)
      if (one !== undefined) return decodeMessage(props, one.bytes)
      return wire.filter((field) => field.number === 2).map((field) => decodeMessage(props, field.bytes))
    }
    case `${EXTENSIONS}.JSONSchemaPropsOrBool`: {
      const schema = at(2)
      return schema === undefined ? at(1)?.value === 1n : decodeMessage(props, schema.bytes)
    }
    case `${EXTENSIONS}.JSONSchemaPropsOrStringArray`: {
      const schema = at(1)
      if (schema !== undefined) return decodeMessage(props, schema.bytes)
      return wire.filter((field) => field.number === 2).map((field) => text.decode(field.bytes))
    }
    default:
      return undefined
  }
}

function put(result: JsonObject, field: Field, wire: WireField): void {
  if (field.map) {
    const entry = readFields(wire.bytes)
    const key = text.decode(entry.find((each) => each.number === 1)?.bytes)
    const value = entry.find((each) => each.number === 2)
    const map = isObject(result[field.name]) ? (result[field.name] as JsonObject) : {}
    map[key] = value === undefined ? empty(field.type) : decodeValue(field.type, value)
    result[field.name] = map
    return
  }
  if (field.repeated) {
    const list = Array.isArray(result[field.name]) ? (result[field.name] as Json[]) : []
    if (wire.type === WIRE.bytes && isNumber(field.type))
      for (const value of packed(wire.bytes)) list.push(Number(value))
    else list.push(decodeValue(field.type, wire) ?? null)
    result[field.name] = list
    return
  }
  const value = decodeValue(field.type, wire)
  if (value === undefined) return
  if (field.inline) {
    if (isObject(value)) Object.assign(result, value)
    return
  }
  if (isZero(value) && !field.pointer) return
  result[field.name] = value
}

function isNumber(type: string): boolean {
  return type === 'int32' || type === 'int64' || type === 'bool'
}

function packed(data: Uint8Array): bigint[] {
  const result: bigint[] = []
  let value = 0n
  let shift = 0n
  for (const byte of data) {
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) {
      result.push(BigInt.asIntN(64, value))
      value = 0n
      shift = 0n
    } else shift += 7n
  }
  return result
}

function isZero(value: Json): boolean {
  return value === '' || value === 0 || value === false
}

/** What a map's value is when the wire leaves it out. */
function empty(type: string): Json {
  if (type === 'string' || type === 'bytes') return ''
  if (type === 'bool') return false
  if (isNumber(type) || type === 'double') return 0
  return {}
}

function decodeValue(type: string, wire: WireField): Json | undefined {
  switch (type) {
    case 'string':
      return text.decode(wire.bytes)
    case 'bytes':
      return Buffer.from(wire.bytes).toString('base64')
    case 'bool':
      return wire.value !== 0n
    case 'int32':
    case 'int64':
      return Number(wire.value)
    case 'double':
      return new DataView(wire.bytes.buffer, wire.bytes.byteOffset, 8).getFloat64(0, true)
    default: {
      const special = SPECIAL[type]
      if (special !== undefined) return special(wire.bytes)
      const message = messageNamed(type)
      return message === undefined ? undefined : decodeMessage(message, wire.bytes)
    }
  }
}
