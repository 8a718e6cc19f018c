import type { Machine } from '@fochista/api'
import { isAlike } from '../runtime/alike.ts'
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

/** What one machine takes: of which pool, host and storage, memory and room on the storage in bytes. */
type Share = readonly [pool: string, host: string, storage: string, memory: number, room: number]

/** Makes them for a list of VMs, with no machine yet. */
export function createPromises({ taken }: Pick<Inventory, 'taken'>): Promises {
  const sums = new Map<string, number>()
  const shares = new Map<string, Share>()
  const sumOf = (...parts: string[]): number => sums.get(parts.join('\0')) ?? 0
  const add = ([pool, host, storage, memory, room]: Share, sign: 1 | -1): void => {
    for (const [amount, ...parts] of [
      [memory, 'memory', host],
      [room, 'disk', storage],
      [room, 'disk', storage, host],
      [1, 'pool', pool, host],
    ] as const)
      if (amount > 0) sums.set(parts.join('\0'), sumOf(...parts) + sign * amount)
  }
  const shareOf = ({ metadata: { namespace = 'default' }, spec, status }: Machine): Share | undefined => {
    const { nodePoolName, host, storage = '', memory = 0, disk = 0, vmid, made } = spec
    if (host === undefined) return undefined
    const has = vmid === undefined ? undefined : taken.get(vmid)
    // One that ran, and whose VM is not there any more, comes back as another machine.
    const isGone = has === undefined && made && status?.wasReady
    const lacking = isGone ? 0 : Math.max(0, memory - (has ?? 0))
    return [`${namespace}/${nodePoolName}`, host, storage, lacking, made ? 0 : disk]
  }
  return {
    put: (key, machine) => {
      const before = shares.get(key)
      const share = machine && shareOf(machine)
      // Most changes of a machine are of what is said of it.
      if (share && isAlike(before, share)) return
      if (before) add(before, -1)
      if (share) add(share, 1)
      if (share) shares.set(key, share)
      else shares.delete(key)
    },
    memory: (host) => sumOf('memory', host),
    disk: (storage, host) => sumOf('disk', storage, ...(host === undefined ? [] : [host])),
    ofPool: (pool, host) => sumOf('pool', pool, host),
  }
}
