// The public surface: the shared vocabulary of Fochista, safe in a browser.
export * from './names.ts'
export * from './conditions.ts'
export * from './reasons.ts'
export { formatBytes, parseBytes, parseDuration } from './quantity.ts'
export { parseMark, printMark, withMark, type Mark } from './mark.ts'
export type { Kind, ObjectMeta, Resource } from './kind.ts'
export { proxmoxClusterKind, type ProxmoxCluster } from './resources/proxmox-cluster.ts'
export { machineClassKind, type MachineClass, type MachineNetwork } from './resources/machine-class.ts'
export { nodePoolKind, type NodePool, type NodeTaint, type PoolBootstrap } from './resources/node-pool.ts'
export { machineKind, type Machine, type MachineAddress } from './resources/machine.ts'
export { crds, type CustomResourceDefinition } from './crd.ts'
export { printProblem, validate, type FieldProblem } from './validate.ts'
export { poolProblems, shapeOf, type Shape } from './shape.ts'
export { defaultClassOf } from './default-class.ts'
export { quotaExceeded, quotaLeft, quotaProblem, usageOf, valueOf } from './quota.ts'
export { classProblems } from './class-problems.ts'
export { isInRange } from './ip.ts'
export {
  proxmoxRights,
  proxmoxRoles,
  type ProxmoxRight,
  type ProxmoxRole,
  type ProxmoxUse,
} from './proxmox-rights.ts'
export { nodeLabelProblem } from './node-labels.ts'
export { machineCan, machineClassCan, nodePoolCan, proxmoxClusterCan, type Predicate } from './predicates.ts'
export {
  clusterView,
  poolView,
  timelineOf,
  type ClusterView,
  type MachineStepView,
  type PoolView,
} from './views/cluster.ts'
export {
  tenantControlPlaneManifest,
  type TenantControlPlaneOptions,
} from './manifests/tenant-control-plane.ts'
export { nodePoolManifest, type NodePoolOptions } from './manifests/node-pool.ts'
export { machineClassManifest, type MachineClassOptions } from './manifests/machine-class.ts'
export {
  proxmoxClusterManifests,
  type ProxmoxClusterOptions,
  type SecretManifest,
} from './manifests/proxmox-cluster.ts'
export { CONTROLLERS_DEPLOYMENT } from './manifests/controllers.ts'
export { API_ACCESS_ACCOUNT, apiAccessManifests } from './manifests/api-access.ts'
export { installManifests, type InstallOptions, type Manifest } from './manifests/install.ts'
