export { caPin } from './ca-pin.ts'
export { endpointOf, printEndpoint } from './endpoint.ts'
export type { Endpoint } from './endpoint.ts'
export * from './errors.ts'
export { DataStore, KubeconfigGenerator, TenantControlPlane } from './kinds.ts'
export { kubeconfigOf } from './kubeconfig.ts'
export type { KubeconfigOptions } from './kubeconfig.ts'
export {
  createTenantControlPlane,
  deleteTenantControlPlane,
  patchTenantControlPlane,
  relatedObjects,
  relatedSelector,
  replaceTenantControlPlane,
  scaleTenantControlPlane,
  withRequiredParts,
} from './operations.ts'
export type { RelatedObjects } from './operations.ts'
export {
  isObserved,
  isPausedForHealth,
  isReady,
  STATUS_SEQUENCES,
  statusOf,
  waitUntilReady,
  whyNotReady,
} from './status.ts'
export type { TenantControlPlaneState } from './status.ts'
export type { BootstrapToken, NewBootstrapToken } from './tenant/bootstrap-tokens.ts'
export { connectTenant, tenantConnection } from './tenant/connect.ts'
export type { ConnectTenantOptions, Tenant } from './tenant/connect.ts'
export type { DrainOptions, DrainResult, RemainingPod } from './tenant/drain.ts'
export type { JoinData } from './tenant/join-data.ts'
