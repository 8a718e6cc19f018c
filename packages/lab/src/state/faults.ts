import { undoCondition } from '../faults/conditions/undo.ts'
import type { Undo } from '../faults/conditions/undo.ts'
import type { ProxmoxWorld } from '../proxmox/world.ts'
import { decode, encode } from './codec.ts'
import type { Journal } from './journal.ts'

/** Undoes what faults of a lab that was killed left behind, and keeps how those of this one are undone. */
export function keepUndos(
  world: ProxmoxWorld,
  journal: Journal,
): (id: string, undo: Undo | undefined) => void {
  for (const [key, value] of [...journal.entries('u/')].toReversed()) {
    undoCondition(world, decode(value) as Undo)
    journal.put([[key, undefined]])
  }
  return (id, undo) => journal.put([[`u/${id}`, undo === undefined ? undefined : encode(undo)]])
}
