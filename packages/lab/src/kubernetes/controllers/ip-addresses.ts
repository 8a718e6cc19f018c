import { strings } from '../builtin/defaults/fields.ts'
import type { ApiObject } from '../resources.ts'
import { kinds } from './kinds.ts'
import { specOf } from './objects.ts'
import type { ControllerHost } from './runtime.ts'
import { keyOf, Loop, splitKey } from './runtime.ts'

/** Keeps an IPAddress for each address of a service, as the allocator of an API server does. */
export function startIpAddresses(host: ControllerHost): Loop {
  const holders = new Map<string, string>()
  const loop: Loop = new Loop(
    host,
    'ip-allocator',
    (address) => {
      const holder = holders.get(address)
      const found = loop.store.get(kinds.ipAddresses, undefined, address)
      if (holder === undefined) {
        if (found !== undefined) loop.store.delete(kinds.ipAddresses, { name: address }, loop.writes)
        return
      }
      if (found !== undefined) return
      const [namespace, name] = splitKey(holder)
      loop.store.create(
        kinds.ipAddresses,
        {
          metadata: {
            name: address,
            labels: {
              'ipaddress.kubernetes.io/ip-family': address.includes(':') ? 'IPv6' : 'IPv4',
              'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
            },
          },
          spec: { parentRef: { group: '', resource: 'services', namespace: namespace ?? '', name } },
        },
        loop.writes,
      )
    },
    'kube-apiserver',
  )
  return loop.watch(kinds.services, ({ type, object, old }) => {
    const now = type === 'DELETED' ? [] : addressesOf(object)
    const before = addressesOf(old).filter((address) => !now.includes(address))
    for (const address of before) holders.delete(address)
    for (const address of now) holders.set(address, keyOf(object))
    return [...before, ...now]
  })
}

function addressesOf(service: ApiObject | undefined): string[] {
  return strings(specOf(service), 'clusterIPs').filter((address) => address !== 'None')
}
