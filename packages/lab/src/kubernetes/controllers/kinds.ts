import type { GroupVersionResource } from '../resources.ts'

const v1 = (group: string, resource: string): GroupVersionResource => ({ group, version: 'v1', resource })

/** Paths of the kinds that controllers work with. */
export const kinds = {
  claims: v1('', 'persistentvolumeclaims'),
  configMaps: v1('', 'configmaps'),
  daemonSets: v1('apps', 'daemonsets'),
  deployments: v1('apps', 'deployments'),
  disruptionBudgets: v1('policy', 'poddisruptionbudgets'),
  endpoints: v1('', 'endpoints'),
  endpointSlices: v1('discovery.k8s.io', 'endpointslices'),
  events: v1('', 'events'),
  ipAddresses: v1('networking.k8s.io', 'ipaddresses'),
  leases: v1('coordination.k8s.io', 'leases'),
  nodes: v1('', 'nodes'),
  pods: v1('', 'pods'),
  priorityClasses: v1('scheduling.k8s.io', 'priorityclasses'),
  replicaSets: v1('apps', 'replicasets'),
  resourceQuotas: v1('', 'resourcequotas'),
  secrets: v1('', 'secrets'),
  serviceCidrs: v1('networking.k8s.io', 'servicecidrs'),
  services: v1('', 'services'),
  signingRequests: v1('certificates.k8s.io', 'certificatesigningrequests'),
} as const
