import { MessageWriter } from '../protobuf/write.ts'
import type { Json, JsonObject } from '../resources.ts'

// What the messages of google/gnostic's packages `openapi.v2` and `openapi.v3` have in common.

/** A message. */
export function message(fill: (writer: MessageWriter) => void): Uint8Array {
  const writer = new MessageWriter()
  fill(writer)
  return writer.finish()
}

/** A message that holds another one. */
export function holding(field: number, value: Uint8Array): Uint8Array {
  return message((writer) => writer.bytes(field, value))
}

/** A pair of a map: its name, and its value as a message. */
export function named(name: string, value: Uint8Array): Uint8Array {
  return message((writer) => {
    writer.text(1, name)
    writer.bytes(2, value)
  })
}

/** Any value, as the YAML that JSON is. */
export function any(value: Json | undefined): Uint8Array {
  return message((writer) => writer.text(2, `${JSON.stringify(value)}\n`))
}

/** Extensions: members whose names begin with `x-`. */
export function extensions(writer: MessageWriter, field: number, value: JsonObject): void {
  for (const [name, member] of Object.entries(value))
    if (name.startsWith('x-')) writer.bytes(field, named(name, any(member)))
}

/** The texts in a list. */
export function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
