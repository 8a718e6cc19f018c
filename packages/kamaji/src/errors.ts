import { KubernetesError } from '@fochista/kubernetes'

/** The control plane is not there, or went away while it was waited for. */
export class TenantControlPlaneGoneError extends KubernetesError {
  override name = 'TenantControlPlaneGoneError'
}

/** The control plane has not made yet what is asked for: no endpoint, no kubeconfig. Waiting may help. */
export class TenantNotReadyError extends KubernetesError {
  override name = 'TenantNotReadyError'
}

/** What a tenant can write (its kubeconfig's Secret, its ConfigMaps, its answers) is not what it must be. Waiting does not help. */
export class TenantRefusedError extends KubernetesError {
  override name = 'TenantRefusedError'
}

/** The control plane is not ready yet. */
export const isTenantNotReady = (error: unknown): error is TenantNotReadyError =>
  error instanceof TenantNotReadyError
/** The tenant gave something that we do not accept. */
export const isTenantRefused = (error: unknown): error is TenantRefusedError =>
  error instanceof TenantRefusedError
