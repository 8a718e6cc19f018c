import type { ObjectMeta } from '../kind.ts'

/** What a control plane's manifest is made from. */
export interface TenantControlPlaneOptions {
  readonly name: string
  readonly namespace?: string
  /** Kubernetes version, such as `v1.30.0`. */
  readonly version: string
  /** Replicas of the control plane. @default 2 */
  readonly replicas?: number | undefined
  /** How it is reached. @default 'LoadBalancer' */
  readonly serviceType?: 'LoadBalancer' | 'NodePort' | 'ClusterIP'
  /** Port of the API server. @default 6443 */
  readonly port?: number
  readonly labels?: Record<string, string>
}

/** A TenantControlPlane with CoreDNS, kube-proxy and konnectivity. */
export function tenantControlPlaneManifest(options: TenantControlPlaneOptions): {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: Record<string, unknown>
} {
  const {
    name,
    namespace,
    version,
    replicas = 2,
    serviceType = 'LoadBalancer',
    port = 6443,
    labels,
  } = options
  return {
    apiVersion: 'kamaji.clastix.io/v1alpha1',
    kind: 'TenantControlPlane',
    metadata: { name, ...(namespace ? { namespace } : {}), labels: { 'tenant.clastix.io': name, ...labels } },
    spec: {
      controlPlane: { deployment: { replicas }, service: { serviceType } },
      kubernetes: {
        version: version.startsWith('v') ? version : `v${version}`,
        kubelet: { cgroupfs: 'systemd' },
      },
      networkProfile: { port },
      addons: { coreDNS: {}, kubeProxy: {}, konnectivity: { server: { port: 8132 } } },
    },
  }
}
