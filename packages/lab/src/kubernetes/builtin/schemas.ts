import type { ResourceDefinition, ResourceRegistry, Schema } from '../resources.ts'
import { isListMessage } from '../protobuf/special.ts'
import { mergeRules } from './merge-keys.ts'
import type { Field, Message } from './messages.ts'
import { allMessages, flatFields, messageNamed, messageOfKind } from './messages.ts'

const META = 'k8s.io.apimachinery.pkg.apis.meta.v1'
const EXTENSIONS = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1'

/** Types that are something else in JSON than an object of their fields. */
const SPECIAL: { [message: string]: Schema } = {
  [`${META}.Time`]: { type: 'string', format: 'date-time' },
  [`${META}.MicroTime`]: { type: 'string', format: 'date-time' },
  [`${META}.Duration`]: { type: 'string' },
  [`${META}.FieldsV1`]: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  'k8s.io.apimachinery.pkg.runtime.RawExtension': {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
  },
  'k8s.io.apimachinery.pkg.api.resource.Quantity': {
    oneOf: [{ type: 'string' }, { type: 'number' }],
  },
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': {
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  },
  [`${EXTENSIONS}.JSON`]: { 'x-kubernetes-preserve-unknown-fields': true },
  [`${EXTENSIONS}.JSONSchemaPropsOrArray`]: { 'x-kubernetes-preserve-unknown-fields': true },
  [`${EXTENSIONS}.JSONSchemaPropsOrBool`]: { 'x-kubernetes-preserve-unknown-fields': true },
  [`${EXTENSIONS}.JSONSchemaPropsOrStringArray`]: { 'x-kubernetes-preserve-unknown-fields': true },
}

/** What the fields that every object has are for. */
const COMMON: { [field: string]: string } = {
  apiVersion: 'Group and version of the schema this object is written in.',
  kind: 'The kind of the object, in CamelCase. It cannot be changed.',
  metadata: 'Metadata that every object has: its name, labels and owners.',
  spec: 'What is wanted.',
  status: 'What has been seen. Written by the system.',
}

/** Values that stand for an absent key of a list: server-side apply needs them to find an item. */
const DEFAULTS: { [field: string]: string } = {
  'k8s.io.api.core.v1.ContainerPort.protocol': 'TCP',
  'k8s.io.api.core.v1.ServicePort.protocol': 'TCP',
}

/** Name of a message in OpenAPI: `io.k8s.api.core.v1.Pod`. */
export function schemaName(message: string): string {
  return message.replace(/^k8s\.io\./, 'io.k8s.').replaceAll('_', '-')
}

/** A reference to a message's schema. */
export function schemaRef(message: string): Schema {
  return { $ref: `#/components/schemas/${schemaName(message)}` }
}

/** The schema of a message. */
export function schemaOf(message: Message): Schema {
  const special = SPECIAL[message.name]
  if (special !== undefined) return special
  if (isListMessage(message.name, message.fields)) return { type: 'array', items: { type: 'string' } }
  const rules = mergeRules(message.name)
  const schema: Schema = { type: 'object', ...rules[''] }
  const properties: { [name: string]: Schema } = {}
  for (const field of flatFields(message)) {
    if (field.name === '-') continue
    const own = fieldSchema(message, field)
    properties[field.name] = rules[field.name] === undefined ? own : withRules(own, rules[field.name] ?? {})
  }
  if (Object.keys(properties).length > 0) schema.properties = properties
  return schema
}

function withRules(schema: Schema, rules: { [extension: string]: unknown }): Schema {
  // Keywords beside a reference count for nothing in OpenAPI: the reference moves into an allOf.
  if (schema.$ref === undefined) return { ...schema, ...rules }
  return { allOf: [{ $ref: schema.$ref }], ...rules }
}

function fieldSchema(message: Message, field: Field): Schema {
  const value = valueSchema(field.type)
  if (field.map) return { type: 'object', additionalProperties: value }
  if (field.repeated) return { type: 'array', items: value }
  const preset = DEFAULTS[`${message.name}.${field.name}`]
  const described = field.type.includes('.') ? COMMON[field.name] : undefined
  if (described !== undefined && value.$ref !== undefined)
    return { description: described, allOf: [{ $ref: value.$ref }] }
  return preset === undefined ? value : { ...value, default: preset }
}

function valueSchema(type: string): Schema {
  switch (type) {
    case 'string':
      return { type: 'string' }
    case 'bytes':
      return { type: 'string', format: 'byte' }
    case 'bool':
      return { type: 'boolean' }
    case 'int32':
    case 'int64':
      return { type: 'integer', format: type }
    case 'double':
      return { type: 'number', format: 'double' }
    default:
      return schemaRef(type)
  }
}

/** The message that a built-in kind's objects are of; undefined when its fields are not known. */
export function messageOf(definition: { group: string; version: string; kind: string }): Message | undefined {
  return messageOfKind(definition.group, definition.version, definition.kind)
}

const schemas = new Map<string, Schema>()

/** The schema of a kind: its message's with apiVersion, kind and the mark that names the kind. */
function kindSchema(message: Message, group: string, version: string, kind: string): Schema {
  const schema = schemaOf(message)
  return {
    ...schema,
    properties: {
      apiVersion: { description: COMMON['apiVersion'], type: 'string' },
      kind: { description: COMMON['kind'], type: 'string' },
      ...schema.properties,
    },
    'x-kubernetes-group-version-kind': [{ group, kind, version }],
  }
}

/** Schemas of all messages by their OpenAPI name; made once. Those of kinds bear `x-kubernetes-group-version-kind`. */
export function allSchemas(kinds: ResourceDefinition[]): Map<string, Schema> {
  if (schemas.size > 0) return schemas
  for (const message of allMessages().values()) schemas.set(schemaName(message.name), schemaOf(message))
  for (const definition of kinds) {
    const message = messageOf(definition)
    if (message === undefined) continue
    const { group, version, kind, listKind } = definition
    schemas.set(schemaName(message.name), kindSchema(message, group, version, kind))
    const list = messageNamed(`${message.name}List`)
    if (list !== undefined) schemas.set(schemaName(list.name), kindSchema(list, group, version, listKind))
    for (const each of definition.subresources ?? []) {
      const own = messageOfKind(each.group ?? group, each.version ?? version, each.kind)
      if (own !== undefined && each.kind !== kind)
        schemas.set(
          schemaName(own.name),
          kindSchema(own, each.group ?? group, each.version ?? version, each.kind),
        )
    }
  }
  return schemas
}

/** The definitions with the reference to their schema. Kinds whose fields are not known have none. */
export function withSchemas(kinds: ResourceDefinition[]): ResourceDefinition[] {
  return kinds.map((definition) => {
    const message = messageOf(definition)
    return message === undefined ? definition : { ...definition, schema: schemaRef(message.name) }
  })
}

/** Makes the schemas of the built-in types known to a registry. */
export function registerSchemas(registry: ResourceRegistry, kinds: ResourceDefinition[]): void {
  for (const [name, schema] of allSchemas(kinds)) registry.schemas.set(name, schema)
}
