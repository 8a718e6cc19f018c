import type { ApiObject } from '../../resources.ts'
import { asText, at, isObject } from '../../rest/json.ts'

/**
 * `host:port` of a node's kubelet when it is this machine's own address: such a node is none of the lab's guests, and nothing answers
 * there. Undefined for all others.
 */
export function loopbackKubelet(node: ApiObject): string | undefined {
  const addresses = at(node, ['status', 'addresses'])
  const port = at(node, ['status', 'daemonEndpoints', 'kubeletEndpoint', 'Port'])
  const internal = (Array.isArray(addresses) ? addresses.filter(isObject) : []).find(
    (each) => each['type'] === 'InternalIP',
  )
  const address = asText(internal?.['address'])
  return address.startsWith('127.') && typeof port === 'number' && port !== 0
    ? `${address}:${port}`
    : undefined
}
