import type { Host, ProxmoxWorld } from '../world.ts'

const GIB = 1024 ** 3

/** What a host measures of itself. Bytes, seconds, and parts of one. */
export interface HostFigures {
  readonly uptime: number
  readonly cpu: number
  readonly maxcpu: number
  readonly mem: number
  readonly maxmem: number
  /** Memory of the system itself, without guests. */
  readonly system: number
  readonly disk: number
  readonly maxdisk: number
}

/** Figures of a host now: a system of two GiB, and the memory of its running guests. */
export function figuresOf(world: ProxmoxWorld, host: Host): HostFigures {
  let guests = 0
  let running = 0
  for (const vm of world.vms.values()) {
    if (vm.node !== host.name || !vm.running) continue
    running += 1
    guests += vm.published?.mem ?? 0
  }
  const system = Math.floor(Math.min(2 * GIB, host.memory / 10))
  const maxdisk = host.rootSize ?? 100 * GIB
  return {
    uptime: Math.floor((world.clock.now() - host.bootedAt) / 1000),
    cpu: Math.min(1, 0.02 + (0.01 * running) / host.cores),
    maxcpu: host.cores,
    mem: Math.min(host.memory, system + guests),
    maxmem: host.memory,
    system,
    disk: Math.floor(maxdisk / 10),
    maxdisk,
  }
}

/** Status of a host as the cluster knows it. */
export function hostStatus(host: Host): 'online' | 'offline' | 'unknown' {
  if (!host.online) return 'offline'
  return host.published === false ? 'unknown' : 'online'
}
