import { withOutsideCalls } from '../admission/calls.ts'
import { badRequest, forbidden, notFound, StatusError } from '../errors.ts'
import { authReview } from '../auth/reviews.ts'
import type { ApiObject, Json, JsonObject, ResourceDefinition } from '../resources.ts'
import type { Server } from '../server-parts.ts'
import { noSuchResource } from '../errors.ts'
import { bucketOf, inVersion, keyOf } from '../rest/core.ts'
import { answersWithObject, deleteObject } from '../rest/delete.ts'
import { createObject, updateObject } from '../rest/write.ts'
import { deleting } from './delete-options.ts'
import type { Exchange } from './exchange.ts'
import { selection, serveList, tooLarge } from './list.ts'
import { acceptsObjects, negotiate } from './negotiate.ts'
import { patch } from './patch.ts'
import { noSuchPath, refuseMethod } from './refusals.ts'
import { reply } from './reply.ts'
import type { RequestInfo } from './request-info.ts'
import { serveBinding, serveSubresource } from './subresources.ts'
import { readObject } from './typed-body.ts'
import { serveWatch } from './watch.ts'
import { writeContext } from './write-context.ts'

/** Answers a request for a resource. The caller is authenticated and authorized. */
export async function serveResource(server: Server, info: RequestInfo, exchange: Exchange): Promise<void> {
  const { core } = server
  const definition = core.registry.find(info.group, info.version, info.resource)
  if (definition === undefined) {
    const custom = core.registry.inVersion(info.group, info.version).find((each) => each.crd === true)
    throw custom === undefined ? noSuchResource() : noSuchPath(custom)
  }
  exchange.custom = definition.crd === true
  if (definition.deprecationWarning !== undefined) exchange.warnings.push(definition.deprecationWarning)
  if (await authReview(server, definition, info, exchange)) return
  if (definition.namespaced && info.namespace === undefined && info.name !== undefined)
    throw noSuchPath(definition)
  if (!definition.namespaced && info.namespace !== undefined && info.resource !== 'namespaces')
    throw noSuchPath(definition)
  if (info.subresource === 'log') acceptsObjects(exchange.accept)
  else negotiate(exchange.accept, definition, info.verb === 'watch')
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
  // Only what serves custom kinds knows HEAD.
  if (method === 'HEAD' && definition.crd !== true) throw refuseMethod(definition, method)
  if (method === 'GET' || method === 'HEAD') {
    if (!definition.verbs.includes(info.verb)) throw refuseMethod(definition, method)
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
    if (!definition.verbs.includes('create')) throw refuseMethod(definition, method)
    if (definition.namespaced && info.namespace === undefined)
      throw definition.crd === true ? noSuchPath(definition) : refuseMethod(definition, method)
    if (definition.group === '' && definition.resource === 'bindings') {
      await serveBinding(server, { namespace: info.namespace ?? '' }, exchange)
      return
    }
    const ctx = writeContext(exchange)
    const object = await readObject(server, definition, exchange, ctx, info)
    if (definition.terminating === true)
      throw forbidden(
        definition,
        object.metadata.name,
        'create not allowed while custom resource definition is terminating',
      )
    reply(
      server,
      definition,
      exchange,
      201,
      await withOutsideCalls(ctx, (asking) => createObject(core, definition, info.namespace, object, asking)),
    )
    return
  }
  if (method === 'DELETE') {
    if (
      !definition.verbs.includes('deletecollection') ||
      (definition.namespaced && info.namespace === undefined)
    )
      throw refuseMethod(definition, method, 'deletecollection')
    const { options, ctx } = await deleting(exchange)
    const selects = selection(definition, exchange.query)
    const objects = core.storage
      .list(bucketOf(definition), info.namespace)
      .filter((object) => selects === undefined || selects(object))
    for (const object of objects)
      await withOutsideCalls(ctx, (asking) =>
        deleteObject(
          core,
          definition,
          object.metadata.namespace,
          object.metadata.name ?? '',
          options,
          asking,
        ),
      )
    exchange.sendObject(200, deletedList(definition, core.storage.revision, objects))
    return
  }
  if (definition.crd === true && (method === 'PUT' || method === 'PATCH'))
    throw badRequest('name must be provided')
  throw refuseMethod(definition, method)
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
  // A slash in the name of a namespace makes another path.
  if (name.includes('/') && definition.group === '' && definition.resource === 'namespaces')
    throw noSuchResource()
  if (name.includes('/') || name.includes('%'))
    throw badRequest(
      `Name parameter invalid: ${JSON.stringify(name)}: may not contain '${name.includes('/') ? '/' : '%'}'`,
    )
  if (exchange.method === 'HEAD' && definition.crd !== true) throw refuseMethod(definition, exchange.method)
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
          `resourceVersion: Invalid value: ${JSON.stringify(wanted)}: strconv.ParseUint: parsing ${JSON.stringify(wanted)}: invalid syntax`,
        )
      if (Number(wanted) > core.storage.revision) throw tooLarge(Number(wanted), core.storage.revision)
      const stored = core.storage.get(keyOf(definition, info.namespace, name))
      if (stored === undefined) throw notFound(definition, name)
      reply(server, definition, exchange, 200, inVersion(definition, stored))
      return
    }
    case 'POST':
      if (definition.crd !== true) throw refuseMethod(definition, exchange.method)
      await serveCollection(server, definition, { ...info, name: undefined }, exchange)
      return
    case 'PUT': {
      const ctx = writeContext(exchange)
      const object = await readObject(server, definition, exchange, ctx, info)
      const exists = core.storage.get(keyOf(definition, info.namespace, name)) !== undefined
      if (!exists && createsOnUpdate(definition) && (object.metadata.resourceVersion ?? '') === '') {
        reply(
          server,
          definition,
          exchange,
          201,
          await withOutsideCalls(ctx, (asking) =>
            createObject(core, definition, info.namespace, object, asking),
          ),
        )
        return
      }
      reply(
        server,
        definition,
        exchange,
        200,
        await withOutsideCalls(ctx, (asking) =>
          updateObject(core, definition, info.namespace, name, object, asking),
        ),
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
      const { object, gone } = await withOutsideCalls(ctx, (asking) =>
        deleteObject(core, definition, info.namespace, name, options, asking),
      )
      if (!gone || answersWithObject(definition)) {
        const isCascading = !gone && options.orphanDependents === false
        reply(server, definition, exchange, isCascading ? 202 : 200, object)
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
      throw refuseMethod(definition, exchange.method)
  }
}

/** The answer to the deletion of a collection: the objects as they were. */
function deletedList(definition: ResourceDefinition, revision: number, objects: ApiObject[]): JsonObject {
  const { crd, group, version, listKind } = definition
  const items = objects.map((object): Json => {
    if (crd === true) return inVersion(definition, object)
    const { kind: _kind, apiVersion: _version, ...rest } = object
    return rest
  })
  return {
    kind: listKind,
    apiVersion: group === '' ? version : `${group}/${version}`,
    metadata: { ...(crd === true ? { continue: '' } : {}), resourceVersion: String(revision) },
    items,
  }
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
