import { clusterNameOf } from '../cluster/config/corosync.ts'
import type { Call } from '../handler.ts'
import { dropVolume } from '../qemu/volumes.ts'
import type { Worker } from '../tasks.ts'
import { volumesOf, type Storage } from '../world.ts'
import { markBackups, readRetention } from './prune.ts'

/** A guest that is backed up. */
interface Guest {
  readonly vmid: number
  readonly node: string
}

/** Notes of a backup by its template. */
export function notesOf(call: Call, guest: Guest, name: string): { notes?: string } {
  const template = call.optional('notes-template')
  if (template === undefined) return {}
  const values: Record<string, string> = {
    cluster: clusterNameOf(call.world),
    guestname: name,
    node: guest.node,
    vmid: String(guest.vmid),
  }
  const notes = template
    .replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => values[name] ?? whole)
    .replace(/\\([\\n])/g, (_, sign: string) => (sign === 'n' ? '\n' : '\\'))
  return { notes }
}

/** Removes older backups of the guest, as the call or the storage says. */
export function pruneAfter(call: Call, { vmid, node }: Guest, storage: Storage, worker: Worker): void {
  const text = call.optional('prune-backups') ?? storage.options?.['prune-backups']
  const retention = call.flag('remove', true) ? readRetention(text) : undefined
  if (retention === undefined || retention['keep-all']) return
  worker.log(`INFO: prune older backups with retention: ${(text ?? '').replaceAll(',', ', ')}`)
  const backups = volumesOf(call.world, node, storage).filter(
    (volume) => volume.content === 'backup' && volume.vmid === vmid,
  )
  let pruned = 0
  for (const [backup, mark] of markBackups(backups, retention)) {
    if (mark !== 'remove') continue
    worker.log(`INFO: removing backup '${backup.volid}'`)
    dropVolume(call.world, node, backup.volid)
    pruned += 1
  }
  worker.log(`INFO: pruned ${pruned} backup(s) not covered by keep-retention policy`)
}

/** `2026-11-23 19:45:25` */
export function stamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

/** A moment as names of archives have it: `2026_11_23-19_45_25`. */
export function stampInName(ms: number): string {
  return stamp(ms).replaceAll('-', '_').replace(' ', '-').replaceAll(':', '_')
}
