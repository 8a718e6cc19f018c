import { withOutsideCalls } from '../admission/calls.ts'
import { badRequest, StatusError } from '../errors.ts'
import type { ApiObject, Json, ResourceDefinition } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'
import { asText, at, isObject } from '../rest/json.ts'
import { patchObject } from '../rest/patch.ts'
import type { PatchType } from '../rest/patch.ts'
import type { Server } from '../server-parts.ts'
import { mediaType, readBody } from './body.ts'
import { duplicateFields, keysOf } from './duplicates.ts'
import type { Exchange } from './exchange.ts'
import { goJsonError, parseJson } from './go-json.ts'
import type { RequestInfo } from './request-info.ts'
import { writeContext } from './write-context.ts'
import { parseYaml, yamlProblem } from './yaml-body.ts'
import type { YamlBody } from './yaml-body.ts'

const PATCH_TYPES: { [type: string]: PatchType } = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
}

/** The kind of a patch by its Content-Type. Throws UnsupportedMediaType. */
export function patchType(exchange: Exchange, definition: ResourceDefinition): PatchType {
  const type = PATCH_TYPES[mediaType(exchange.request.headers['content-type'])]
  if (definition.crd === true && (type === undefined || type === 'strategic'))
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    )
  if (type === undefined)
    throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})
  return type
}

/** The patch in a body, and the keys that an applied one repeats. Throws BadRequest. */
export function parsePatch(data: Buffer, type: PatchType): YamlBody {
  const text = data.toString('utf8')
  if (type === 'apply') {
    try {
      return parseYaml(text)
    } catch (error) {
      throw badRequest(`error decoding YAML: ${yamlProblem(error)}`)
    }
  }
  const prefix = type === 'strategic' ? '' : 'error decoding patch: '
  const value = parseJson(text)
  if (value === undefined) throw badRequest(`${prefix}${goJsonError(text)}`)
  if (type === 'json' ? Array.isArray(value) : isObject(value)) return { value, repeated: [] }
  const what =
    value === null
      ? 'null'
      : Array.isArray(value)
        ? 'array'
        : typeof value === 'boolean'
          ? 'bool'
          : typeof value
  const target = type === 'json' ? '[]handlers.jsonPatchOp' : 'map[string]interface {}'
  throw badRequest(`${prefix}json: cannot unmarshal ${what} into Go value of type ${target}`)
}

/** Answers a PATCH of an object or of a part of it that has the object's kind. */
export async function patch(
  server: Server,
  definition: ResourceDefinition,
  info: RequestInfo,
  exchange: Exchange,
): Promise<{ object: ApiObject; created: boolean }> {
  const type = patchType(exchange, definition)
  const data = await readBody(exchange.request)
  const ctx = {
    ...writeContext(exchange),
    ...(info.subresource === undefined ? {} : { subresource: info.subresource }),
  }
  const { value, repeated } = parsePatch(data, type)
  if (ctx.fieldValidation === 'Strict' && repeated.length > 0)
    throw badRequest(
      `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ${repeated.join('\n  ')}`,
    )
  if (ctx.fieldValidation === 'Warn') exchange.warnings.push(...repeated)
  const duplicates =
    type === 'apply' || ctx.fieldValidation === 'Ignore' ? [] : duplicateFields(keysOf(data.toString('utf8')))
  if (type === 'apply') checkApplied(definition, info, value)
  return withOutsideCalls({ ...ctx, duplicates }, (asking) =>
    patchObject(server.core, definition, info.namespace, info.name ?? '', value, type, asking),
  )
}

function checkApplied(definition: ResourceDefinition, info: RequestInfo, value: Json): void {
  const kind = asText(at(value, ['kind']))
  const version = asText(at(value, ['apiVersion']))
  if (isObject(value) && kind === '')
    throw badRequest(`Object 'Kind' is missing in '${JSON.stringify(value)}'`)
  if (version !== apiVersionOf(definition) || kind !== definition.kind)
    throw badRequest(`invalid object type: ${version.includes('/') ? version : `/${version}`}, Kind=${kind}`)
  const name = at(value, ['metadata', 'name'])
  if (typeof name === 'string' && name !== info.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`)
}
