import { startTenantControllers } from '../kubernetes/controllers/index.ts'
import { signRequest } from '../pki.ts'
import type { Usage } from '../pki.ts'
import type { TenantCluster } from './clusters.ts'

const USAGES: Record<string, Usage> = { 'client auth': 'client', 'server auth': 'server' }
const DAY_SECONDS = 86_400

/** Starts what a tenant's controller manager and scheduler do. Pods run only where a guest's kubelet runs them. Returns what ends it. */
export function startTenant(cluster: TenantCluster): () => void {
  return startTenantControllers(cluster.api, {
    pods: { runsPods: () => false },
    podCidr: cluster.podCidr,
    system: { address: cluster.address, serviceCidr: cluster.serviceCidr },
    signer: (order) =>
      signRequest(cluster.ca, order.requestPem, {
        usages: order.usages.flatMap((usage) => USAGES[usage] ?? []),
        days: (order.expirationSeconds ?? 365 * DAY_SECONDS) / DAY_SECONDS,
        now: cluster.api.clock.now(),
      }),
  })
}
