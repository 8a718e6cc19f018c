export { createKubernetes } from './client.ts'
export type * from './client-types.ts'
export { machineClock } from './clock.ts'
export type { WaitingClock } from './clock.ts'
export { connectionFromKubeconfigData } from './connection/data.ts'
export {
  connectionFromEnvironment,
  connectionInCluster,
  connectionToProxy,
} from './connection/environment.ts'
export type { ConnectionFlags } from './connection/environment.ts'
export { connectionFromKubeconfig } from './connection/kubeconfig.ts'
export type { ClientCertificate, Connection, Credentials } from './connection/types.ts'
export * from './errors.ts'
export { createInformer } from './informer.ts'
export type { Informer, InformerEvent, InformerOptions } from './informer.ts'
export { defineKind, groupOf } from './kind.ts'
export type { Kind } from './kind.ts'
export * from './kinds/cluster.ts'
export * from './kinds/coordination.ts'
export * from './kinds/core.ts'
export * from './kinds/workloads.ts'
export { createLeaderElection } from './leader-election.ts'
export type { LeaderElection, LeaderElectionConfig } from './leader-election.ts'
export { parseManifests } from './manifests.ts'
export type {
  Condition,
  KubernetesObject,
  ObjectList,
  ObjectMeta,
  ObjectRef,
  OwnerReference,
} from './objects.ts'
export type { Query } from './transport.ts'
