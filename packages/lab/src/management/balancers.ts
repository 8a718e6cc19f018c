import type { LoadBalancers } from '../kubernetes/controllers/index.ts'
import type { ApiObject } from '../kubernetes/resources.ts'
import { at } from '../kubernetes/rest/json.ts'
import type { LabNetwork } from '../tenant/network.ts'

/**
 * Gives each Service of type LoadBalancer an address of the lab's network for as long as it lives.
 * @param services that are there already: those that have an address keep it.
 */
export function createBalancers(network: LabNetwork, services: readonly ApiObject[] = []): LoadBalancers {
  const addresses = new Map<string, string>()
  for (const service of services) {
    const ingress = at(service, ['status', 'loadBalancer', 'ingress'])
    const address = Array.isArray(ingress) ? at(ingress[0], ['ip']) : undefined
    if (typeof address !== 'string') continue
    addresses.set(service.metadata.uid ?? '', address)
    network.reserve(address)
  }
  return {
    allocate(service) {
      const uid = service.metadata.uid ?? ''
      const known = addresses.get(uid)
      if (known !== undefined) return known
      const address = network.allocate()
      if (address !== undefined) addresses.set(uid, address)
      return address
    },
    release(service) {
      const uid = service.metadata.uid ?? ''
      const address = addresses.get(uid)
      if (address === undefined) return
      addresses.delete(uid)
      network.release(address)
    },
  }
}
