import { badRequest, invalid } from '../errors.ts'
import type { ApiObject, ResourceDefinition } from '../resources.ts'
import type { WriteContext } from '../rest/core.ts'
import { resolveSchema } from '../schema/resolve.ts'
import { wholeNumberProblems } from '../schema/whole-numbers.ts'
import type { Server } from '../server-parts.ts'
import { readBody } from './body.ts'
import { decodeObject } from './decode.ts'
import { duplicateFields } from './duplicates.ts'
import type { Decoded } from './decode.ts'
import type { Exchange } from './exchange.ts'
import type { RequestInfo } from './request-info.ts'
import { strictProblems } from './strict.ts'

/** Reads the object of a create or update and checks it against the URL and fieldValidation. Throws BadRequest. */
export async function readObject(
  server: Server,
  definition: ResourceDefinition,
  exchange: Exchange,
  ctx: WriteContext,
  info: RequestInfo,
): Promise<ApiObject> {
  const data = await readBody(exchange.request)
  const warnings: string[] = []
  const contentType = exchange.request.headers['content-type'] ?? ''
  const { registry } = server.core
  let decoded: Decoded
  try {
    decoded = decodeObject(registry, definition, data, contentType, warnings)
  } finally {
    if (ctx.fieldValidation === 'Warn') exchange.warnings.push(...warnings)
  }
  const { object, keys, repeated } = decoded
  const name = info.name
  if (name !== undefined && exchange.method === 'PUT') {
    if ((object.metadata.name ?? '') === '')
      throw badRequest(
        `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
      )
    if (object.metadata.name !== name)
      throw badRequest(
        `the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`,
      )
  }
  if (
    definition.namespaced &&
    (object.metadata.namespace ?? '') !== '' &&
    object.metadata.namespace !== info.namespace
  )
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  const problems =
    ctx.fieldValidation === 'Ignore'
      ? []
      : [
          ...repeated,
          // Of an object of another kind, which will be refused, no field is known.
          ...(object.kind === undefined || object.kind === definition.kind
            ? strictProblems(definition, object, keys, (schema) => resolveSchema(registry, schema))
            : duplicateFields(keys)),
        ]
  if (problems.length > 0 && ctx.fieldValidation === 'Strict')
    throw badRequest(
      `${definition.kind} in version ${JSON.stringify(definition.version)} cannot be handled as a ${definition.kind}: strict decoding error: ${problems.join(', ')}`,
    )
  exchange.warnings.push(...problems)
  const schema = exchange.method === 'POST' && definition.crd === true ? definition.schema : undefined
  // How a number was written is known only here.
  const whole = schema === undefined || keys.length === 0 ? [] : wholeNumberProblems(schema, data.toString())
  if (whole.length > 0) throw invalid(definition, object.metadata.name ?? '', whole)
  return object
}
