import type { TenantControlPlane } from '@fochista/kamaji'
import { age } from '../../output.ts'
import type { Resource } from '../resources.ts'

/** Clusters on the command line: Kamaji's TenantControlPlanes, wrapped in nothing. */
export const clusters: Resource<TenantControlPlane> = {
  noun: 'cluster',
  example: 'tenant-test',
  kind: async () => (await import('@fochista/kamaji')).TenantControlPlane,
  columns: [
    { heading: 'NAME', cell: (cluster) => cluster.metadata.name },
    { heading: 'VERSION', cell: (cluster) => cluster.spec.kubernetes.version },
    {
      heading: 'INSTALLED',
      cell: (cluster) => cluster.status?.kubernetesResources?.version?.version,
      wide: true,
    },
    { heading: 'STATUS', cell: (cluster) => cluster.status?.kubernetesResources?.version?.status },
    { heading: 'ENDPOINT', cell: (cluster) => cluster.status?.controlPlaneEndpoint },
    {
      heading: 'REPLICAS',
      cell: (cluster) => cluster.spec.controlPlane.deployment?.replicas,
      right: true,
      wide: true,
    },
    { heading: 'DATASTORE', cell: (cluster) => cluster.status?.storage?.dataStoreName, wide: true },
    { heading: 'AGE', cell: (cluster) => age(cluster.metadata.creationTimestamp), right: true },
  ],
}
