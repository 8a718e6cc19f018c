import { badRequest, notFound, StatusError } from '../errors.ts'
import type { ApiObject, ResourceDefinition } from '../resources.ts'
import { groupResource } from '../resources.ts'
import { asText, at, isObject } from '../rest/json.ts'
import type { Server } from '../server-parts.ts'

/** Addresses that the API server connects nobody to: those of its own machine, and none. */
const NOT_ALLOWED = /^(127\.|0\.|169\.254\.|::1$|$)/

/**
 * Why a request is not handed on to a pod, a service or a node: what the API server says where there is nothing to hand it to; else
 * that the lab has no network. `ref.name` may hold a scheme and a port, `https:name:port`.
 */
export function refuseProxy(
  server: Server,
  definition: ResourceDefinition,
  ref: { namespace: string; name: string },
): StatusError {
  const { storage } = server.core
  const parts = ref.name.split(':')
  const name = (parts.length === 3 ? parts[1] : parts[0]) ?? ''
  const stored = (bucket: string, namespace = ref.namespace): ApiObject | undefined =>
    storage.get({ bucket, namespace, name })
  const refused = new StatusError(501, undefined, `${groupResource(definition)}/proxy is not emulated`)
  if (definition.resource === 'services') {
    // A service without endpoints is told of as if it were missing itself.
    const isThere = stored('/services') !== undefined && stored('/endpoints') !== undefined
    return isThere ? refused : notFound(definition, name)
  }
  const object = definition.resource === 'nodes' ? stored('/nodes', '') : stored('/pods')
  if (object === undefined) return notFound(definition, name)
  return NOT_ALLOWED.test(addressOf(object)) ? badRequest('address not allowed') : refused
}

function addressOf(object: ApiObject): string {
  const own = at(object, ['status', 'podIP'])
  if (typeof own === 'string') return own
  const addresses = at(object, ['status', 'addresses'])
  const internal = (Array.isArray(addresses) ? addresses.filter(isObject) : []).find(
    (each) => each['type'] === 'InternalIP',
  )
  return asText(internal?.['address'])
}
