import type { IncomingMessage } from 'node:http'
import { parse, parseAllDocuments, YAMLParseError } from 'yaml'
import { badRequest, StatusError } from '../errors.ts'
import { isProtobuf } from '../protobuf/decode.ts'
import { readProtobuf } from '../protobuf/body.ts'
import type { ApiObject, Json, JsonObject, ResourceDefinition } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'
import { isObject } from '../rest/json.ts'
import { keysOf } from './duplicates.ts'
import type { Key } from './duplicates.ts'

/** Most bytes of a request's body. */
export const BODY_LIMIT = 3 * 1024 * 1024

/** Reads a request's body. Throws RequestEntityTooLarge beyond the limit. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const data = chunk as Buffer
    size += data.length
    if (size > BODY_LIMIT)
      throw new StatusError(
        413,
        'RequestEntityTooLarge',
        `Request entity too large: limit is ${BODY_LIMIT}`,
        {},
      )
    chunks.push(data)
  }
  return Buffer.concat(chunks)
}

/** Bare media type of a Content-Type header. */
export function mediaType(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

/** A decoded body with what strict decoding would mind. */
export interface Decoded {
  object: ApiObject
  /** The members of a JSON body in its order; none for other formats. */
  keys: Key[]
}

/** Decodes the body of a create or update. Throws BadRequest with the API server's texts. */
export function decodeObject(
  definition: ResourceDefinition,
  kind: string,
  data: Buffer,
  contentType: string,
): Decoded {
  const type = mediaType(contentType)
  if (type === '' || type === 'application/json' || type === 'application/yaml' || isProtobuf(type)) {
    const { value, keys } = parseBody(kind, data, type, definition)
    return { object: checkKind(definition, kind, value, data), keys }
  }
  throw unsupportedBody()
}

/** 415 of a body in a format that is not read. */
export function unsupportedBody(): StatusError {
  return new StatusError(
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  )
}

/** Decodes a body that need not say its kind (DeleteOptions). Throws BadRequest. */
export function decodeAny(data: Buffer, contentType: string): Json {
  return parseBody('DeleteOptions', data, mediaType(contentType)).value
}

function parseBody(
  kind: string,
  data: Buffer,
  type: string,
  definition?: ResourceDefinition,
): { value: Json; keys: Key[] } {
  const unrecognized = (why: string): StatusError =>
    badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(data)})`)
  if (isProtobuf(type)) return { value: readProtobuf(kind, data, definition, unrecognized), keys: [] }
  const text = data.toString('utf8')
  if (type === 'application/yaml') {
    try {
      return { value: parseYaml(text), keys: [] }
    } catch (error) {
      throw unrecognized(`yaml: ${yamlProblem(error)}`)
    }
  }
  try {
    const value = JSON.parse(text) as Json
    return { value, keys: keysOf(text) }
  } catch {
    const why = goJsonError(text)
    throw unrecognized(`couldn't get version/kind; json parse error: ${why}`)
  }
}

/** What the API server's YAML reader would say: near enough for the common cases. */
export function yamlProblem(error: unknown): string {
  if (!(error instanceof YAMLParseError))
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY') return 'mapping values are not allowed in this context'
  const line = error.linePos?.[0].line ?? 1
  if (error.code === 'BAD_INDENT' || error.code === 'MISSING_CHAR')
    return `line ${line}: did not find expected node content`
  return `line ${line}: ${error.message.split('\n')[0] ?? ''}`
}

/** YAML as the API server reads it: version 1.1, where `y` and `on` are booleans. */
export function parseYaml(text: string): Json {
  const documents = parseAllDocuments(text, { version: '1.1', merge: true, uniqueKeys: false })
  if (Array.isArray(documents) && documents.length > 1) {
    const first = documents[0]
    if (first !== undefined) return first.toJS() as Json
  }
  return parse(text, { version: '1.1', merge: true, uniqueKeys: false }) as Json
}

function checkKind(definition: ResourceDefinition, kind: string, value: Json, data: Buffer): ApiObject {
  const expected = apiVersionOf(definition)
  const unrecognized = (why: string): StatusError =>
    badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(data)})`)
  if (value === null && definition.crd !== true) return { metadata: {} }
  if (!isObject(value)) {
    const what = Array.isArray(value) ? 'array' : typeof value
    // Without a kind there is nothing to tell what it should have been.
    if (value === null) throw unrecognized(`Object 'Kind' is missing in 'null'`)
    const target =
      'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
    throw unrecognized(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${what} into Go value of type ${target}`,
    )
  }
  const object = value as JsonObject
  if (definition.crd === true && (object['kind'] === undefined || object['kind'] === ''))
    throw unrecognized(`Object 'Kind' is missing in '${data.toString('utf8')}'`)
  if (definition.crd === true && (object['apiVersion'] === undefined || object['apiVersion'] === ''))
    throw unrecognized(`Object 'apiVersion' is missing in '${data.toString('utf8')}'`)
  const version =
    typeof object['apiVersion'] === 'string' && object['apiVersion'] !== '' ? object['apiVersion'] : expected
  if (version.split('/').length > 2) throw unrecognized(`unexpected GroupVersion string: ${version}`)
  const sentKind = typeof object['kind'] === 'string' && object['kind'] !== '' ? object['kind'] : kind
  if (
    version !== expected &&
    version.split('/').length === expected.split('/').length &&
    sentKind === kind &&
    definition.group === ''
  )
    throw badRequest(
      `${sentKind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: no kind ${JSON.stringify(sentKind)} is registered for version ${JSON.stringify(version)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  if (version !== expected)
    throw badRequest(
      `the API version in the data (${version}) does not match the expected API version (${expected})`,
    )
  if (sentKind !== kind && definition.crd !== true)
    throw badRequest(
      `${sentKind} in version ${JSON.stringify(definition.version)} cannot be handled as a ${kind}: no kind ${JSON.stringify(sentKind)} is registered for version ${JSON.stringify(version)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  const metadata = object['metadata']
  if (metadata !== undefined && metadata !== null && !isObject(metadata)) {
    const what = Array.isArray(metadata) ? 'array' : typeof metadata
    const into =
      definition.crd === true
        ? 'Go value of type v1.ObjectMeta'
        : `Go struct field ${kind}.metadata of type v1.ObjectMeta`
    throw badRequest(
      `${kind} in version ${JSON.stringify(definition.version)} cannot be handled as a ${kind}: json: cannot unmarshal ${what} into ${into}`,
    )
  }
  return {
    ...object,
    apiVersion: expected,
    kind: sentKind,
    metadata: isObject(metadata) ? checkMetadata(definition, kind, metadata) : {},
  }
}

const STRINGS = ['name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'selfLink']

function checkMetadata(definition: ResourceDefinition, kind: string, metadata: JsonObject): JsonObject {
  const refuse = (what: string, field: string, type: string): StatusError =>
    badRequest(
      `${kind} in version ${JSON.stringify(definition.version)} cannot be handled as a ${kind}: json: cannot unmarshal ${what} into Go struct field ObjectMeta.${definition.crd === true ? '' : 'metadata.'}${field} of type ${type}`,
    )
  const result: JsonObject = {}
  for (const [key, value] of Object.entries(metadata)) {
    if (value === null || value === undefined) continue
    if (STRINGS.includes(key) && typeof value !== 'string')
      throw refuse(goType(value), key, key === 'uid' ? 'types.UID' : 'string')
    if (key === 'labels' || key === 'annotations') {
      if (!isObject(value)) throw refuse(goType(value), key, 'map[string]string')
      for (const each of Object.values(value))
        if (typeof each !== 'string' && each !== null) throw refuse(goType(each), key, 'string')
      result[key] = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, each ?? '']))
      continue
    }
    if (
      (key === 'creationTimestamp' || key === 'deletionTimestamp') &&
      typeof value === 'string' &&
      Number.isNaN(Date.parse(value))
    )
      throw badRequest(
        `${kind} in version ${JSON.stringify(definition.version)} cannot be handled as a ${kind}: parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
      )
    result[key] = value
  }
  return result
}

function goType(value: Json | undefined): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  return typeof value
}

function summary(data: Buffer): string {
  if (data.length === 0) return '<empty>'
  const head = data.subarray(0, 30)
  const text = head.toString('utf8')
  if (!text.startsWith('{')) return `${head.toString('hex')}${data.length > 30 ? ' ...' : ''}`
  return `${text}${data.length > 30 ? ' ...' : ''}`
}

/** What Go's JSON decoder would say of a text that is no JSON: near enough for the common cases. */
export function goJsonError(text: string): string {
  if (text.trim() === '') return 'unexpected end of JSON input'
  try {
    JSON.parse(text)
    return ''
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    if (/Unexpected end|Unterminated/.test(message)) return 'unexpected end of JSON input'
    const position = Number(/position (\d+)/.exec(message)?.[1] ?? '0')
    const character = text[position]
    if (character === undefined) return 'unexpected end of JSON input'
    if (/after JSON/.test(message)) return `invalid character '${character}' after top-level value`
    if (/property name/.test(message))
      return `invalid character '${character}' looking for beginning of object key string`
    if (/after property value/.test(message))
      return `invalid character '${character}' after object key:value pair`
    if (/after array element/.test(message)) return `invalid character '${character}' after array element`
    return `invalid character '${character}' looking for beginning of value`
  }
}
