import { reachesHost, zoneOfNetwork } from './sdn/running.ts'
import type { ProxmoxWorld } from './world.ts'

/** Whether guests of a host can be plugged into a bridge: one of every host, of this one, or a network that is in force there. */
export function hasBridge(world: ProxmoxWorld, node: string, bridge: string): boolean {
  if (world.bridges.includes(bridge)) return true
  const own = world.cluster.interfaces.get(node)?.get(bridge)
  if (own !== undefined && /bridge$/i.test(String(own['type']))) return true
  const zone = zoneOfNetwork(world, bridge)
  return zone !== undefined && reachesHost(world, zone, node)
}

/** Where the rights on a bridge are given: below its zone, `localnetwork` for a host's own. */
export function pathOfBridge(world: ProxmoxWorld, bridge: string): string {
  return `/sdn/zones/${zoneOfNetwork(world, bridge) ?? 'localnetwork'}/${bridge}`
}
