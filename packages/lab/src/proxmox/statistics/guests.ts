import type { Container } from '../cluster/state.ts'
import { containerMemory } from '../lxc/config/values.ts'
import { rootSize } from '../lxc/mount-point.ts'
import { containerCpus, containerLoad } from '../lxc/status.ts'
import { memoryOf } from '../qemu/config/values.ts'
import { bootDiskSize, cpusOf, loadOf } from '../qemu/status/facts.ts'
import type { ProxmoxWorld, Vm } from '../world.ts'
import { stateAt } from './power.ts'

/** Sources of a VM's statistics. */
export const GUEST_SOURCES: ReadonlySet<string> = new Set(
  'maxcpu cpu maxmem mem maxdisk disk netin netout diskread diskwrite memhost pressurecpusome pressurecpufull pressureiosome pressureiofull pressurememorysome pressurememoryfull'.split(
    ' ',
  ),
)

const PRESSURE = Object.fromEntries(
  ['cpusome', 'cpufull', 'iosome', 'iofull', 'memorysome', 'memoryfull'].map((name) => [
    `pressure${name}`,
    0,
  ]),
)

/** Values of a container at a moment: what it was sized, and, if it was on, what it did. */
export function containerAt(
  world: ProxmoxWorld,
  container: Container,
  at: number,
): Record<string, number> | undefined {
  const state = stateAt(world, container.vmid, at)
  if (state === undefined) return undefined
  const size = {
    maxcpu: containerCpus(world, container),
    maxmem: containerMemory(container.config),
    maxdisk: rootSize(container.config),
    disk: 0,
  }
  if (state === 'off') return size
  const { cpu, mem, disk } = containerLoad(container, state.uptime)
  // What is counted is told as how fast it grows.
  const { netin, netout, diskread, diskwrite } = containerLoad(container, 1)
  const reads = state.uptime > 10 ? 0 : diskread
  return { ...size, cpu, mem, disk, memhost: mem, netin, netout, diskread: reads, diskwrite, ...PRESSURE }
}

/** Values of a VM at a moment: what it was sized, and, if it was on, what it did. */
export function guestAt(world: ProxmoxWorld, vm: Vm, at: number): Record<string, number> | undefined {
  const state = stateAt(world, vm.vmid, at)
  if (state === undefined) return undefined
  const size = { maxcpu: cpusOf(world, vm), maxmem: memoryOf(vm.config), maxdisk: bootDiskSize(vm), disk: 0 }
  if (state === 'off') return size
  const { cpu, mem, netin, netout, diskread } = loadOf(world, vm, state)
  return { ...size, cpu, mem, memhost: mem, netin, netout, diskread, diskwrite: 0, ...PRESSURE }
}
