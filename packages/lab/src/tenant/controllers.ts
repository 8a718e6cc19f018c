import { signWith, startTenantControllers } from '../kubernetes/controllers/index.ts'
import type { TenantCluster } from './clusters.ts'

/** Starts what a tenant's controller manager and scheduler do. Pods run only where a guest's kubelet runs them. Returns what ends it. */
export function startTenant(cluster: TenantCluster): () => void {
  return startTenantControllers(cluster.api, {
    pods: { runsPods: () => false },
    podCidr: cluster.podCidr,
    system: { address: cluster.address, serviceCidr: cluster.serviceCidr, hostname: cluster.name },
    signer: signWith(cluster.ca, cluster.api.clock),
  })
}
