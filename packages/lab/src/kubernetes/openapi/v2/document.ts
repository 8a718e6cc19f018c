import type { Json, JsonObject } from '../../resources.ts'
import { isObject } from '../../rest/json.ts'

const SCHEMAS = '#/components/schemas/'

/** How version 2 orders the forms of an answer. */
const ORDER = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
]

/** A schema of version 2: a field that only refers has its reference itself, and choices of types, which version 2 has not, are texts. */
function schemaOf(value: JsonObject): JsonObject {
  const { allOf, oneOf, anyOf, not, nullable, $ref, ...rest } = value
  const only = Array.isArray(allOf) && allOf.length === 1 ? allOf[0] : undefined
  const target = isObject(only) ? only['$ref'] : $ref
  const result: JsonObject = {}
  for (const [name, member] of Object.entries(rest)) result[name] = memberOf(name, member)
  if (typeof target === 'string') result['$ref'] = target.replace(SCHEMAS, '#/definitions/')
  else if (Array.isArray(allOf) && only === undefined)
    result['allOf'] = allOf.flatMap((each) => (isObject(each) ? [schemaOf(each)] : []))
  const hasChoice = oneOf !== undefined || anyOf !== undefined || not !== undefined
  const isText = hasChoice && value['x-kubernetes-int-or-string'] !== true && value['type'] === undefined
  if (isText) result['type'] = 'string'
  // A value that may be null has no type that version 2 could tell.
  if (nullable === true) delete result['type']
  return result
}

/** What a member of a schema is in version 2: other members than these are no schemas. */
function memberOf(name: string, member: Json | undefined): Json | undefined {
  if (!isObject(member)) return member
  if (name === 'properties') return mapObject(member, (each) => (isObject(each) ? schemaOf(each) : each))
  if (name === 'items' || name === 'additionalProperties') return schemaOf(member)
  return member
}

function mapObject(value: JsonObject, change: (member: Json | undefined) => Json | undefined): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, change(member)]))
}

/** `{ schema: { type, uniqueItems } }` of version 3 stands in the parameter itself. */
function parameterOf(value: Json): Json {
  if (!isObject(value)) return value
  const { schema, ...rest } = value
  return { ...rest, ...(isObject(schema) ? schema : {}) }
}

function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : []
}

/** The first schema of a `content`, and its media types. */
function contentOf(value: Json | undefined): { schema?: JsonObject; types: string[] } {
  const content = isObject(value) && isObject(value['content']) ? value['content'] : {}
  const types = Object.keys(content)
  const first = content[types[0] ?? '']
  const schema = isObject(first) && isObject(first['schema']) ? schemaOf(first['schema']) : undefined
  return { types, ...(schema && { schema }) }
}

function operationOf(value: JsonObject): JsonObject {
  const { requestBody, responses, parameters, ...rest } = value
  const body = contentOf(requestBody)
  const result: JsonObject = { ...rest }
  if (requestBody !== undefined) {
    result['consumes'] = body.types
    result['parameters'] = [
      { name: 'body', in: 'body', required: true, ...(body.schema && { schema: body.schema }) },
    ]
  }
  const all = [...list(result['parameters']), ...list(parameters).map(parameterOf)]
  if (all.length > 0) result['parameters'] = all
  const answers = isObject(responses) ? responses : {}
  const produced = new Set(Object.values(answers).flatMap((each) => contentOf(each).types))
  result['produces'] = [...produced].toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b))
  result['schemes'] = ['https']
  // What tells of kinds is asked in as many forms as it answers in; what is of one kind takes any.
  if (requestBody === undefined && produced.size > 1)
    result['consumes'] = value['x-kubernetes-action'] === undefined ? result['produces'] : ['*/*']
  result['responses'] = mapObject(answers, (each) => {
    const { schema } = contentOf(each)
    return { description: isObject(each) ? (each['description'] ?? '') : '', ...(schema && { schema }) }
  })
  return result
}

function pathOf(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (name === 'parameters') return [name, list(member).map(parameterOf)]
      return [name, isObject(member) ? operationOf(member) : member]
    }),
  )
}

/**
 * The OpenAPI 2 document that tells what some OpenAPI 3 documents tell, for clients that know no other: kubectl before 1.27.
 * @param version Of Kubernetes, as `1.36`.
 */
export function openApiV2Document(documents: readonly JsonObject[], version: string): JsonObject {
  const paths: JsonObject = {}
  const definitions: JsonObject = {}
  for (const document of documents) {
    for (const [path, item] of Object.entries(isObject(document['paths']) ? document['paths'] : {}))
      if (isObject(item)) paths[path] = pathOf(item)
    const components = isObject(document['components']) ? document['components'] : {}
    for (const [name, schema] of Object.entries(isObject(components['schemas']) ? components['schemas'] : {}))
      if (isObject(schema)) definitions[name] ??= schemaOf(schema)
  }
  // A schema that no document holds is any object: kubectl refuses a document whose references lead nowhere.
  for (const [, name = ''] of JSON.stringify(definitions).matchAll(/"#\/definitions\/([^"]+)"/g))
    definitions[name] ??= { type: 'object' }
  return { swagger: '2.0', info: { title: 'Kubernetes', version }, paths, definitions }
}
