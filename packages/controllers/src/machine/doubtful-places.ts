import type { Machine } from '@fochista/api'
import type { World } from '../world.ts'
import type { MachineContext } from './context.ts'

/** VMIDs that may have been written to a Machine, by its key. */
const inDoubt = new WeakMap<World, Map<string, { readonly proxmoxCluster: string; readonly vmid: number }>>()

/**
 * Writes where a machine is placed, as `change` says it. If that fails nobody else draws the VMID until the machine is placed after all, for the
 * write may have been taken without an answer, and no watch has told of it yet. And the machine forgets it, lest what is written next of it, when
 * others may have drawn, takes it along. Throws what `save` of the context throws.
 */
export async function savePlace(context: MachineContext, change: (machine: Machine) => void): Promise<void> {
  const { world, key, machine } = context
  const spec = { ...machine.spec }
  const { vmidsGivenUp } = machine.status ?? {}
  change(machine)
  const { proxmoxCluster, vmid = 0 } = machine.spec
  const places = inDoubt.get(world) ?? new Map()
  inDoubt.set(world, places.set(key, { proxmoxCluster, vmid }))
  try {
    await context.save()
    places.delete(key)
  } catch (error) {
    machine.spec = spec
    if (machine.status && vmidsGivenUp) machine.status.vmidsGivenUp = vmidsGivenUp
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
