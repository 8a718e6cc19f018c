import type { Kubernetes, ObjectRef } from '@fochista/kubernetes'
import { TenantControlPlaneGoneError } from './errors.ts'
import { TenantControlPlane } from './kinds.ts'

/** State of a control plane in Kamaji's words, and `Waiting` for one that has reported nothing yet. */
export type TenantControlPlaneState =
  | 'Waiting'
  | 'Unknown'
  | 'Provisioning'
  | 'CertificateAuthorityRotating'
  | 'Upgrading'
  | 'Migrating'
  | 'Ready'
  | 'NotReady'
  | 'Sleeping'
  | 'WriteLimited'

/**
 * States in the order in which they are seen, by what was done. Others may come in between; a state that does not come is passed over
 * (with one replica and no konnectivity there is no second `Provisioning`).
 */
export const STATUS_SEQUENCES = {
  create: ['Waiting', 'Provisioning', 'NotReady', 'Provisioning', 'Ready'],
  createAsleep: ['Waiting', 'Provisioning', 'Sleeping'],
  scale: ['Ready', 'Unknown', 'Ready'],
  upgrade: ['Ready', 'Upgrading', 'Ready'],
  sleep: ['Ready', 'Sleeping'],
  wake: ['Sleeping', 'NotReady', 'Unknown', 'Ready'],
  migrate: ['Ready', 'Migrating', 'Unknown', 'Ready'],
  rotate: ['Ready', 'CertificateAuthorityRotating', 'Unknown', 'Ready'],
} as const satisfies Record<string, readonly TenantControlPlaneState[]>

/** The state a control plane reports. */
export function statusOf(tcp: TenantControlPlane): TenantControlPlaneState {
  return tcp.status?.kubernetesResources?.version?.status ?? 'Waiting'
}

/** Whether the control plane serves, with all its replicas at the version asked for. A deleting one is not ready. */
export function isReady(tcp: TenantControlPlane): boolean {
  return statusOf(tcp) === 'Ready' && !tcp.metadata.deletionTimestamp
}

/**
 * Whether Kamaji has worked through the newest spec. While it lags, the state still tells of the older one; a lag that lasts is the
 * only sign Kamaji gives of a spec it cannot carry out.
 */
export function isObserved(tcp: TenantControlPlane): boolean {
  return (tcp.status?.observedGeneration ?? 0) >= (tcp.metadata.generation ?? 0)
}

/** Whether the health of its nodes says nothing now: its API is away, or every node is expected to lose touch for a while. */
export function isPausedForHealth(tcp: TenantControlPlane): boolean {
  return ['Sleeping', 'Migrating', 'Upgrading', 'CertificateAuthorityRotating'].includes(statusOf(tcp))
}

/** What a control plane that is not ready waits for, in one sentence for a person; `undefined` when it is ready. */
export function whyNotReady(tcp: TenantControlPlane): string | undefined {
  const { name, deletionTimestamp } = tcp.metadata
  if (deletionTimestamp) return 'it is being deleted'
  if (tcp.metadata.annotations?.['kamaji.clastix.io/paused'] !== undefined)
    return 'Kamaji is paused for it (annotation kamaji.clastix.io/paused)'
  switch (statusOf(tcp)) {
    case 'Ready':
      return undefined
    case 'Waiting':
      return whyWaiting(tcp)
    case 'Sleeping':
      return 'it sleeps: spec.controlPlane.deployment.replicas is 0'
    case 'Provisioning':
    case 'NotReady': {
      const { readyReplicas = 0, replicas = 0 } = tcp.status?.kubernetesResources?.deployment ?? {}
      // Before Kamaji has made the Deployment only the spec says how many there will be; Kamaji's default is 2.
      const wanted = replicas || (tcp.spec.controlPlane.deployment?.replicas ?? 2)
      return `its pods are not ready yet: ${readyReplicas} of ${wanted} (kubectl get pods -l kamaji.clastix.io/name=${name})`
    }
    case 'Upgrading':
      return `it is being upgraded to ${tcp.spec.kubernetes.version}`
    case 'Migrating':
      return `its data is being moved to the data store ${tcp.spec.dataStore ?? ''}`.trimEnd()
    case 'CertificateAuthorityRotating':
      return 'its certificate authority is being replaced'
    case 'WriteLimited':
      return 'writing is limited by spec.writePermissions'
    case 'Unknown':
      return 'its pods are being replaced'
  }
}

function whyWaiting({ metadata: { name }, spec }: TenantControlPlane): string {
  const { address, port = 6443 } = spec.networkProfile ?? {}
  switch (spec.controlPlane.service.serviceType) {
    case 'LoadBalancer':
      return address
        ? 'Kamaji has not begun yet'
        : `its Service ${name} has no LoadBalancer address yet (an IP is needed, a host name does not do)`
    case 'NodePort':
      if (!address) return 'with NodePort, spec.networkProfile.address must be set'
      if (port < 30_000 || port > 32_767)
        return `with NodePort, spec.networkProfile.port must be from 30000 to 32767; it is ${port}`
      return 'Kamaji has not begun yet'
    default:
      return 'Kamaji has not begun yet'
  }
}

/**
 * Waits until a control plane is ready and its newest spec is worked through. It need not exist yet. Throws the signal's reason when
 * aborted and TenantControlPlaneGoneError when it goes away.
 */
export async function waitUntilReady(
  kubernetes: Kubernetes,
  ref: ObjectRef,
  options: { signal?: AbortSignal; onProgress?: (tcp: TenantControlPlane) => void } = {},
): Promise<TenantControlPlane> {
  const { signal, onProgress } = options
  const select = {
    fieldSelector: `metadata.name=${ref.name}`,
    ...(ref.namespace && { namespace: ref.namespace }),
    ...(signal && { signal }),
  }
  for await (const { type, object } of kubernetes.watch(TenantControlPlane, select)) {
    if (type === 'DELETED')
      throw new TenantControlPlaneGoneError(
        `TenantControlPlane "${ref.name}" was deleted while it was waited for`,
      )
    onProgress?.(object)
    if (isReady(object) && isObserved(object)) return object
  }
  signal?.throwIfAborted()
  throw new TenantControlPlaneGoneError(`the watch of TenantControlPlane "${ref.name}" ended`)
}
