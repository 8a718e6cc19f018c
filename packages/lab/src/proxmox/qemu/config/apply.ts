import type { ProxmoxWorld, Vm } from '../../world.ts'
import { isDriveKey, parseDrive } from '../drive.ts'
import { textOf } from '../task.ts'
import { destroyVolume, releaseDrive } from './unused.ts'

/** Makes everything pending real, as a stop or a cold start does; what cannot be done stays pending and is told by key. */
export async function applyPending(
  world: ProxmoxWorld,
  vm: Vm,
  errors: Record<string, string>,
): Promise<void> {
  for (const key of orderedKeys(vm)) {
    try {
      await applyKey(world, vm, key)
    } catch (error) {
      errors[key] = `unable to apply pending change ${key} : ${textOf(error)}\n`
    }
  }
}

/** Deletes come before values. */
export function orderedKeys(vm: Vm): string[] {
  const keys = [...vm.pending.keys()]
  return [
    ...keys.filter((key) => vm.pending.get(key) === undefined),
    ...keys.filter((key) => vm.pending.get(key) !== undefined),
  ]
}

/** Makes one pending value or delete real. Throws when a volume cannot be removed. */
export async function applyKey(world: ProxmoxWorld, vm: Vm, key: string): Promise<void> {
  const value = vm.pending.get(key)
  const before = vm.config[key]
  const force = vm.pendingForce?.has(key) ?? false
  const drive = before !== undefined && isDriveKey(key) ? parseDrive(key, before) : undefined
  if (drive && value === undefined && force) await destroyVolume(world, vm, drive.file, key)
  vm.pending.delete(key)
  vm.pendingForce?.delete(key)
  delete vm.config[key]
  if (value !== undefined) vm.config[key] = value
  const replaced = value === undefined || (drive && parseDrive(key, value).file !== drive.file)
  if (drive && replaced && !(value === undefined && force)) await releaseDrive(world, vm, drive)
}
