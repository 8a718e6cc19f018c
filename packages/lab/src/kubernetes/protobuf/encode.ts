import { flatFields, messageNamed, messageOfKind } from '../builtin/messages.ts'
import type { Field, Message } from '../builtin/messages.ts'
import type { Json, JsonObject } from '../resources.ts'
import { isObject } from '../rest/json.ts'
import { isListMessage, isUnion, scalarText, WRITTEN } from './special.ts'
import { MessageWriter } from './write.ts'

/** Media type of Kubernetes' protobuf. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const MAGIC = Buffer.from('k8s\0')

/**
 * An object as application/vnd.kubernetes.protobuf: the envelope with the object in it. Undefined when its kind has no message. Fields
 * stand in the order of their numbers; those that Go has no pointer for are there even when they are empty.
 */
export function encodeProtobuf(object: JsonObject): Uint8Array | undefined {
  const { apiVersion, kind } = object
  const named = typeof apiVersion === 'string' ? apiVersion : ''
  const [group = '', version = ''] = named.includes('/') ? named.split('/') : ['', named]
  const message = messageOfKind(group, version, typeof kind === 'string' ? kind : '')
  if (message === undefined) return undefined
  const type = new MessageWriter()
  type.text(1, named)
  type.text(2, typeof kind === 'string' ? kind : '')
  const envelope = new MessageWriter()
  envelope.bytes(1, type.finish())
  envelope.bytes(2, encodeMessage(message, object))
  envelope.text(3, '')
  envelope.text(4, '')
  return Buffer.concat([MAGIC, envelope.finish()])
}

/** One event of a watch in protobuf: its length in four bytes, then the event with the object in its envelope. */
export function encodeEvent(type: string, object: JsonObject): Uint8Array | undefined {
  const body = encodeProtobuf(object)
  if (body === undefined) return undefined
  const raw = new MessageWriter()
  raw.bytes(1, body)
  const event = new MessageWriter()
  event.text(1, type)
  event.bytes(2, raw.finish())
  const data = event.finish()
  const frame = Buffer.alloc(4 + data.length)
  frame.writeUInt32BE(data.length)
  frame.set(data, 4)
  return frame
}

const ordered = new WeakMap<Message, Field[]>()

function inWireOrder(message: Message): Field[] {
  let fields = ordered.get(message)
  if (fields === undefined)
    ordered.set(message, (fields = message.fields.toSorted((a, b) => a.number - b.number)))
  return fields
}

function encodeMessage(message: Message, value: Json | undefined): Uint8Array {
  const writer = new MessageWriter()
  if (isListMessage(message.name, message.fields)) {
    for (const item of Array.isArray(value) ? value : []) writer.text(1, scalarText(item))
    return writer.finish()
  }
  if (isUnion(message.name)) {
    encodeUnion(message, value ?? null, writer)
    return writer.finish()
  }
  const object = isObject(value) ? value : {}
  for (const field of inWireOrder(message)) {
    if (field.inline) {
      if (field.pointer && !hasMember(field.type, object)) continue
      writer.bytes(field.number, encodeInner(field.type, object))
    } else encodeField(writer, field, object[field.name])
  }
  return writer.finish()
}

/** Whether an object has one of the members that an inline message brings. */
function hasMember(type: string, object: JsonObject): boolean {
  const message = messageNamed(type)
  return message !== undefined && flatFields(message).some(({ name }) => object[name] !== undefined)
}

function encodeField(writer: MessageWriter, field: Field, value: Json | undefined): void {
  if (field.map) {
    const map = isObject(value) ? value : {}
    for (const key of Object.keys(map).toSorted()) {
      const entry = new MessageWriter()
      entry.text(1, key)
      encodeValue(entry, 2, field.type, map[key])
      writer.bytes(field.number, entry.finish())
    }
    return
  }
  if (field.repeated) {
    for (const item of Array.isArray(value) ? value : []) encodeValue(writer, field.number, field.type, item)
    return
  }
  const isAbsent = value === undefined || value === null
  if (isAbsent && (field.pointer || field.type === 'bytes')) return
  encodeValue(writer, field.number, field.type, value)
}

function encodeValue(writer: MessageWriter, number: number, type: string, value: Json | undefined): void {
  switch (type) {
    case 'string':
      writer.text(number, typeof value === 'string' ? value : '')
      return
    case 'bytes':
      writer.bytes(number, Buffer.from(typeof value === 'string' ? value : '', 'base64'))
      return
    case 'bool':
      writer.bool(number, value === true)
      return
    case 'int32':
    case 'int64':
      writer.number(number, typeof value === 'number' ? BigInt(Math.trunc(value)) : 0)
      return
    case 'double':
      writer.double(number, typeof value === 'number' ? value : 0)
      return
    default:
      writer.bytes(number, encodeInner(type, value))
  }
}

function encodeInner(type: string, value: Json | undefined): Uint8Array {
  const special = WRITTEN[type]
  if (special !== undefined) return special(value ?? null)
  const message = messageNamed(type)
  return message === undefined ? new Uint8Array(0) : encodeMessage(message, value)
}

/** The schema unions of apiextensions: a schema, or a list or a truth value instead. */
function encodeUnion(message: Message, value: Json, writer: MessageWriter): void {
  const [first, second] = inWireOrder(message)
  for (const field of [first, second]) {
    if (field === undefined) continue
    if (field.type === 'bool') writer.bool(field.number, value === true || isObject(value))
    else if (field.repeated)
      for (const item of Array.isArray(value) ? value : [])
        encodeValue(writer, field.number, field.type, item)
    else if (isObject(value)) encodeValue(writer, field.number, field.type, value)
  }
}
