import type { TenantControlPlane } from '@fochista/kamaji'
import type { JsonObject } from '../kubernetes/resources.ts'
import { konnectivityPortOf, portOf } from './control-plane.ts'
import { keys } from './vocabulary.ts'

/** What the Service of a control plane must say. With `konnectivity` its port too, which is added by a later step. */
export function serviceSpec(tcp: TenantControlPlane, konnectivity: boolean): JsonObject {
  const { service } = tcp.spec.controlPlane
  const profile = tcp.spec.networkProfile ?? {}
  const type = service.serviceType
  const port = portOf(tcp)
  const agentPort = konnectivityPortOf(tcp)
  const entry = (name: string, number: number): JsonObject => ({
    name,
    protocol: 'TCP',
    port: number,
    targetPort: number,
    ...(type === 'NodePort' ? { nodePort: number } : {}),
  })
  return {
    type,
    selector: { [keys.name]: tcp.metadata.name },
    ports: [
      entry('kube-apiserver', port),
      ...(konnectivity && agentPort !== undefined ? [entry('konnectivity-server', agentPort)] : []),
      ...((service.additionalPorts ?? []) as unknown as JsonObject[]),
    ],
    ...(type === 'LoadBalancer'
      ? {
          allocateLoadBalancerNodePorts: service.allocateLoadBalancerNodePorts ?? true,
          ...(profile.loadBalancerClass === undefined
            ? {}
            : { loadBalancerClass: profile.loadBalancerClass }),
          ...(profile.loadBalancerSourceRanges === undefined
            ? {}
            : { loadBalancerSourceRanges: profile.loadBalancerSourceRanges }),
        }
      : {}),
    ...(profile.allowAddressAsExternalIP === true && profile.address && type !== 'LoadBalancer'
      ? { externalIPs: [profile.address] }
      : {}),
  }
}
