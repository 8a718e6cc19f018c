import { withOutsideCalls } from '../admission/calls.ts'
import { notFound, StatusError } from '../errors.ts'
import type { ApiObject, ResourceDefinition } from '../resources.ts'
import { groupResource } from '../resources.ts'
import type { WriteContext } from '../rest/core.ts'
import { patchScale, readScale, writeScale } from '../rest/scale.ts'
import { updateObject } from '../rest/write.ts'
import type { Server } from '../server-parts.ts'
import { readBody } from './body.ts'
import { decodeObject } from './decode.ts'
import type { Exchange } from './exchange.ts'
import { parsePatch, patchType } from './patch.ts'
import { admitted, completeBinding, connectOptions } from './pods/admit.ts'
import { bindPod } from './pods/bind.ts'
import { evictPod } from './pods/evict.ts'
import { servePodLog } from './pods/log.ts'
import { serveStreaming } from './pods/streaming.ts'
import { refuseProxy } from './proxy.ts'
import { reply } from './reply.ts'
import { answerPatched, answerStored, answerWritten } from './target.ts'
import type { Target } from './target.ts'
import { writeContext } from './write-context.ts'

/** Parts of an object that are read and written like the object itself. */
const PARTS = new Set(['status', 'finalize', 'approval', 'ephemeralcontainers', 'resize'])
const STREAMS = new Set(['exec', 'attach', 'portforward'])

function kindOf(group: string, kind: string): ResourceDefinition {
  return {
    group,
    version: 'v1',
    resource: `${kind.toLowerCase()}s`,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    namespaced: true,
    verbs: ['get', 'update', 'patch'],
  }
}

const SCALE = kindOf('autoscaling', 'Scale')
const EVICTION = kindOf('policy', 'Eviction')
const BINDING = kindOf('', 'Binding')

/** Answers a request for a part of an object. */
export async function serveSubresource(target: Target, subresource: string): Promise<void> {
  const { server, definition, info, exchange, name } = target
  const { core } = server
  const { namespace } = info
  const ref = { namespace: namespace ?? '', name }
  if (subresource === 'scale') return serveScale(target)
  if (subresource === 'log') return servePodLog(server, ref, exchange)
  const ask = { definition, ref, subresource }
  if (subresource === 'eviction') {
    const eviction = await readKind(server, exchange, EVICTION)
    const object = {
      ...eviction,
      kind: 'Eviction',
      metadata: { ...eviction.metadata, namespace: ref.namespace },
    }
    await admitted(core, { ...ask, operation: 'CREATE', object }, writeContext(exchange), (asked, ctx) =>
      evictPod(core, ref, asked, ctx),
    )
    return sendSuccess(exchange)
  }
  if (subresource === 'binding') return serveBinding(server, ref, exchange)
  if (subresource === 'proxy') throw refuseProxy(server, definition, ref)
  if (STREAMS.has(subresource)) {
    const known = definition.subresources?.find((each) => each.name === subresource)
    const object = connectOptions(known?.kind ?? '', exchange.query)
    await admitted(core, { ...ask, operation: 'CONNECT', object }, connectContext(exchange), () =>
      serveStreaming(server, ref, subresource, exchange),
    )
    return
  }
  if (!PARTS.has(subresource))
    throw new StatusError(501, undefined, `${groupResource(definition)}/${subresource} is not emulated`)
  if (info.verb === 'get') return answerStored(target)
  if (info.verb === 'patch') return answerPatched(target)
  return answerWritten(target, { ...writeContext(exchange), subresource }, (object, asking) => ({
    object: updateObject(core, definition, namespace, name, object, asking),
    created: false,
  }))
}

/** Answers a POST of a Binding, by the pod's own path or by the old one. */
export async function serveBinding(
  server: Server,
  ref: { namespace: string; name?: string },
  exchange: Exchange,
): Promise<void> {
  const binding = await readKind(server, exchange, BINDING)
  const { core } = server
  const pod = { namespace: ref.namespace, name: ref.name ?? binding.metadata.name ?? '' }
  const definition = core.registry.find('', 'v1', 'pods')
  if (definition === undefined) throw notFound({ group: '', resource: 'pods' }, pod.name)
  const ctx = writeContext(exchange)
  const object = completeBinding(core, binding, pod, ctx)
  const ask = { definition, ref: pod, subresource: 'binding', operation: 'CREATE', object } as const
  await admitted(core, ask, ctx, (asked, asking) => bindPod(core, pod, asked, asking))
  sendSuccess(exchange)
}

/** Of a stream, whose query is of another kind than that of a write. */
function connectContext({ user, warnings }: Exchange): WriteContext {
  return { user, manager: '', dryRun: false, fieldValidation: 'Ignore', warnings }
}

function sendSuccess(exchange: Exchange): void {
  exchange.sendObject(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 })
}

async function readKind(
  server: Server,
  exchange: Exchange,
  definition: ResourceDefinition,
): Promise<ApiObject> {
  const data = await readBody(exchange.request)
  const contentType = exchange.request.headers['content-type'] ?? ''
  return decodeObject(server.core.registry, definition, data, contentType).object
}

async function serveScale({ server, definition, info, exchange, name }: Target): Promise<void> {
  const { core } = server
  const { namespace } = info
  const ctx = { ...writeContext(exchange), subresource: 'scale' }
  const send = (scale: ApiObject): void => reply(server, SCALE, exchange, 200, scale)
  if (info.verb === 'get') send(readScale(core, definition, namespace, name))
  else if (info.verb === 'update') {
    const scale = await readKind(server, exchange, SCALE)
    send(
      await withOutsideCalls(ctx, (asking) => writeScale(core, definition, namespace, name, scale, asking)),
    )
  } else {
    const data = await readBody(exchange.request)
    const type = patchType(exchange, definition)
    send(
      await withOutsideCalls(ctx, (asking) =>
        patchScale(core, definition, namespace, name, parsePatch(data, type).value, type, asking),
      ),
    )
  }
}
