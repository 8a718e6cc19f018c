import { KubernetesApiError } from '@fochista/kubernetes'
import type { World } from '../world.ts'
import type { MachineContext } from './context.ts'

/** VMIDs that may have been written to a Machine, by its key. */
const inDoubt = new WeakMap<World, Map<string, { readonly proxmoxCluster: string; readonly vmid: number }>>()

/**
 * Writes where a machine is placed. Until the server has said whether it took the write, nobody else draws the same VMID: the write may have
 * been taken without an answer, and no watch has told of it yet. Throws what `save` of the context throws.
 */
export async function savePlace(context: MachineContext): Promise<void> {
  const { world, key, machine } = context
  const { proxmoxCluster, vmid = 0 } = machine.spec
  const places = inDoubt.get(world) ?? new Map()
  inDoubt.set(world, places.set(key, { proxmoxCluster, vmid }))
  try {
    await context.save()
    places.delete(key)
  } catch (error) {
    if (error instanceof KubernetesApiError && error.status < 500) places.delete(key)
    throw error
  }
}

/** Whether a VMID may have been given to another Machine by a write that was not answered. */
export function isInDoubt({ world, key, machine }: MachineContext, vmid: number): boolean {
  for (const [other, place] of inDoubt.get(world) ?? [])
    if (other !== key && place.vmid === vmid && place.proxmoxCluster === machine.spec.proxmoxCluster)
      return true
  return false
}

/** The Machine shows where it is placed, or is gone: there is no doubt any more. */
export function endDoubt(world: World, key: string): void {
  inDoubt.get(world)?.delete(key)
}
