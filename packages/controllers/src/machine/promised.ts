import type { ClusterResource } from '@fochista/proxmox'
import { inProxmoxCluster } from '../machine-groups.ts'
import { inventoryOf } from '../placement/inventory.ts'
import { createPromises, type Promises } from '../placement/promises.ts'
import { keyOf } from '../runtime/keys.ts'
import type { World } from '../world.ts'
import type { MachineContext } from './context.ts'

/** What was worked out of the list of VMs of each Proxmox cluster, by its name, and is kept with the machines until there is another list. */
const kept = new WeakMap<World, Map<string, { vms: readonly ClusterResource[]; promises: Promises }>>()

/** What all other machines take of the hosts beside what a list of VMs shows as taken. */
export function promisesBeside(
  { machine, world, key }: MachineContext,
  vms: readonly ClusterResource[],
): Promises {
  const { proxmoxCluster } = machine.spec
  const all = kept.get(world) ?? keepPromises(world)
  let known = all.get(proxmoxCluster)
  if (known?.vms !== vms) {
    known = { vms, promises: createPromises(inventoryOf(vms)) }
    all.set(proxmoxCluster, known)
    for (const one of world.machines.by(inProxmoxCluster, proxmoxCluster)) known.promises.put(keyOf(one), one)
  }
  known.promises.put(key, undefined)
  return known.promises
}

function keepPromises(world: World): Map<string, { vms: readonly ClusterResource[]; promises: Promises }> {
  const all: ReturnType<typeof keepPromises> = new Map()
  kept.set(world, all)
  world.machines.follow((key, machine) => {
    for (const [cluster, { promises }] of all)
      promises.put(key, machine?.spec.proxmoxCluster === cluster ? machine : undefined)
  })
  return all
}
