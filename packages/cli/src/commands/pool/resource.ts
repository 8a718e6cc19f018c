import type { NodePool } from '@fochista/api'
import { age } from '../../output.ts'
import { notBegunToGo } from '../machine/timeline.ts'
import type { Resource } from '../resources.ts'

/** What keeps a pool, how far a rollout is, which takes nothing from a pool that has what it wants, or what a deletion waits for. */
function messageOf({ metadata, status }: NodePool): string | undefined {
  const conditions = status?.conditions ?? []
  if (metadata.deletionTimestamp)
    return (
      conditions.find(({ type, status: is }) => type === 'Ready' && is !== 'True')?.message ?? notBegunToGo()
    )
  return conditions.find(({ status: is, reason }) => is === 'False' || reason === 'RollingOut')?.message
}

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
      cell: messageOf,
      wide: true,
    },
  ],
}
