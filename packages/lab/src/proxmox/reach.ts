import { die } from './api-error.ts'
import { Refusal } from './http/refusal.ts'
import type { ProxmoxWorld } from './world.ts'

/** Milliseconds of hardware time until an attempt is given up. */
const NO_ROUTE = 3000
const NO_NAME_SERVER = 6100

/**
 * Reaches the host that a call is for, from the one that was contacted.
 * @throws what the original says of a name that does not resolve; a bare 595 for a host that is off.
 */
export async function reachHost(
  world: ProxmoxWorld,
  contact: string,
  node: string,
  startedAt: number,
): Promise<void> {
  if (node === contact) return
  const failure = world.cluster.unreachable.get(node)
  if (failure !== undefined) {
    await world.clock.sleep(failure.after)
    throw new Refusal(failure.status, failure.reason, '')
  }
  const host = world.hosts.get(node)
  if (host === undefined) {
    const asked = /^[a-zA-Z0-9]/.test(node) && world.cluster.nameServerDown
    if (asked) await world.clock.sleep(NO_NAME_SERVER)
    const why = asked ? 'Temporary failure in name resolution' : 'Name or service not known'
    die(`hostname lookup '${node}' failed - failed to get address info for: ${node}: ${why}`)
  }
  if (host.online) return
  const passed = (world.clock.now() - startedAt) * world.clock.speed
  await world.clock.sleep(Math.max(0, NO_ROUTE - passed))
  throw new Refusal(595, 'No route to host', '')
}
