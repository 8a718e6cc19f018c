import { REASON, type NodePool } from '@fochista/api'
import type { World } from '../world.ts'

/**
 * Says so when every Node of the cluster bears a taint that keeps Kamaji's add-ons away: without CoreDNS there is no DNS, without the
 * konnectivity agent there are no logs and no exec. Said of the pools that are tainted.
 */
export function sayAddons(world: World, pool: NodePool): void {
  const { namespace = 'default' } = pool.metadata
  const nodes = world.tenants.nodes(namespace, pool.spec.clusterName)
  const type = REASON.addonsHaveNoNode
  const isTainted = (pool.spec.node?.taints ?? []).some(keepsAway)
  if (!isTainted || nodes.length === 0 || !nodes.every((node) => (node.spec?.taints ?? []).some(keepsAway)))
    return world.voice.unsay(pool, type)
  const message =
    'Every Node of the cluster bears a taint, so CoreDNS and the konnectivity agent run nowhere: there is no DNS, and no logs and no exec. Add a pool without taints.'
  world.voice.alert(pool, type, type, message)
}

/** Taints that Kubernetes sets by itself say how a Node is now, not what it is for. */
function keepsAway({ key, effect }: { key: string; effect: string }): boolean {
  return effect !== 'PreferNoSchedule' && !key.startsWith('node.kubernetes.io/')
}
