import { isIP } from 'node:net'
import type { TenantControlPlane } from '@fochista/kamaji'
import type { ApiObject, ObjectMeta } from '../kubernetes/resources.ts'
import { parseVersion, withPrefix } from './admission/versions.ts'
import { keys } from './vocabulary.ts'

/** A control plane as the store gives it, typed. */
export function asControlPlane(object: ApiObject): TenantControlPlane {
  return object as unknown as TenantControlPlane
}

/** Port of the API server. */
export function portOf(tcp: TenantControlPlane): number {
  return tcp.spec.networkProfile?.port ?? 6443
}

/** Port of the konnectivity server; undefined without the add-on. */
export function konnectivityPortOf(tcp: TenantControlPlane): number | undefined {
  const konnectivity = tcp.spec.addons?.konnectivity
  return konnectivity === undefined ? undefined : (konnectivity.server?.port ?? 8132)
}

/** Desired pods. */
export function replicasOf(tcp: TenantControlPlane): number {
  return tcp.spec.controlPlane.deployment?.replicas ?? 2
}

/** Ranges of Services; at least one. */
export function serviceRanges(tcp: TenantControlPlane): string[] {
  const { serviceCidrs = [], serviceCidr = '' } = tcp.spec.networkProfile ?? {}
  return serviceCidrs.length > 0 ? serviceCidrs : [serviceCidr === '' ? '10.96.0.0/16' : serviceCidr]
}

/** Ranges of pods; at least one. */
export function podRanges(tcp: TenantControlPlane): string[] {
  const { podCidrs = [], podCidr = '' } = tcp.spec.networkProfile ?? {}
  return podCidrs.length > 0 ? podCidrs : [podCidr === '' ? '10.244.0.0/16' : podCidr]
}

/** `v1.30.0`. */
export function versionOf(tcp: TenantControlPlane): string {
  return withPrefix(tcp.spec.kubernetes.version)
}

/** Minor of the version; 0 for a version that is none. */
export function minorOf(tcp: TenantControlPlane): number {
  try {
    return parseVersion(tcp.spec.kubernetes.version).minor
  } catch {
    return 0
  }
}

/** Domain of the tenant's Services. */
export function domainOf(tcp: TenantControlPlane): string {
  return tcp.spec.networkProfile?.clusterDomain ?? 'cluster.local'
}

/** Where users and nodes reach the API server: host and port, as written into kubeconfigs. */
export function publicEndpoint(tcp: TenantControlPlane, address: string): { host: string; port: number } {
  const { ingress, gateway } = tcp.spec.controlPlane
  const named = ingress?.hostname || gateway?.hostname
  if (named) {
    const [host = named, port] = named.split(':')
    return { host, port: Number(port ?? portOf(tcp)) }
  }
  return { host: tcp.spec.networkProfile?.advertiseAddress || address, port: portOf(tcp) }
}

/** `host:port`, an IPv6 address in brackets. */
export function joinHostPort(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

/** Metadata of an object that Kamaji makes for a control plane. */
export function ownedMetadata(
  tcp: TenantControlPlane,
  name: string,
  component: string,
  extra: {
    labels?: Record<string, string>
    annotations?: Record<string, string>
    finalizers?: string[]
  } = {},
): ObjectMeta {
  return {
    name,
    ...(tcp.metadata.namespace === undefined ? {} : { namespace: tcp.metadata.namespace }),
    labels: {
      [keys.project]: 'kamaji',
      [keys.name]: tcp.metadata.name,
      [keys.component]: component,
      ...extra.labels,
    },
    ...(extra.annotations === undefined ? {} : { annotations: extra.annotations }),
    ...(extra.finalizers === undefined ? {} : { finalizers: extra.finalizers }),
    ownerReferences: [
      {
        apiVersion: 'kamaji.clastix.io/v1alpha1',
        kind: 'TenantControlPlane',
        name: tcp.metadata.name,
        uid: tcp.metadata.uid ?? '',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  }
}
