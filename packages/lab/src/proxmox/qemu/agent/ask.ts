import type { ProxmoxWorld, Vm } from '../../world.ts'
import { TIMINGS } from '../timings.ts'

/** True when a guest's agent answers within the time that Proxmox gives it, 3 s. */
export async function agentAnswers(world: ProxmoxWorld, vm: Vm): Promise<boolean> {
  const gaveUp = new AbortController()
  const late = world.clock.sleep(TIMINGS.agentPing, gaveUp.signal).then(
    () => false,
    () => false,
  )
  const { agent } = vm
  const ping = agent && vm.asleep !== true ? agent.call('guest-ping', {}).then(() => true) : late
  try {
    return await Promise.race([ping, late])
  } catch {
    // An agent that refuses to be pinged is as good as none, after the same time.
    return await late
  } finally {
    gaveUp.abort()
  }
}
