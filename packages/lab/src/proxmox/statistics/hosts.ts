import { figuresOf } from '../nodes/figures.ts'
import type { Host, ProxmoxWorld } from '../world.ts'
import { guestAt } from './guests.ts'

/** Sources of a host's statistics. */
export const HOST_SOURCES: ReadonlySet<string> = new Set(
  'loadavg maxcpu cpu iowait memtotal memused swaptotal swapused roottotal rootused netin netout memavailable arcsize pressurecpusome pressureiosome pressureiofull pressurememorysome pressurememoryfull'.split(
    ' ',
  ),
)

const NONE = Object.fromEntries(
  'iowait swaptotal swapused arcsize pressurecpusome pressureiosome pressureiofull pressurememorysome pressurememoryfull'
    .split(' ')
    .map((name) => [name, 0]),
)

/** Values of a host at a moment: its own, and what the guests did that are on it now; undefined while it was off. */
export function hostAt(world: ProxmoxWorld, host: Host, at: number): Record<string, number> | undefined {
  if (at < host.bootedAt) return undefined
  let [cpus, mem, netin, netout] = [0.02 * host.cores, 0, 0, 0]
  for (const vm of world.vms.values()) {
    if (vm.node !== host.name) continue
    const guest = guestAt(world, vm, at)
    if (guest?.['mem'] === undefined) continue
    cpus += (guest['cpu'] ?? 0) * (guest['maxcpu'] ?? 1)
    mem += guest['mem']
    netin += guest['netin'] ?? 0
    netout += guest['netout'] ?? 0
  }
  const { maxmem, disk, maxdisk, system } = figuresOf(world, host)
  const memused = Math.min(maxmem, system + mem)
  return {
    ...NONE,
    loadavg: cpus,
    cpu: Math.min(1, cpus / host.cores),
    maxcpu: host.cores,
    memtotal: maxmem,
    memused,
    memavailable: maxmem - memused,
    roottotal: maxdisk,
    rootused: disk,
    netin,
    netout,
  }
}
