import type { Machine, NodePool } from '@fochista/api'
import { Machines, NodePools } from '../kinds.ts'
import { createNodePoolReconciler } from '../node-pool/controller.ts'
import { aWorld, type Given } from './a-world.ts'
import { NAMESPACE } from './factories.ts'

const ref = { name: 'workers', namespace: NAMESPACE }
/** The status of a pool that has seen its control plane. */
export const known = { cluster: { uid: 'tcp-1' } }

/** A world with a pool, its reconciler, which can die and begin anew, and what can be seen of both. */
export function aPoolWorld(given: Given = {}) {
  const world = aWorld(given)
  let reconcile = createNodePoolReconciler(world.world)
  const { signal } = new AbortController()
  const look = (name = 'workers') => reconcile(`${NAMESPACE}/${name}`, signal)
  const machines = (): Machine[] => world.management.all(Machines)
  const condition = (name = 'workers') =>
    world.management
      .read(NodePools, name, NAMESPACE)
      ?.status?.conditions?.find(({ type }) => type === 'Ready')
  return {
    ...world,
    look,
    looks: async (count: number) => {
      for (let turn = 0; turn < count; turn += 1) await look()
    },
    dies: () => {
      world.dies()
      reconcile = createNodePoolReconciler(world.world)
    },
    machines,
    staying: () => machines().filter(({ metadata }) => !metadata.deletionTimestamp),
    pool: () => world.management.read(NodePools, 'workers', NAMESPACE),
    edit: (change: (pool: NodePool) => void) => world.management.change(NodePools, ref, change),
    condition,
    reason: () => condition()?.reason,
    message: () => condition()?.message ?? '',
  }
}
