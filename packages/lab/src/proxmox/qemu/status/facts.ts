import type { ProxmoxWorld, Vm } from '../../world.ts'
import { bootOrder, memoryOf } from '../config/values.ts'
import { drivesOf, isCdrom, isDriveKey, parseDrive, parseSize, type Drive } from '../drive.ts'
import { isNicKey } from '../nic.ts'
import { QEMU_VERSION, runningMachine } from '../qemu-version.ts'
import { isTemplate, nameOf } from '../vm.ts'

/** Processors that a VM gets: no more than its host has. */
export function cpusOf(world: ProxmoxWorld, vm: Vm): number {
  const { config } = vm
  const wanted = Number(config['vcpus'] ?? Number(config['sockets'] ?? 1) * Number(config['cores'] ?? 1))
  return Math.min(wanted, world.hosts.get(vm.node)?.cores ?? wanted)
}

/** Bytes of the first disk of the boot order; 0 without one. */
export function bootDiskSize(vm: Vm): number {
  const { config } = vm
  const order = bootOrder(config['boot']) ?? (config['bootdisk'] === undefined ? [] : [config['bootdisk']])
  const drives = order
    .filter((key) => isDriveKey(key) && config[key] !== undefined)
    .map((key) => parseDrive(key, config[key] ?? ''))
  return parseSize(drives.find((drive) => !isCdrom(drive))?.options['size']) ?? 0
}

/** What QEMU's monitor says of a VM. */
export function qmpStatus(vm: Vm): string {
  if (!vm.running) return 'stopped'
  return vm.paused ? 'paused' : vm.asleep ? 'suspended' : 'running'
}

/** Bytes a second that a guest's cards get and send, once it is on. */
const [NETIN, NETOUT] = [640, 420]
/** Bytes a second of the hardware's time that a guest reads from each drive, once its firmware is through. */
const READ = 512
const FIRMWARE_SECONDS = 4
/** Seconds of hardware time that a guest is busy booting. */
const BOOT_SECONDS = 11

/** What a VM that is on does at a moment, each second: made up, for its guest has no processes, but it follows what happens to it. */
export function loadOf(
  world: ProxmoxWorld,
  vm: Vm,
  { uptime, isPaused }: { uptime: number; isPaused: boolean },
): { cpu: number; mem: number; netin: number; netout: number; diskread: number } {
  const seconds = uptime * world.clock.speed
  const mem = Math.floor(memoryOf(vm.config) * Math.min(0.6, 0.2 + uptime / 200))
  if (isPaused) return { cpu: 0, mem, netin: 0, netout: 0, diskread: 0 }
  return {
    cpu: seconds < BOOT_SECONDS ? 0.5 : 0.02,
    mem,
    netin: NETIN,
    netout: NETOUT,
    diskread: seconds < FIRMWARE_SECONDS ? 0 : READ * world.clock.speed * readable(vm).length,
  }
}

/** Drives with something in them that a guest reads from. */
function readable(vm: Vm): Drive[] {
  return drivesOf(vm.config).filter(({ key, file }) => !/^(?:efidisk|tpmstate)/.test(key) && file !== 'none')
}

/** Gauges and counters of a VM now. */
export function gauges(
  world: ProxmoxWorld,
  vm: Vm,
): { uptime: number; cpu: number; mem: number; netin: number; netout: number } {
  if (!vm.running) return { uptime: 0, cpu: 0, mem: 0, netin: 0, netout: 0 }
  const uptime = Math.floor((world.clock.now() - vm.startedAt) / 1000)
  const { cpu, mem } = loadOf(world, vm, { uptime, isPaused: vm.paused === true })
  return { uptime, cpu, mem, netin: uptime * NETIN, netout: uptime * NETOUT }
}

const PRESSURE = ['cpusome', 'cpufull', 'iosome', 'iofull', 'memorysome', 'memoryfull']

/** What every list entry and status has. */
export function summary(world: ProxmoxWorld, vm: Vm): Record<string, unknown> {
  const { config } = vm
  const { uptime, cpu, mem, netin, netout } = gauges(world, vm)
  return {
    vmid: vm.vmid,
    name: nameOf(vm),
    status: vm.running ? 'running' : 'stopped',
    cpus: cpusOf(world, vm),
    maxmem: memoryOf(config),
    maxdisk: bootDiskSize(vm),
    disk: 0,
    mem,
    memhost: mem,
    cpu,
    uptime,
    netin,
    netout,
    ...(vm.running && { pid: vm.pid, ...Object.fromEntries(PRESSURE.map((name) => [`pressure${name}`, 0])) }),
    ...(isTemplate(vm) && { template: 1 }),
    ...(config['tags'] !== undefined && { tags: config['tags'] }),
    ...(config['lock'] !== undefined && { lock: config['lock'] }),
    ...(Object.entries(config).some(([key, value]) => /^serial\d+$/.test(key) && value === 'socket') && {
      serial: 1,
    }),
    ...(config['balloon'] !== undefined && {
      balloon_min: Number(config['balloon']) * 1024 * 1024,
      shares: Number(config['shares'] ?? 1000),
    }),
  }
}

/** What QEMU's monitor adds. */
export function monitored(world: ProxmoxWorld, vm: Vm): Record<string, unknown> {
  if (!vm.running) return { qmpstatus: 'stopped' }
  const { netin, netout } = gauges(world, vm)
  const nics = Object.keys(vm.config).filter(isNicKey)
  const drives = drivesOf(vm.config).filter(({ key }) => !/^(?:efidisk|tpmstate)/.test(key))
  const seconds = Math.max(
    0,
    Math.floor(((world.clock.now() - vm.startedAt) * world.clock.speed) / 1000) - FIRMWARE_SECONDS,
  )
  const reads = drives.map(({ file }) => (file === 'none' ? 0 : seconds * READ))
  return {
    qmpstatus: qmpStatus(vm),
    diskread: reads.reduce((sum, read) => sum + read, 0),
    diskwrite: 0,
    'running-machine': runningMachine(vm.config['machine']),
    'running-qemu': QEMU_VERSION,
    'proxmox-support': SUPPORT,
    ...(nics.length > 0 && {
      nics: Object.fromEntries(nics.map((key) => [`tap${vm.vmid}i${key.slice(3)}`, { netin, netout }])),
    }),
    ...(drives.length > 0 && {
      blockstat: Object.fromEntries(
        drives.map(({ key }, index) => [key, blockStatistics(reads[index] ?? 0)]),
      ),
    }),
  }
}

/** What Proxmox's QEMU says that it can. */
const SUPPORT = {
  'pbs-dirty-bitmap': true,
  'pbs-dirty-bitmap-savevm': true,
  'pbs-dirty-bitmap-migration': true,
  'pbs-library-version': '1.5.2 (UNKNOWN)',
  'pbs-masterkey': true,
  'backup-access-api': true,
  'backup-fleecing': true,
  'backup-max-workers': true,
  'query-bitmap-info': true,
}

function blockStatistics(read: number): Record<string, unknown> {
  const counters: Record<string, unknown> = {
    account_failed: true,
    account_invalid: true,
    timed_stats: [],
    flush_operations: 0,
  }
  for (const kind of ['rd', 'wr', 'unmap']) {
    for (const name of ['bytes', 'merged', 'operations', 'total_time_ns']) counters[`${kind}_${name}`] = 0
  }
  for (const kind of ['rd', 'wr', 'unmap', 'flush'])
    for (const how of ['failed', 'invalid']) counters[`${how}_${kind}_operations`] = 0
  return {
    ...counters,
    flush_total_time_ns: 0,
    wr_highest_offset: 0,
    rd_bytes: read,
    rd_operations: read / 512,
    ...(read > 0 && { idle_time_ns: 1_000_000_000 }),
  }
}
