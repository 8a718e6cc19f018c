import type { ProxmoxCluster } from '@fochista/api'
import { age } from '../../output.ts'
import type { Resource } from '../resources.ts'

/** ProxmoxClusters on the command line. */
export const proxmoxClusters: Resource<ProxmoxCluster> = {
  noun: 'proxmox',
  kind: async () => (await import('@fochista/api')).proxmoxClusterKind,
  columns: [
    { heading: 'NAME', cell: (cluster) => cluster.metadata.name },
    { heading: 'ENDPOINTS', cell: (cluster) => cluster.spec.endpoints.join(',') },
    { heading: 'VERSION', cell: (cluster) => cluster.status?.version },
    { heading: 'NODES', cell: (cluster) => cluster.status?.nodes?.length, right: true },
    {
      heading: 'READY',
      cell: (cluster) => cluster.status?.conditions?.find(({ type }) => type === 'Ready')?.status,
    },
    {
      heading: 'MESSAGE',
      cell: (cluster) => cluster.status?.conditions?.find(({ status }) => status === 'False')?.message,
      wide: true,
    },
    { heading: 'AGE', cell: (cluster) => age(cluster.metadata.creationTimestamp), right: true },
  ],
}
