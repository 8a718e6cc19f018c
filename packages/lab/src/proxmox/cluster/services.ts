import type { ProxmoxWorld } from '../world.ts'
import { keepPowerHistory } from '../statistics/power.ts'
import { keepManaging } from './ha/manager.ts'
import { keepClusterLog } from './log.ts'
import { startBroadcast } from './statistics.ts'

const running = new WeakMap<ProxmoxWorld, { users: number; stops: (() => void)[] }>()

/** Runs what a cluster does by itself, once however many hosts have an API. Returns what stops it when its last user does. */
export function runServices(world: ProxmoxWorld): () => void {
  const services = running.get(world) ?? { users: 0, stops: [] }
  running.set(world, services)
  if (services.users === 0)
    services.stops = [
      keepPowerHistory(world),
      startBroadcast(world),
      keepClusterLog(world),
      keepManaging(world),
    ]
  services.users += 1
  let isUser = true
  return () => {
    if (!isUser) return
    isUser = false
    services.users -= 1
    if (services.users === 0) for (const stop of services.stops) stop()
  }
}
