import { normalize } from '../builtin/normalize.ts'
import { badRequest, StatusError } from '../errors.ts'
import { readProtobuf } from '../protobuf/body.ts'
import { isProtobuf } from '../protobuf/decode.ts'
import type { ApiObject, Json, JsonObject, ResourceDefinition, ResourceRegistry } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'
import { copy, isObject } from '../rest/json.ts'
import { mediaType, PackedCustomObject, parseBody } from './body.ts'
import type { ParsedBody } from './body.ts'

/** A decoded body with what strict decoding would mind. */
export interface Decoded extends Omit<ParsedBody, 'value'> {
  object: ApiObject
}

/**
 * Decodes the body of a create or update. `warnings` gets what a decoder minds of a version that it does not know. Throws BadRequest
 * and PackedCustomObject or another UnsupportedMediaType with the API server's texts.
 */
export function decodeObject(
  registry: ResourceRegistry,
  definition: ResourceDefinition,
  data: Buffer,
  contentType: string,
  warnings: string[] = [],
): Decoded {
  const { kind } = definition
  const unrecognized = (why: string): StatusError =>
    badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(data)})`)
  const isPacked = isProtobuf(mediaType(contentType))
  if (isPacked && definition.crd === true) throw new PackedCustomObject()
  const { value, ...rest } = isPacked
    ? { value: readProtobuf(kind, data, definition, unrecognized), keys: [], repeated: [] }
    : parseBody(data, contentType, unrecognized)
  if (value === null && definition.crd !== true) return { object: { metadata: {} }, ...rest }
  if (!isObject(value)) throw notAnObject(value, unrecognized)
  const sent = sentKind(definition, value, data, unrecognized)
  if (definition.crd === true) checkCustomKind(registry, definition, value, sent, warnings)
  else checkKind(registry, definition, value, sent)
  const metadata = value['metadata']
  if (metadata !== undefined && metadata !== null && !isObject(metadata)) {
    const into =
      definition.crd === true
        ? 'Go value of type v1.ObjectMeta'
        : `Go struct field ${kind}.metadata of type v1.ObjectMeta`
    throw badRequest(
      `${kind} in version ${JSON.stringify(definition.version)} cannot be handled as a ${kind}: json: cannot unmarshal ${goType(metadata)} into ${into}`,
    )
  }
  const object = {
    ...value,
    apiVersion: apiVersionOf(definition),
    kind: sent.kind,
    metadata: isObject(metadata) ? checkMetadata(definition, kind, metadata) : {},
  }
  return { object, ...rest }
}

function notAnObject(value: Json, unrecognized: (why: string) => StatusError): StatusError {
  // Without a kind there is nothing to tell what it should have been.
  if (value === null) return unrecognized(`Object 'Kind' is missing in 'null'`)
  const target =
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
  return unrecognized(
    `couldn't get version/kind; json parse error: json: cannot unmarshal ${goType(value)} into Go value of type ${target}`,
  )
}

/** What an object says it is. */
interface SentKind {
  kind: string
  /** `v1` or `apps/v1`. */
  apiVersion: string
}

function sentKind(
  definition: ResourceDefinition,
  object: JsonObject,
  data: Buffer,
  unrecognized: (why: string) => StatusError,
): SentKind {
  const text = (key: 'apiVersion' | 'kind', instead: string): string => {
    const value = object[key]
    return typeof value === 'string' && value !== '' ? value : instead
  }
  if (definition.crd === true)
    for (const key of ['kind', 'apiVersion'] as const)
      if (object[key] === undefined || object[key] === '')
        throw unrecognized(
          `Object '${key === 'kind' ? 'Kind' : key}' is missing in '${data.toString('utf8')}'`,
        )
  const apiVersion = text('apiVersion', apiVersionOf(definition))
  if (apiVersion.split('/').length > 2) throw unrecognized(`unexpected GroupVersion string: ${apiVersion}`)
  return { apiVersion, kind: text('kind', definition.kind) }
}

function groupAndVersion(apiVersion: string): { group: string; version: string } {
  const [first = '', second] = apiVersion.split('/')
  return second === undefined ? { group: '', version: first } : { group: first, version: second }
}

function otherVersion(definition: ResourceDefinition, { apiVersion }: SentKind): StatusError {
  return badRequest(
    `the API version in the data (${apiVersion}) does not match the expected API version (${apiVersionOf(definition)})`,
  )
}

/** Custom objects may be of any kind, of which validation tells, but not of another version. */
function checkCustomKind(
  registry: ResourceRegistry,
  definition: ResourceDefinition,
  object: JsonObject,
  sent: SentKind,
  warnings: string[],
): void {
  if (sent.apiVersion === apiVersionOf(definition)) return
  const { group, version } = groupAndVersion(sent.apiVersion)
  // A version of the group that is not there has no fields at all.
  if (group === definition.group && !registry.versions(group).includes(version))
    for (const key of Object.keys(object).toSorted())
      if (!['apiVersion', 'kind', 'metadata'].includes(key))
        warnings.push(`unknown field ${JSON.stringify(key)}`)
  throw otherVersion(definition, sent)
}

/** A body is decoded as what it says it is, then converted to what it should be. */
function checkKind(
  registry: ResourceRegistry,
  definition: ResourceDefinition,
  object: JsonObject,
  sent: SentKind,
): void {
  const { kind } = definition
  if (sent.kind === kind && sent.apiVersion === apiVersionOf(definition)) return
  const { group, version } = groupAndVersion(sent.apiVersion)
  const cannot = (why: string): StatusError =>
    badRequest(`${sent.kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`)
  const known = registry
    .inVersion(group, version)
    .find((each) => each.crd !== true && (each.kind === sent.kind || each.listKind === sent.kind))
  if (sent.kind === kind && (known !== undefined || wasServed(group, version)))
    throw otherVersion(definition, sent)
  if (known === undefined)
    throw cannot(
      `no kind ${JSON.stringify(sent.kind)} is registered for version ${JSON.stringify(sent.apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  if (known.kind === sent.kind) checkTypes(known, object, cannot)
  const [base = ''] = (definition.group === '' ? 'core' : definition.group).split('.')
  throw cannot(`converting (${version}.${sent.kind}) to (${base}.${kind}): unknown conversion`)
}

/** Whether a group and version that is served no more is still known to a server. */
function wasServed(group: string, version: string): boolean {
  return group === 'extensions' || (group !== '' && /^v\d+(alpha|beta)\d+$/.test(version))
}

/** Throws what is wrong with an object as one of the kind that it says it is. */
function checkTypes(
  known: ResourceDefinition,
  object: JsonObject,
  cannot: (why: string) => StatusError,
): void {
  try {
    normalize(known, { ...copy(object), metadata: {} })
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    throw cannot(error.message.replace(/^.*? cannot be handled as a \w+: /, ''))
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
