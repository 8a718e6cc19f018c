import type { ProxmoxCluster } from '@fochista/api'
import { age } from '../../output.ts'
import { machines } from '../machine/resource.ts'
import type { Resource } from '../resources.ts'

/** ProxmoxClusters on the command line. */
export const proxmoxClusters: Resource<ProxmoxCluster> = {
  noun: 'proxmox',
  example: 'lab',
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
  whyNotDelete: async (context, cluster) => {
    const { proxmoxClusterCan } = await import('@fochista/api')
    const { items } = await (await context.kubernetes()).list(await machines.kind())
    return proxmoxClusterCan.delete.reason(cluster, items)
  },
  // The Secret that `proxmox add` made; one that somebody else made and named here stays.
  afterDelete: async (context, { metadata, spec }) => {
    const { SYSTEM_NAMESPACE } = await import('@fochista/api')
    const { isNotFound, orUndefined, Secret } = await import('@fochista/kubernetes')
    const { name } = spec.credentialsRef
    if (name !== `proxmox-${metadata.name}`) return
    const kubernetes = await context.kubernetes()
    await orUndefined(isNotFound, kubernetes.delete(Secret, { name, namespace: SYSTEM_NAMESPACE }))
  },
}
