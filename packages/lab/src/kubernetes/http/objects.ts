import { badRequest, methodNotAllowed, noSuchResource, notFound, StatusError } from '../errors.ts'
import { authReview } from '../auth/reviews.ts'
import { toTable } from '../tables/table.ts'
import type { ApiObject, Json, ResourceDefinition } from '../resources.ts'
import { groupResource } from '../resources.ts'
import type { Server } from '../server-parts.ts'
import { bucketOf, inVersion, keyOf } from '../rest/core.ts'
import type { WriteContext } from '../rest/core.ts'
import { answersWithObject, deleteObject } from '../rest/delete.ts'
import { asText, at, isObject } from '../rest/json.ts'
import { patchObject } from '../rest/patch.ts'
import type { PatchType } from '../rest/patch.ts'
import { patchScale, readScale, writeScale } from '../rest/scale.ts'
import { createObject, updateObject } from '../rest/write.ts'
import { decodeObject, goJsonError, mediaType, parseYaml, readBody } from './body.ts'
import { deleting } from './delete-options.ts'
import { duplicateKeys } from './duplicates.ts'
import type { Exchange } from './exchange.ts'
import { wantedShape } from './exchange.ts'
import { notAcceptable, selection, serveList } from './list.ts'
import type { RequestInfo } from './request-info.ts'
import { strictProblems } from './strict.ts'
import { resolveSchema } from '../schema/resolve.ts'
import { serveWatch } from './watch.ts'
import { writeContext } from './write-context.ts'

/** Answers a request for a resource. The caller is authenticated and authorized. */
export async function serveResource(server: Server, info: RequestInfo, exchange: Exchange): Promise<void> {
  const { core } = server
  const definition = core.registry.find(info.group, info.version, info.resource)
  if (definition === undefined) throw noSuchResource()
  if (definition.deprecationWarning !== undefined) exchange.warnings.push(definition.deprecationWarning)
  if (await authReview(server, definition, info, exchange)) return
  if (definition.namespaced && info.namespace === undefined && info.name !== undefined) throw noSuchResource()
  if (!definition.namespaced && info.namespace !== undefined && info.resource !== 'namespaces')
    throw noSuchResource()
  if (info.subresource !== undefined) {
    await serveSubresource(server, definition, info, exchange)
    return
  }
  if (info.name === undefined) {
    await serveCollection(server, definition, info, exchange)
    return
  }
  await serveObject(server, definition, info, exchange)
}

async function serveCollection(
  server: Server,
  definition: ResourceDefinition,
  info: RequestInfo,
  exchange: Exchange,
): Promise<void> {
  const { core } = server
  const method = exchange.method
  if (method === 'GET' || method === 'HEAD') {
    if (!definition.verbs.includes(info.verb)) throw methodNotAllowed()
    if (info.verb === 'watch')
      serveWatch(
        core,
        definition,
        info.namespace,
        selection(definition, exchange.query),
        exchange,
        server.closing,
      )
    else serveList(core, definition, info.namespace, exchange)
    return
  }
  if (method === 'POST') {
    if (!definition.verbs.includes('create')) throw methodNotAllowed()
    if (definition.namespaced && info.namespace === undefined) throw methodNotAllowed()
    const ctx = writeContext(exchange)
    const object = await body(server, definition, exchange, ctx, info)
    reply(server, definition, exchange, 201, createObject(core, definition, info.namespace, object, ctx))
    return
  }
  if (method === 'DELETE') {
    if (
      !definition.verbs.includes('deletecollection') ||
      (definition.namespaced && info.namespace === undefined)
    )
      throw refuse(definition, 'deletecollection')
    const { options, ctx } = await deleting(exchange)
    const selects = selection(definition, exchange.query)
    const objects = core.storage
      .list(bucketOf(definition), info.namespace)
      .filter((object) => selects === undefined || selects(object))
    const items = objects.map(
      (object) =>
        deleteObject(core, definition, object.metadata.namespace, object.metadata.name ?? '', options, ctx)
          .object,
    )
    exchange.sendObject(200, {
      kind: definition.listKind,
      apiVersion: definition.group === '' ? definition.version : `${definition.group}/${definition.version}`,
      metadata: { resourceVersion: String(core.storage.revision) },
      items: items as Json[],
    })
    return
  }
  if (definition.crd === true && (method === 'PUT' || method === 'PATCH'))
    throw badRequest('name must be provided')
  throw refuse(definition, verbName(method))
}

async function serveObject(
  server: Server,
  definition: ResourceDefinition,
  info: RequestInfo,
  exchange: Exchange,
): Promise<void> {
  const { core } = server
  const name = info.name ?? ''
  if (name === '.' || name === '..')
    throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: may not be '${name}'`)
  if (name.includes('/') || name.includes('%'))
    throw badRequest(
      `Name parameter invalid: ${JSON.stringify(name)}: may not contain '${name.includes('/') ? '/' : '%'}'`,
    )
  switch (exchange.method) {
    case 'GET':
    case 'HEAD': {
      if (info.verb === 'watch') {
        serveWatch(
          core,
          definition,
          info.namespace,
          selection(definition, exchange.query, name),
          exchange,
          server.closing,
        )
        return
      }
      const wanted = exchange.query.get('resourceVersion') ?? ''
      if (wanted !== '' && !/^\d+$/.test(wanted))
        throw new StatusError(
          500,
          undefined,
          `strconv.ParseUint: parsing ${JSON.stringify(wanted)}: invalid syntax`,
        )
      if (Number(wanted) > core.storage.revision)
        throw new StatusError(
          504,
          'Timeout',
          `Timeout: Too large resource version: ${wanted}, current: ${core.storage.revision}`,
          {
            causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
            retryAfterSeconds: 1,
          },
        )
      const stored = core.storage.get(keyOf(definition, info.namespace, name))
      if (stored === undefined) throw notFound(definition, name)
      reply(server, definition, exchange, 200, inVersion(definition, stored))
      return
    }
    case 'POST':
      if (definition.crd !== true) throw methodNotAllowed()
      await serveCollection(server, definition, { ...info, name: undefined }, exchange)
      return
    case 'PUT': {
      const ctx = writeContext(exchange)
      const object = await body(server, definition, exchange, ctx, info)
      const exists = core.storage.get(keyOf(definition, info.namespace, name)) !== undefined
      if (!exists && createsOnUpdate(definition) && (object.metadata.resourceVersion ?? '') === '') {
        reply(server, definition, exchange, 201, createObject(core, definition, info.namespace, object, ctx))
        return
      }
      reply(
        server,
        definition,
        exchange,
        200,
        updateObject(core, definition, info.namespace, name, object, ctx),
      )
      return
    }
    case 'PATCH': {
      const { object, created } = await patch(server, definition, info, exchange)
      reply(server, definition, exchange, created ? 201 : 200, object)
      return
    }
    case 'DELETE': {
      const { options, ctx } = await deleting(exchange)
      const { object, gone } = deleteObject(core, definition, info.namespace, name, options, ctx)
      if (!gone || answersWithObject(definition)) {
        reply(server, definition, exchange, 200, object)
        return
      }
      exchange.sendObject(200, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: {
          name,
          ...(definition.group === '' ? {} : { group: definition.group }),
          kind: definition.resource,
          uid: object.metadata.uid,
        },
      })
      return
    }
    default:
      throw refuse(definition, verbName(exchange.method))
  }
}

async function serveSubresource(
  server: Server,
  definition: ResourceDefinition,
  info: RequestInfo,
  exchange: Exchange,
): Promise<void> {
  const { core } = server
  const name = info.name ?? ''
  const subresource = info.subresource ?? ''
  const known = definition.subresources?.find((each) => each.name === subresource)
  if (known === undefined) throw noSuchResource()
  if (subresource === 'scale') {
    await serveScale(server, definition, info, exchange)
    return
  }
  if (subresource !== 'status' && subresource !== 'finalize' && subresource !== 'approval')
    throw new StatusError(501, undefined, `${groupResource(definition)}/${subresource} is not emulated`)
  const stored = core.storage.get(keyOf(definition, info.namespace, name))
  switch (exchange.method) {
    case 'GET':
      if (stored === undefined) throw notFound(definition, name)
      reply(server, definition, exchange, 200, inVersion(definition, stored))
      return
    case 'PUT': {
      const ctx = { ...writeContext(exchange), subresource }
      const object = await body(server, definition, exchange, ctx, info)
      reply(
        server,
        definition,
        exchange,
        200,
        updateObject(core, definition, info.namespace, name, object, ctx),
      )
      return
    }
    case 'PATCH': {
      const { object } = await patch(server, definition, info, exchange)
      reply(server, definition, exchange, 200, object)
      return
    }
    default:
      throw refuse(definition, verbName(exchange.method))
  }
}

async function serveScale(
  server: Server,
  definition: ResourceDefinition,
  info: RequestInfo,
  exchange: Exchange,
): Promise<void> {
  const { core } = server
  const name = info.name ?? ''
  const ctx = { ...writeContext(exchange), subresource: 'scale' }
  const send = (scale: ApiObject): void => replyAs(server, scaleDefinition, exchange, 200, scale)
  if (exchange.method === 'GET') send(readScale(core, definition, info.namespace, name))
  else if (exchange.method === 'PUT') {
    const data = await readBody(exchange.request)
    const { object } = decodeObject(
      scaleDefinition,
      'Scale',
      data,
      exchange.request.headers['content-type'] ?? '',
    )
    send(writeScale(core, definition, info.namespace, name, object, ctx))
  } else if (exchange.method === 'PATCH') {
    const data = await readBody(exchange.request)
    const type = patchType(exchange, definition)
    send(patchScale(core, definition, info.namespace, name, parsePatch(data, type), type, ctx))
  } else throw refuse(definition, verbName(exchange.method))
}

const scaleDefinition: ResourceDefinition = {
  group: 'autoscaling',
  version: 'v1',
  resource: 'scales',
  singular: 'scale',
  kind: 'Scale',
  listKind: 'ScaleList',
  namespaced: true,
  verbs: ['get', 'update', 'patch'],
}

/** Kinds that a PUT to a new name creates. */
function createsOnUpdate(definition: ResourceDefinition): boolean {
  return (
    definition.crd !== true &&
    [
      'leases',
      'events',
      'endpoints',
      'clusterroles',
      'clusterrolebindings',
      'roles',
      'rolebindings',
      'limitranges',
    ].includes(definition.resource)
  )
}

function verbName(method: string): string {
  return { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[method] ?? ''
}

function refuse(definition: ResourceDefinition, verb: string): StatusError {
  if (definition.crd !== true) return methodNotAllowed()
  return new StatusError(
    405,
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind ${JSON.stringify(groupResource(definition))}`,
    {
      group: definition.group,
      kind: definition.resource,
    },
  )
}

function reply(
  server: Server,
  definition: ResourceDefinition,
  exchange: Exchange,
  status: number,
  object: ApiObject,
): void {
  replyAs(server, definition, exchange, status, object)
}

function replyAs(
  server: Server,
  definition: ResourceDefinition,
  exchange: Exchange,
  status: number,
  object: ApiObject,
): void {
  const shape = wantedShape(exchange.accept)
  if (shape === undefined) {
    exchange.sendObject(status, object)
    return
  }
  if (shape.as === 'PartialObjectMetadataList') throw notAcceptable()
  const apiVersion = `meta.k8s.io/${shape.version}`
  if (shape.as === 'PartialObjectMetadata') {
    exchange.sendObject(status, { kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata })
    return
  }
  const include = exchange.query.get('includeObject')
  const table = toTable(definition, [object], {
    includeObject: include === 'None' || include === 'Object' ? include : 'Metadata',
    now: server.core.clock.now(),
  })
  exchange.sendObject(status, {
    kind: 'Table',
    apiVersion,
    metadata: { resourceVersion: object.metadata.resourceVersion },
    ...table,
  })
}

async function body(
  server: Server,
  definition: ResourceDefinition,
  exchange: Exchange,
  ctx: WriteContext,
  info: RequestInfo,
): Promise<ApiObject> {
  const data = await readBody(exchange.request)
  const { object, duplicates } = decodeObject(
    definition,
    definition.kind,
    data,
    exchange.request.headers['content-type'] ?? '',
  )
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
      : strictProblems(definition, object, duplicates, (schema) =>
          resolveSchema(server.core.registry, schema),
        )
  if (problems.length > 0 && ctx.fieldValidation === 'Strict')
    throw badRequest(
      `${definition.kind} in version ${JSON.stringify(definition.version)} cannot be handled as a ${definition.kind}: strict decoding error: ${problems.join(', ')}`,
    )
  exchange.warnings.push(...problems)
  return object
}

const PATCH_TYPES: { [type: string]: PatchType } = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
}

function patchType(exchange: Exchange, definition: ResourceDefinition): PatchType {
  const type = PATCH_TYPES[mediaType(exchange.request.headers['content-type'])]
  if (definition.crd === true && (type === undefined || type === 'strategic'))
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
      {},
    )
  if (type === undefined)
    throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})
  return type
}

function parsePatch(data: Buffer, type: PatchType): Json {
  const text = data.toString('utf8')
  if (type === 'apply') {
    try {
      return parseYaml(text)
    } catch (error) {
      throw badRequest(
        `error decoding YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`,
      )
    }
  }
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch {
    throw badRequest(`error decoding patch: ${goJsonError(text)}`)
  }
  if (type === 'json' ? Array.isArray(value) : isObject(value)) return value
  const what =
    value === null
      ? 'null'
      : Array.isArray(value)
        ? 'array'
        : typeof value === 'boolean'
          ? 'bool'
          : typeof value
  const target = type === 'json' ? '[]handlers.jsonPatchOp' : 'map[string]interface {}'
  throw badRequest(`error decoding patch: json: cannot unmarshal ${what} into Go value of type ${target}`)
}

async function patch(
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
  const value = parsePatch(data, type)
  if (type !== 'apply' && ctx.fieldValidation !== 'Ignore') {
    const problems = duplicateKeys(data.toString('utf8'))
    exchange.warnings.push(...(ctx.fieldValidation === 'Warn' ? problems : []))
  }
  if (type === 'apply' && isObject(value)) {
    const kind = value['kind']
    const version = value['apiVersion']
    const expected =
      definition.group === '' ? definition.version : `${definition.group}/${definition.version}`
    if (typeof kind !== 'string' || kind === '')
      throw badRequest(`Object 'Kind' is missing in '${JSON.stringify(value)}'`)
    if (version !== expected || kind !== definition.kind)
      throw badRequest(
        `${version === expected ? 'kind' : 'apiVersion'} in the patch does not match the request: ${asText(version)}, ${kind}`,
      )
    const name = at(value, ['metadata', 'name'])
    if (typeof name === 'string' && name !== info.name)
      throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`)
  }
  return patchObject(server.core, definition, info.namespace, info.name ?? '', value, type, ctx)
}
