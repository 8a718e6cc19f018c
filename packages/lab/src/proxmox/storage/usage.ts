import { die } from '../api-error.ts'
import { usedBytes, type ProxmoxWorld, type Storage } from '../world.ts'

/** Space of a storage on a host, bytes. */
export interface Usage {
  readonly total: number
  readonly used: number
  readonly avail: number
}

/** Whether a host has a storage that is switched on. */
export function isEnabledOn(storage: Storage, node: string): boolean {
  return !storage.disabled && (storage.nodes === undefined || storage.nodes.includes(node))
}

/** Space of a storage on a host; undefined where it cannot be used. */
export function usageOf(world: ProxmoxWorld, node: string, storage: Storage): Usage | undefined {
  if (!isEnabledOn(storage, node) || storage.fault !== undefined) return undefined
  const used = Math.min(storage.capacity, usedBytes(world, node, storage) + (storage.usedByOthers ?? 0))
  return { total: storage.capacity, used, avail: storage.capacity - used }
}

/** Whether others have left no byte of a storage. */
export function isFull(storage: Storage): boolean {
  return (storage.usedByOthers ?? 0) >= storage.capacity
}

/** Refuses what does not fit into a storage any more, in the words of the program that writes. */
export function requireSpace(
  world: ProxmoxWorld,
  node: string,
  storage: Storage,
  bytes: number,
  words: string,
): void {
  const usage = usageOf(world, node, storage)
  if (usage !== undefined && usage.avail < bytes) die(words)
}
