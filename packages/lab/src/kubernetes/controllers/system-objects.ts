import { StatusError } from '../errors.ts'
import type { ApiObject, GroupVersionResource } from '../resources.ts'
import { addressText, parseCidr } from '../builtin/service-allocator.ts'
import { kinds } from './kinds.ts'
import type { ControllerHost } from './runtime.ts'
import { Loop } from './runtime.ts'

/** What an API server publishes of itself. */
export interface SystemOptions {
  /** Where the server answers, for the Endpoints of default/kubernetes. Default 127.0.0.1:6443 is not published. */
  address?: { host: string; port: number }
  /** Default 10.96.0.0/16; its first address is that of default/kubernetes. */
  serviceCidr?: string
}

const CRITICAL: ApiObject[] = [
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
]

/** Makes what every API server has from the start: the service of itself, its range, the system's priority classes. */
export function startSystemObjects(host: ControllerHost, options: SystemOptions = {}): Loop {
  const loop: Loop = new Loop(
    host,
    'apiserver',
    () => {
      const ensure = (gvr: GroupVersionResource, object: ApiObject): void => {
        const { namespace, name = '' } = object.metadata
        if (loop.store.get(gvr, namespace, name) !== undefined) return
        try {
          loop.store.create(gvr, object, loop.writes)
        } catch (error) {
          // A server without the kind goes without the object.
          if (!(error instanceof StatusError) || error.code !== 404) throw error
        }
      }
      for (const each of CRITICAL) ensure(kinds.priorityClasses, each)
      const cidrs = (options.serviceCidr ?? '10.96.0.0/16').split(',')
      ensure(kinds.serviceCidrs, { metadata: { name: 'kubernetes' }, spec: { cidrs } })
      const { first } = parseCidr(cidrs[0] ?? '')
      const clusterIP = addressText(first + 1)
      const metadata = { name: 'kubernetes', namespace: 'default' }
      const target = options.address?.port ?? 6443
      ensure(kinds.services, {
        metadata: { ...metadata, labels: { component: 'apiserver', provider: 'kubernetes' } },
        spec: { clusterIP, ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: target }] },
      })
      // Endpoints may not be loopback addresses, which is where a lab listens.
      if (options.address === undefined || options.address.host.startsWith('127.')) return
      const ports = [{ name: 'https', port: target, protocol: 'TCP' }]
      ensure(kinds.endpoints, {
        metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
        subsets: [{ addresses: [{ ip: options.address.host }], ports }],
      })
      ensure(kinds.endpointSlices, {
        metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
        addressType: options.address.host.includes(':') ? 'IPv6' : 'IPv4',
        endpoints: [{ addresses: [options.address.host], conditions: { ready: true } }],
        ports,
      })
    },
    'kube-apiserver',
  )
  loop.enqueue('all')
  return loop
}
