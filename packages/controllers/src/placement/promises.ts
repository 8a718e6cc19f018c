import type { Machine } from '@fochista/api'
import type { Inventory } from './inventory.ts'

/**
 * What the machines of a Proxmox cluster take of its hosts beside what a list of its VMs shows as taken. Kept in sums as the machines change:
 * there may be thousands on their way, and each that is placed asks.
 */
export interface Promises {
  /** Notes a machine as it is now; undefined for one that is gone, or is to be placed anew. */
  put(key: string, machine: Machine | undefined): void
  /** Memory of those that are to be on a host and do not run there yet, or run with less than they are to have, bytes. */
  memory(host: string): number
  /** Room on a storage of those that are not made yet, bytes: a VM is listed long before its clone has taken its room. @param host Of this host alone. */
  disk(storage: string, host?: string): number
  /** How many machines of a pool, `namespace/name`, are to be on a host. */
  ofPool(pool: string, host: string): number
}

/** Makes them for a list of VMs, with no machine yet. */
export function createPromises({ taken }: Pick<Inventory, 'taken'>): Promises {
  const sums = new Map<string, number>()
  const machines = new Map<string, Machine>()
  const sumOf = (...parts: string[]): number => sums.get(parts.join('\0')) ?? 0
  const add = (machine: Machine | undefined, sign: 1 | -1): void => {
    if (machine?.spec.host === undefined) return
    const { metadata, spec } = machine
    const { host = '', storage = '', disk = 0 } = spec
    const room = spec.made ? 0 : disk
    for (const [amount, ...parts] of [
      [memoryOf(machine), 'memory', host],
      [room, 'disk', storage],
      [room, 'disk', storage, host],
      [1, 'pool', `${metadata.namespace ?? 'default'}/${spec.nodePoolName}`, host],
    ] as const)
      if (amount > 0) sums.set(parts.join('\0'), sumOf(...parts) + sign * amount)
  }
  const memoryOf = ({ spec: { vmid, memory = 0, made }, status }: Machine): number => {
    const has = vmid === undefined ? undefined : taken.get(vmid)
    // One that ran, and whose VM is not there any more, comes back as another machine.
    return has === undefined && made && status?.wasReady ? 0 : Math.max(0, memory - (has ?? 0))
  }
  return {
    put: (key, machine) => {
      const before = machines.get(key)
      if (before && machine && isPromisedAlike(before, machine)) return
      add(before, -1)
      add(machine, 1)
      if (machine) machines.set(key, machine)
      else machines.delete(key)
    },
    memory: (host) => sumOf('memory', host),
    disk: (storage, host) => sumOf('disk', storage, ...(host === undefined ? [] : [host])),
    ofPool: (pool, host) => sumOf('pool', pool, host),
  }
}

const told = ['host', 'storage', 'memory', 'disk', 'vmid', 'made', 'nodePoolName'] as const

/** Most changes of a machine are of what is said of it. */
const isPromisedAlike = (one: Machine, other: Machine): boolean =>
  one.status?.wasReady === other.status?.wasReady &&
  told.every((field) => one.spec[field] === other.spec[field])
