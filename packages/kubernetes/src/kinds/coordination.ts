import { defineKind } from '../kind.ts'
import type { KubernetesObject } from '../objects.ts'

/** A `Lease`, as far as we read it. */
export interface Lease extends KubernetesObject {
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    /** RFC 3339 with six decimals. */
    acquireTime?: string
    /** RFC 3339 with six decimals. */
    renewTime?: string
    leaseTransitions?: number
  }
}
/** The kind `Lease`. */
export const Lease = defineKind<Lease>({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
})
