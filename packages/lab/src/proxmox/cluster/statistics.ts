import { memoryOf } from '../qemu/config/values.ts'
import { bootDiskSize, cpusOf, gauges, qmpStatus } from '../qemu/status/facts.ts'
import { lookAtPower } from '../statistics/power.ts'
import { isTemplate, nameOf } from '../qemu/vm.ts'
import type { GuestStatistics, ProxmoxWorld, Vm } from '../world.ts'

/** Milliseconds of hardware time between two broadcasts. */
const PERIOD = 10_000

/** Broadcasts statistics of all guests every ten seconds, as `pvestatd` does. Returns what stops it. */
export function startBroadcast(world: ProxmoxWorld): () => void {
  let cancel: () => void
  const broadcast = (): void => {
    lookAtPower(world)
    for (const vm of world.vms.values())
      if (world.hosts.get(vm.node)?.online) vm.published = statisticsOf(world, vm)
    cancel = world.clock.setTimeout(broadcast, PERIOD)
  }
  broadcast()
  return () => cancel()
}

/** Statistics of a guest as they are now. */
function statisticsOf(world: ProxmoxWorld, vm: Vm): GuestStatistics {
  return {
    ...gauges(world, vm),
    status: qmpStatus(vm),
    name: nameOf(vm),
    template: isTemplate(vm),
    maxmem: memoryOf(vm.config),
    maxcpu: cpusOf(world, vm),
    maxdisk: bootDiskSize(vm),
  }
}
