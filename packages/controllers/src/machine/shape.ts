import { formatBytes, type Machine } from '@fochista/api'
import type { ClusterResource } from '@fochista/proxmox'
import type { VmConfig, VmConfigChange } from '../proxmox-cluster/hypervisor.ts'

/** Keys of a VM's configuration that make its shape, the disk aside. */
export const shapeKeys: ReadonlySet<string> = new Set(['cores', 'sockets', 'vcpus', 'memory', 'balloon'])

/** Kinds of devices that may come and go while a VM runs. Source: `hotplug` of Proxmox's qm.conf, with its default. */
function pluggable({ hotplug = '1' }: VmConfig): ReadonlySet<string> {
  if (hotplug === '0') return new Set()
  return new Set(hotplug === '1' ? ['network', 'disk', 'usb'] : hotplug.split(/[,;\s]+/))
}

/** What a VM can be given while it runs: cores up to those it was configured with, and memory, which needs NUMA as well. */
export function liveOf(config: VmConfig): NonNullable<NonNullable<Machine['status']>['live']> {
  const plug = pluggable(config)
  const isNuma = Boolean(Number(config.numa ?? 0))
  return {
    ...(plug.has('cpu') ? { cores: mostCores(config) } : {}),
    ...(plug.has('memory') && isNuma ? { memory: true } : {}),
  }
}

const mostCores = ({ cores = 1, sockets = 1 }: VmConfig): number => cores * sockets

/**
 * What of cores and memory a VM should have, and has not. Where processors can be plugged the template's cores are the most there can be,
 * and `vcpus` says how many there are.
 */
export function shapeDifference(
  config: VmConfig,
  { cores = 1, memory = 0 }: Machine['spec'],
): VmConfigChange {
  const wanted: VmConfigChange = {}
  const isPluggable = pluggable(config).has('cpu') && cores <= mostCores(config)
  if (!isPluggable) {
    if (config.cores !== cores) wanted.cores = cores
    if ((config.sockets ?? 1) !== 1) wanted.sockets = 1
  }
  const vcpus = config.vcpus ?? (isPluggable ? mostCores(config) : cores)
  if (vcpus !== cores) wanted.vcpus = cores
  const mebibytes = Math.floor(memory / 2 ** 20)
  if (Number(config.memory) !== mebibytes) wanted.memory = String(mebibytes)
  if (config.balloon !== undefined && config.balloon !== 0 && config.balloon > mebibytes)
    wanted.balloon = mebibytes
  return wanted
}

/** What the list of VMs, or a VM's own host, says of its shape; undefined where it says nothing. */
type Seen = Pick<ClusterResource, 'maxcpu' | 'maxmem'>

/** True if a VM is seen with other cores or other memory than its Machine says. */
export function isOtherShape({ spec }: Machine, { maxcpu, maxmem }: Seen): boolean {
  const { cores, memory } = spec
  const isOtherCpu = cores !== undefined && maxcpu !== undefined && maxcpu !== cores
  const isOtherMemory =
    memory !== undefined &&
    maxmem !== undefined &&
    maxmem > 0 &&
    maxmem !== Math.floor(memory / 2 ** 20) * 2 ** 20
  return isOtherCpu || isOtherMemory
}

/** Cores and memory for people. */
export function shapeText(cores: number | undefined, memory: number | undefined): string {
  return `${cores ?? 1} cores and ${formatBytes(memory ?? 0)}B of memory`
}
