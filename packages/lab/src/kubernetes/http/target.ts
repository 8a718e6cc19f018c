import { withOutsideCalls } from '../admission/calls.ts'
import { badRequest, notFound } from '../errors.ts'
import type { ApiObject, ResourceDefinition } from '../resources.ts'
import { inVersion, keyOf } from '../rest/core.ts'
import type { WriteContext } from '../rest/core.ts'
import type { Server } from '../server-parts.ts'
import type { Exchange } from './exchange.ts'
import { patch } from './patch.ts'
import { noSuchPath, refuseMethod } from './refusals.ts'
import { reply } from './reply.ts'
import type { RequestInfo } from './request-info.ts'
import { readObject } from './typed-body.ts'

/** What a request is for: a kind's objects, one of them, or a part of one. */
export interface Target {
  server: Server
  definition: ResourceDefinition
  info: RequestInfo
  exchange: Exchange
  /** `''` for a collection. */
  name: string
}

/** The target of a request whose name, part and verb the kind has. Throws BadRequest, NotFound and MethodNotAllowed. */
export function targetOf(
  server: Server,
  definition: ResourceDefinition,
  info: RequestInfo,
  exchange: Exchange,
): Target {
  const { name = '', subresource } = info
  const { method } = exchange
  if (name === '.' || name === '..')
    throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: may not be '${name}'`)
  if (name.includes('%'))
    throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: may not contain '%'`)
  if (subresource !== undefined) {
    const part = definition.subresources?.find((each) => each.name === subresource)
    // What serves custom kinds looks for the object first.
    if (part === undefined)
      throw definition.crd === true ? notFound(definition, name) : noSuchPath(definition)
    if (!part.verbs.includes(info.verb)) throw refuseMethod(definition, method)
  } else if (info.name === undefined) checkCollection(definition, info, method)
  return { server, definition, info, exchange, name }
}

function checkCollection(definition: ResourceDefinition, info: RequestInfo, method: string): void {
  const { verb } = info
  const isElsewhere = definition.namespaced && info.namespace === undefined
  if (verb === 'create' && isElsewhere && definition.crd === true) throw noSuchPath(definition)
  if (definition.crd === true && (verb === 'update' || verb === 'patch'))
    throw badRequest('name must be provided')
  const isWhole = isElsewhere && (verb === 'create' || verb === 'deletecollection')
  if (verb === 'update' || verb === 'patch' || isWhole || !definition.verbs.includes(verb))
    throw verb === 'deletecollection'
      ? refuseMethod(definition, method, verb)
      : refuseMethod(definition, method)
}

/** Answers with the object as it is stored. Throws NotFound. */
export function answerStored({ server, definition, info, exchange, name }: Target): void {
  const stored = server.core.storage.get(keyOf(definition, info.namespace, name))
  if (stored === undefined) throw notFound(definition, name)
  reply(server, definition, exchange, 200, inVersion(definition, stored))
}

/** Answers with the object as a patch leaves it. */
export async function answerPatched({ server, definition, info, exchange }: Target): Promise<void> {
  const { object, created } = await patch(server, definition, info, exchange)
  reply(server, definition, exchange, created ? 201 : 200, object)
}

/** Reads the object of a request and answers with what `write` makes of it; the status is 201 when it says that it created it. */
export async function answerWritten(
  { server, definition, info, exchange }: Target,
  ctx: WriteContext,
  write: (sent: ApiObject, asking: WriteContext) => { object: ApiObject; created: boolean },
): Promise<void> {
  const sent = await readObject(server, definition, exchange, ctx, info)
  const { object, created } = await withOutsideCalls(ctx, (asking) => write(sent, asking))
  reply(server, definition, exchange, created ? 201 : 200, object)
}
