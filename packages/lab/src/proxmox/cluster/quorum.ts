import { die } from '../api-error.ts'
import type { ProxmoxWorld } from '../world.ts'

/** Whether more than half of the hosts are there: only then may configuration change. */
export function hasQuorum(world: ProxmoxWorld): boolean {
  let online = 0
  for (const host of world.hosts.values()) if (host.online) online += 1
  return online * 2 > world.hosts.size
}

/** Writes to guests that change no file of the cluster: they work without a quorum. */
const WITHOUT_FILE =
  /\/(?:status\/(?:stop|shutdown|reset|suspend|resume|reboot)|agent|monitor|sendkey|vncproxy|termproxy|spiceproxy)(?:\/|$)/

/**
 * Refuses a change of a guest's configuration while most hosts are away.
 * @param key of the call: `POST /nodes/{node}/qemu`.
 */
export function requireQuorum(world: ProxmoxWorld, key: string): void {
  if (key.startsWith('GET ') || !key.includes('/nodes/{node}/qemu') || WITHOUT_FILE.test(key)) return
  if (!hasQuorum(world)) die('cluster not ready - no quorum?')
}
