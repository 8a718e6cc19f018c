import type { NodePool } from '@fochista/api'
import { age } from '../../output.ts'
import type { Resource } from '../resources.ts'

/** NodePools on the command line. */
export const pools: Resource<NodePool> = {
  noun: 'pool',
  example: 'workers',
  kind: async () => (await import('@fochista/api')).nodePoolKind,
  columns: [
    { heading: 'NAME', cell: (pool) => pool.metadata.name },
    { heading: 'CLUSTER', cell: (pool) => pool.spec.clusterName },
    { heading: 'CLASS', cell: (pool) => pool.spec.className ?? pool.status?.className },
    { heading: 'DESIRED', cell: (pool) => pool.spec.replicas, right: true },
    { heading: 'MACHINES', cell: (pool) => pool.status?.replicas, right: true },
    { heading: 'READY', cell: (pool) => pool.status?.readyReplicas ?? 0, right: true },
    { heading: 'UPDATED', cell: (pool) => pool.status?.updatedReplicas, right: true, wide: true },
    { heading: 'VERSION', cell: (pool) => pool.spec.version ?? pool.status?.version, wide: true },
    { heading: 'AGE', cell: (pool) => age(pool.metadata.creationTimestamp), right: true },
    {
      heading: 'MESSAGE',
      // How far a rollout is, too: it takes nothing from a pool that has what it wants.
      cell: (pool) =>
        pool.status?.conditions?.find(({ status, reason }) => status === 'False' || reason === 'RollingOut')
          ?.message,
      wide: true,
    },
  ],
}
