import type { GuestStatistics, Host, ProxmoxWorld, Vm } from '../world.ts'

/** Milliseconds of hardware time between two broadcasts. */
const PERIOD = 10_000
const MIB = 1024 ** 2

/** Broadcasts statistics of all guests every ten seconds, as `pvestatd` does. Returns what stops it. */
export function startBroadcast(world: ProxmoxWorld): () => void {
  let cancel: () => void
  const broadcast = (): void => {
    for (const vm of world.vms.values())
      if (world.hosts.get(vm.node)?.online) vm.published = statisticsOf(world, vm)
    cancel = world.clock.setTimeout(broadcast, PERIOD)
  }
  broadcast()
  return () => cancel()
}

/** Statistics of a guest as they are now. */
function statisticsOf(world: ProxmoxWorld, vm: Vm): GuestStatistics {
  const { config } = vm
  const maxmem = memoryOf(config)
  const uptime = vm.running ? Math.max(0, Math.floor((world.clock.now() - vm.startedAt) / 1000)) : 0
  return {
    status: vm.running ? (vm.paused ? 'paused' : 'running') : 'stopped',
    name: config['name'] ?? `VM ${vm.vmid}`,
    template: config['template'] === '1',
    maxmem,
    maxcpu: cpusOf(config, world.hosts.get(vm.node)),
    maxdisk: bootDiskSize(config),
    // A Linux guest that has just booted: a fifth of its memory, a hundredth of its CPUs.
    mem: vm.running ? Math.floor(maxmem / 5) : 0,
    cpu: vm.running ? 0.01 : 0,
    uptime,
  }
}

/** Bytes of memory that a configuration gives. */
function memoryOf(config: Readonly<Record<string, string>>): number {
  return Number(/\d+/.exec(config['memory'] ?? '')?.[0] ?? 512) * MIB
}

/** CPUs of a guest: no more than its host has. */
function cpusOf(config: Readonly<Record<string, string>>, host: Host | undefined): number {
  const all = Number(config['sockets'] ?? 1) * Number(config['cores'] ?? 1)
  const cpus = Number(config['vcpus'] ?? all)
  return Math.min(cpus, host?.cores ?? cpus)
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: MIB, G: 1024 ** 3, T: 1024 ** 4 }

/** Size of the disk a guest boots from: the first of its boot order that is a disk. */
function bootDiskSize(config: Readonly<Record<string, string>>): number {
  const order = /(?:^|,)order=([^,]*)/.exec(config['boot'] ?? '')?.[1]?.split(';') ?? [
    config['bootdisk'] ?? '',
  ]
  for (const key of order) {
    const drive = config[key]
    if (drive === undefined || !/^(?:ide|sata|scsi|virtio)\d+$/.test(key) || /(?:^|,)media=cdrom/.test(drive))
      continue
    const [, number = '0', unit = ''] = /(?:^|,)size=(\d+(?:\.\d+)?)([KMGT]?)/.exec(drive) ?? []
    return Number(number) * (UNITS[unit] ?? 1)
  }
  return 0
}
