import type { ApiObject } from '../../resources.ts'
import { asText, at, isObject } from '../../rest/json.ts'

/** Where a kubelet listens unless its node says otherwise. */
const KUBELET_PORT = 10_250

/** `host:port` of a node's kubelet, as the API server looks for it. */
export function kubeletAddress(node: ApiObject): string {
  const addresses = at(node, ['status', 'addresses'])
  const known = Array.isArray(addresses) ? addresses.filter(isObject) : []
  const host = ['InternalIP', 'Hostname']
    .map((type) => asText(known.find((each) => each['type'] === type)?.['address']))
    .find((address) => address !== '')
  const port = at(node, ['status', 'daemonEndpoints', 'kubeletEndpoint', 'Port'])
  const listens = typeof port === 'number' && port !== 0 ? port : KUBELET_PORT
  return `${host ?? node.metadata.name ?? ''}:${listens}`
}

/**
 * `host:port` of a node's kubelet when it is this machine's own address: such a node is none of the lab's guests, and nothing answers
 * there. Undefined for all others.
 */
export function loopbackKubelet(node: ApiObject): string | undefined {
  const address = kubeletAddress(node)
  return address.startsWith('127.') ? address : undefined
}
