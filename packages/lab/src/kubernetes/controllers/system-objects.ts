import { createHash, randomUUID } from 'node:crypto'
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
  /** Name of the machine or pod that it runs in. Default `localhost`. */
  hostname?: string
}

/** How long the Lease of a server's identity holds, seconds, and when it is renewed, milliseconds. */
const LEASE_SECONDS = 3600
const RENEW_AFTER = 1_800_000
/** The first minor version that tells other servers its address. */
const PEERS_SINCE = 36
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

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

/** Makes what every API server has from the start: the service of itself, its range, the system's priority classes, its Lease. */
export function startSystemObjects(host: ControllerHost, options: SystemOptions = {}): Loop {
  const identity = identityOf(options, host.gitVersion)
  const holderIdentity = `${identity.name}_${randomUUID()}`
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
      const renewTime = new Date(loop.clock.now()).toISOString().replace('Z', '000Z')
      const spec = { holderIdentity, leaseDurationSeconds: LEASE_SECONDS, renewTime }
      if (loop.store.get(kinds.leases, identity.namespace, identity.name) === undefined)
        ensure(kinds.leases, { metadata: identity, spec })
      else loop.store.patch(kinds.leases, identity, { spec }, loop.writes)
      loop.enqueue('all', RENEW_AFTER)
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

/** The metadata of the Lease that tells which server answers: its name is a digest of where the server runs. */
function identityOf({ hostname = 'localhost', address }: SystemOptions, gitVersion = '') {
  const digest = createHash('sha256').update(`${hostname}-kube-apiserver`).digest()
  return {
    name: `apiserver-${base32(digest.subarray(0, 16))}`,
    namespace: 'kube-system',
    labels: { 'apiserver.kubernetes.io/identity': 'kube-apiserver', 'kubernetes.io/hostname': hostname },
    // Younger servers tell each other where they are (recorded of 1.36).
    ...(address === undefined || Number(/^v1\.(\d+)/.exec(gitVersion)?.[1]) < PEERS_SINCE
      ? {}
      : { annotations: { 'kubernetes.io/peer-advertise-address': `${address.host}:${address.port}` } }),
  }
}

function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  return groups.map((group) => ALPHABET[Number.parseInt(group.padEnd(5, '0'), 2)]).join('')
}
