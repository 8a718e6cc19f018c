import { Disk } from '../guest/disk.ts'
import type { DiskKeeper } from '../guest/guests.ts'
import { decode, encode } from './codec.ts'
import type { Journal } from './journal.ts'
import { EntryMap, observe } from './observe.ts'

/** Fields of a disk that are not kept: what ran is for tests to look at. */
const EXCEPT = new Set(['commands'])

/** Keeps the guests' disks, and the addresses that they were lent, in a journal. */
export function keepDisks(journal: Journal): DiskKeeper {
  const dirty = new Map<number, Disk>()
  let scheduled = false
  const flush = (): void => {
    scheduled = false
    journal.put(
      [...dirty].map(([vmid, disk]) => [
        `d/${vmid}`,
        encode(Object.fromEntries(Object.entries(disk).filter(([name]) => !EXCEPT.has(name)))),
      ]),
    )
    dirty.clear()
  }
  const watch = (vmid: number, disk: Disk): Disk => {
    const changed = (): void => {
      dirty.set(vmid, disk)
      if (scheduled) return
      scheduled = true
      setImmediate(flush)
    }
    for (const [field, value] of Object.entries(disk))
      if (value instanceof Map || value instanceof Set)
        Object.assign(disk, { [field]: observe(value as object, { changed, isShallow: true }) })
    changed()
    return disk
  }
  const leases = new EntryMap<string, string>(
    [...journal.entries('l/')].map(([key, value]) => [key.slice(2), String(value)] as const),
    {
      changed: (mac) => {
        const address = leases.get(mac)
        journal.put([[`l/${mac}`, address === undefined ? undefined : JSON.stringify(address)]])
      },
    },
  )
  return {
    leases,
    find(vmid) {
      const kept = journal.get(`d/${vmid}`)
      if (kept === undefined) return undefined
      return watch(vmid, Object.assign(new Disk(undefined), decode(kept)))
    },
    made: watch,
    dropped(vmid) {
      dirty.delete(vmid)
      journal.put([[`d/${vmid}`, undefined]])
    },
  }
}
