import { withOutsideCalls } from '../admission/calls.ts'
import { forbidden, StatusError } from '../errors.ts'
import { authReview } from '../auth/reviews.ts'
import type { ApiObject, Json, JsonObject, ResourceDefinition } from '../resources.ts'
import type { Server } from '../server-parts.ts'
import { noSuchResource } from '../errors.ts'
import { bucketOf, inVersion, keyOf } from '../rest/core.ts'
import { answersWithObject, deleteObject } from '../rest/delete.ts'
import { createObject, updateObject } from '../rest/write.ts'
import { deleting } from './delete-options.ts'
import { serveComponentStatuses } from './component-statuses.ts'
import type { Exchange } from './exchange.ts'
import { selection, serveList, tooLarge } from './list.ts'
import { acceptsObjects, negotiate } from './negotiate.ts'
import { noSuchPath, refuseMethod } from './refusals.ts'
import { reply } from './reply.ts'
import type { RequestInfo } from './request-info.ts'
import { serveBinding, serveSubresource } from './subresources.ts'
import { answerPatched, answerStored, answerWritten, targetOf } from './target.ts'
import type { Target } from './target.ts'
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
  // Only what serves custom kinds knows HEAD.
  if (exchange.method === 'HEAD' && definition.crd !== true) throw refuseMethod(definition, 'HEAD')
  if (definition.group === '' && definition.resource === 'componentstatuses')
    return serveComponentStatuses(server, definition, info.name, exchange)
  const target = targetOf(server, definition, info, exchange)
  if (info.subresource !== undefined) await serveSubresource(target, info.subresource)
  else if (info.name === undefined) await serveCollection(target)
  else await serveObject(target)
}

async function serveCollection(target: Target): Promise<void> {
  const { server, definition, info, exchange } = target
  const { core } = server
  const { namespace } = info
  switch (info.verb) {
    case 'watch': {
      const selects = selection(definition, exchange.query)
      serveWatch(core, definition, namespace, selects, exchange, server.closing)
      return
    }
    case 'create':
      await serveCreate(target)
      return
    case 'deletecollection': {
      const { options, ctx } = await deleting(exchange)
      const selects = selection(definition, exchange.query)
      // It is a list in pages: of one revision, when one is named.
      const revision = checkVersion(exchange.query.get('resourceVersion') ?? '', core.storage.revision)
      const listed =
        revision === 0
          ? core.storage.list(bucketOf(definition), namespace)
          : core.storage
              .listAt(bucketOf(definition), namespace, revision)
              .filter(({ metadata: { name = '', namespace: where } }) =>
                core.storage.get(keyOf(definition, where, name)),
              )
      const objects = listed.filter((object) => selects === undefined || selects(object))
      for (const { metadata } of objects)
        await withOutsideCalls(ctx, (asking) =>
          deleteObject(core, definition, metadata.namespace, metadata.name ?? '', options, asking),
        )
      exchange.sendObject(200, deletedList(definition, core.storage.revision, objects))
      return
    }
    default:
      serveList(core, definition, namespace, exchange)
  }
}

async function serveCreate(target: Target): Promise<void> {
  const { server, definition, info, exchange } = target
  const { namespace } = info
  if (definition.group === '' && definition.resource === 'bindings')
    return serveBinding(server, { namespace: namespace ?? '' }, exchange)
  return answerWritten(target, writeContext(exchange), (object, asking) => {
    if (definition.terminating === true)
      throw forbidden(
        definition,
        object.metadata.name,
        'create not allowed while custom resource definition is terminating',
      )
    return { object: createObject(server.core, definition, namespace, object, asking), created: true }
  })
}

async function serveObject(target: Target): Promise<void> {
  const { server, definition, info, exchange, name } = target
  const { core } = server
  const { namespace } = info
  switch (exchange.method) {
    case 'GET':
    case 'HEAD': {
      if (info.verb === 'watch') {
        const selects = selection(definition, exchange.query, name)
        serveWatch(core, definition, namespace, selects, exchange, server.closing)
        return
      }
      checkVersion(exchange.query.get('resourceVersion') ?? '', core.storage.revision)
      answerStored(target)
      return
    }
    case 'POST':
      if (definition.crd !== true) throw refuseMethod(definition, exchange.method)
      await serveCreate(targetOf(server, definition, { ...info, name: undefined }, exchange))
      return
    case 'PUT':
      await answerWritten(target, writeContext(exchange), (object, asking) => {
        const exists = core.storage.get(keyOf(definition, namespace, name)) !== undefined
        if (!exists && createsOnUpdate(definition) && (object.metadata.resourceVersion ?? '') === '')
          return { object: createObject(core, definition, namespace, object, asking), created: true }
        return {
          object: updateObject(core, definition, namespace, name, object, asking),
          created: false,
        }
      })
      return
    case 'PATCH':
      await answerPatched(target)
      return
    case 'DELETE': {
      const { options, ctx } = await deleting(exchange)
      const { object, gone } = await withOutsideCalls(ctx, (asking) =>
        deleteObject(core, definition, namespace, name, options, asking),
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

/** The revision from which on something is to be read; 0 when none is named. Throws for one that is none, and for one to come. */
function checkVersion(wanted: string, current: number): number {
  if (wanted !== '' && !/^\d+$/.test(wanted))
    throw new StatusError(
      500,
      undefined,
      `resourceVersion: Invalid value: ${JSON.stringify(wanted)}: strconv.ParseUint: parsing ${JSON.stringify(wanted)}: invalid syntax`,
    )
  if (Number(wanted) > current) throw tooLarge(Number(wanted), current)
  return Number(wanted)
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
