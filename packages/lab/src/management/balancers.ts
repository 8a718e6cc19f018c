import type { LoadBalancers } from '../kubernetes/controllers/index.ts'
import type { LabNetwork } from '../tenant/network.ts'

/** Gives each Service of type LoadBalancer an address of the lab's network for as long as it lives. */
export function createBalancers(network: LabNetwork): LoadBalancers {
  const addresses = new Map<string, string>()
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
