import type { MessageWriter } from '../../protobuf/write.ts'
import type { Json, JsonObject } from '../../resources.ts'
import { isObject } from '../../rest/json.ts'
import { any, extensions, message, named, texts } from '../gnostic.ts'

// The messages of package `openapi.v2`, as google/gnostic publishes them: field numbers by member.

const TEXTS: Record<string, number> = { $ref: 1, format: 2, title: 3, description: 4, pattern: 13 }
const DOUBLES: Record<string, number> = { multipleOf: 6, maximum: 7, minimum: 9 }
const FLAGS: Record<string, number> = { exclusiveMaximum: 8, exclusiveMinimum: 10, uniqueItems: 16 }
const COUNTS: Record<string, number> = {
  maxLength: 11,
  minLength: 12,
  maxItems: 14,
  minItems: 15,
  maxProperties: 17,
  minProperties: 18,
}
const METHODS: Record<string, number> = { get: 2, put: 3, post: 4, delete: 5, options: 6, head: 7, patch: 8 }

const schemas = (value: JsonObject): Uint8Array =>
  message((writer) => {
    for (const [name, member] of Object.entries(value))
      if (isObject(member)) writer.bytes(1, named(name, schema(member)))
  })

function schema(value: JsonObject): Uint8Array {
  return message((writer) => {
    for (const [name, member] of Object.entries(value)) {
      if (typeof member === 'string' && name in TEXTS) writer.text(TEXTS[name] ?? 0, member)
      else if (typeof member === 'number' && name in DOUBLES) writer.double(DOUBLES[name] ?? 0, member)
      else if (typeof member === 'number' && name in COUNTS) writer.number(COUNTS[name] ?? 0, member)
      else if (typeof member === 'boolean' && name in FLAGS) writer.bool(FLAGS[name] ?? 0, member)
    }
    if (value['default'] !== undefined) writer.bytes(5, any(value['default']))
    for (const name of texts(value['required'])) writer.text(19, name)
    for (const each of Array.isArray(value['enum']) ? value['enum'] : []) writer.bytes(20, any(each))
    const { additionalProperties, type, items, allOf, properties } = value
    if (isObject(additionalProperties))
      writer.bytes(
        21,
        message((item) => item.bytes(1, schema(additionalProperties))),
      )
    else if (typeof additionalProperties === 'boolean')
      writer.bytes(
        21,
        message((item) => item.bool(2, additionalProperties)),
      )
    if (typeof type === 'string')
      writer.bytes(
        22,
        message((item) => item.text(1, type)),
      )
    if (isObject(items))
      writer.bytes(
        23,
        message((item) => item.bytes(1, schema(items))),
      )
    for (const each of Array.isArray(allOf) ? allOf : []) if (isObject(each)) writer.bytes(24, schema(each))
    if (isObject(properties)) writer.bytes(25, schemas(properties))
    extensions(writer, 31, value)
  })
}

/** A parameter: of the body (message 1), or of the query (3) or the path (4), whose fields differ by one from the sixth on. */
function parameter(value: JsonObject): Uint8Array {
  const text = (name: string): string => (typeof value[name] === 'string' ? value[name] : '')
  if (value['in'] === 'body') {
    const body = message((writer) => {
      writer.text(2, text('name'))
      writer.text(3, 'body')
      writer.bool(4, value['required'] === true)
      if (isObject(value['schema'])) writer.bytes(5, schema(value['schema']))
    })
    return message((writer) =>
      writer.bytes(
        1,
        message((oneOf) => oneOf.bytes(1, body)),
      ),
    )
  }
  const inPath = value['in'] === 'path'
  const other = message((writer) => {
    writer.bool(1, value['required'] === true)
    writer.text(2, text('in'))
    writer.text(3, text('description'))
    writer.text(4, text('name'))
    writer.text(inPath ? 5 : 6, text('type'))
    writer.bool(inPath ? 19 : 20, value['uniqueItems'] === true)
  })
  const nonBody = message((writer) => writer.bytes(inPath ? 4 : 3, other))
  return message((writer) =>
    writer.bytes(
      1,
      message((oneOf) => oneOf.bytes(2, nonBody)),
    ),
  )
}

function parameters(writer: MessageWriter, field: number, value: Json | undefined): void {
  for (const each of Array.isArray(value) ? value : [])
    if (isObject(each)) writer.bytes(field, parameter(each))
}

function response(value: JsonObject): Uint8Array {
  const own = message((writer) => {
    writer.text(1, typeof value['description'] === 'string' ? value['description'] : '')
    const of = value['schema']
    if (isObject(of))
      writer.bytes(
        2,
        message((item) => item.bytes(1, schema(of))),
      )
  })
  return message((writer) => writer.bytes(1, own))
}

function operation(value: JsonObject): Uint8Array {
  return message((writer) => {
    for (const tag of texts(value['tags'])) writer.text(1, tag)
    if (typeof value['description'] === 'string') writer.text(3, value['description'])
    if (typeof value['operationId'] === 'string') writer.text(5, value['operationId'])
    for (const type of texts(value['produces'])) writer.text(6, type)
    for (const type of texts(value['consumes'])) writer.text(7, type)
    parameters(writer, 8, value['parameters'])
    const { responses } = value
    if (isObject(responses))
      writer.bytes(
        9,
        message((all) => {
          for (const [code, each] of Object.entries(responses))
            if (isObject(each)) all.bytes(1, named(code, response(each)))
        }),
      )
    for (const scheme of texts(value['schemes'])) writer.text(10, scheme)
    extensions(writer, 13, value)
  })
}

function path(value: JsonObject): Uint8Array {
  return message((writer) => {
    for (const [method, field] of Object.entries(METHODS)) {
      const member = value[method]
      if (isObject(member)) writer.bytes(field, operation(member))
    }
    parameters(writer, 9, value['parameters'])
  })
}

/** An OpenAPI 2 document as the protobuf message that kubectl reads. */
export function encodeOpenApiV2(document: JsonObject): Uint8Array {
  const { info, paths, definitions } = document
  return message((writer) => {
    writer.text(1, '2.0')
    if (isObject(info))
      writer.bytes(
        2,
        message((own) => {
          own.text(1, String(info['title'] as string))
          own.text(2, String(info['version'] as string))
        }),
      )
    if (isObject(paths))
      writer.bytes(
        8,
        message((all) => {
          for (const [name, item] of Object.entries(paths))
            if (isObject(item)) all.bytes(2, named(name, path(item)))
        }),
      )
    if (isObject(definitions)) writer.bytes(9, schemas(definitions))
  })
}
