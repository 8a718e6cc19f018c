import type { MessageWriter } from '../protobuf/write.ts'
import type { Json, JsonObject } from '../resources.ts'
import { isObject } from '../rest/json.ts'
import { any, extensions, holding, message, named, texts } from './gnostic.ts'

// The messages of package `openapi.v3`, as google/gnostic publishes them: field numbers by member.

const METHODS = { get: 4, put: 5, post: 6, delete: 7, options: 8, head: 9, patch: 10 }
const FLAGS = { nullable: 1, exclusiveMaximum: 12, exclusiveMinimum: 14, uniqueItems: 20 }
const DOUBLES = { multipleOf: 10, maximum: 11, minimum: 13 }
const COUNTS = {
  maxLength: 15,
  minLength: 16,
  maxItems: 18,
  minItems: 19,
  maxProperties: 21,
  minProperties: 22,
}
const TEXTS = { title: 9, pattern: 17, type: 25, description: 34, format: 35 }
const LISTS = { allOf: 26, oneOf: 27, anyOf: 28 }

/** An OpenAPI 3 document in the protobuf form that some clients ask for. Empty fields are left out. */
export function encodeOpenApiV3(document: JsonObject): Uint8Array {
  const info = isObject(document['info']) ? document['info'] : {}
  const components = isObject(document['components']) ? document['components'] : {}
  return message((writer) => {
    text(writer, 1, document['openapi'])
    writer.bytes(
      2,
      message((inner) => {
        text(inner, 1, info['title'])
        text(inner, 6, info['version'])
      }),
    )
    writer.bytes(4, pairs(document['paths'], pathItem))
    writer.bytes(5, holding(1, pairs(components['schemas'], schemaOrReference)))
  })
}

function text(writer: MessageWriter, field: number, value: Json | undefined): void {
  if (typeof value === 'string' && value !== '') writer.text(field, value)
}

function flag(writer: MessageWriter, field: number, value: Json | undefined): void {
  if (value === true) writer.bool(field, true)
}

function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** The pairs of a map as `named`, in field 1. */
function pairs(value: Json | undefined, encode: (member: JsonObject) => Uint8Array): Uint8Array {
  return message((writer) => {
    for (const [name, member] of Object.entries(isObject(value) ? value : {}))
      if (isObject(member)) writer.bytes(1, named(name, encode(member)))
  })
}

function pathItem(item: JsonObject): Uint8Array {
  return message((writer) => {
    for (const [method, field] of Object.entries(METHODS)) {
      const operation = item[method]
      if (isObject(operation)) writer.bytes(field, operationOf(operation))
    }
    for (const each of objects(item['parameters'])) writer.bytes(13, holding(1, parameter(each)))
  })
}

function operationOf(operation: JsonObject): Uint8Array {
  const { requestBody, responses } = operation
  return message((writer) => {
    for (const tag of texts(operation['tags'])) writer.text(1, tag)
    text(writer, 3, operation['description'])
    text(writer, 5, operation['operationId'])
    for (const each of objects(operation['parameters'])) writer.bytes(6, holding(1, parameter(each)))
    if (isObject(requestBody)) writer.bytes(7, holding(1, bodyOf(requestBody)))
    writer.bytes(
      8,
      message((inner) => {
        for (const [code, answer] of Object.entries(isObject(responses) ? responses : {}))
          if (isObject(answer)) inner.bytes(2, named(code, holding(1, responseOf(answer))))
      }),
    )
    extensions(writer, 13, operation)
  })
}

function parameter(value: JsonObject): Uint8Array {
  return message((writer) => {
    text(writer, 1, value['name'])
    text(writer, 2, value['in'])
    text(writer, 3, value['description'])
    flag(writer, 4, value['required'])
    if (isObject(value['schema'])) writer.bytes(10, schemaOrReference(value['schema']))
  })
}

function bodyOf(body: JsonObject): Uint8Array {
  return message((writer) => {
    writer.bytes(2, pairs(body['content'], mediaType))
    flag(writer, 3, body['required'])
  })
}

function responseOf(answer: JsonObject): Uint8Array {
  return message((writer) => {
    text(writer, 1, answer['description'])
    if (isObject(answer['content'])) writer.bytes(3, pairs(answer['content'], mediaType))
  })
}

function mediaType(value: JsonObject): Uint8Array {
  const { schema } = value
  return isObject(schema) ? holding(1, schemaOrReference(schema)) : new Uint8Array(0)
}

function schemaOrReference(value: JsonObject): Uint8Array {
  const { $ref } = value
  return typeof $ref === 'string'
    ? holding(
        2,
        message((writer) => writer.text(1, $ref)),
      )
    : holding(1, schemaOf(value))
}

function schemaOf(schema: JsonObject): Uint8Array {
  return message((writer) => {
    for (const [name, field] of Object.entries(FLAGS)) flag(writer, field, schema[name])
    for (const [name, field] of Object.entries(DOUBLES)) {
      const number = schema[name]
      if (typeof number === 'number') writer.double(field, number)
    }
    for (const [name, field] of Object.entries(COUNTS)) {
      const number = schema[name]
      if (typeof number === 'number') writer.number(field, number)
    }
    for (const name of texts(schema['required'])) writer.text(23, name)
    for (const each of Array.isArray(schema['enum']) ? schema['enum'] : []) writer.bytes(24, any(each))
    for (const [name, field] of Object.entries(TEXTS)) text(writer, field, schema[name])
    for (const [name, field] of Object.entries(LISTS))
      for (const each of objects(schema[name])) writer.bytes(field, schemaOrReference(each))
    const { not, items, properties, additionalProperties, default: preset } = schema
    if (isObject(not)) writer.bytes(29, schemaOf(not))
    if (isObject(items)) writer.bytes(30, holding(1, schemaOrReference(items)))
    if (isObject(properties)) writer.bytes(31, pairs(properties, schemaOrReference))
    if (isObject(additionalProperties)) writer.bytes(32, holding(1, schemaOrReference(additionalProperties)))
    else if (additionalProperties === true)
      writer.bytes(
        32,
        message((inner) => inner.bool(2, true)),
      )
    const value = presetOf(preset)
    if (value !== undefined) writer.bytes(33, value)
    extensions(writer, 36, schema)
  })
}

/** A default: the message has a place for scalars only. */
function presetOf(preset: Json | undefined): Uint8Array | undefined {
  if (typeof preset === 'number') return message((writer) => writer.double(1, preset))
  if (typeof preset === 'boolean') return message((writer) => writer.bool(2, preset))
  if (typeof preset === 'string') return message((writer) => writer.text(3, preset))
  return undefined
}
