import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { findVolume, type ProxmoxWorld } from '../world.ts'
import { drivesOf, isCdrom } from './drive.ts'
import { canDo, isOnNode, storageNamed } from './storage.ts'
import { findVm, vmidOf } from './vm.ts'

/** What can be done with a VM's disks. */
export const featureHandlers: Handlers = { 'GET /nodes/{node}/qemu/{vmid}/feature': feature }

function feature(call: Call): { hasFeature: number; nodes: string[] } {
  const { world } = call
  const node = call.text('node')
  const vm = findVm(world, node, vmidOf(call))
  const snapname = call.optional('snapname')
  const section =
    snapname === undefined
      ? vm.config
      : (vm.snapshots?.get(snapname) ?? die(`snapshot '${snapname}' does not exist`))
  const wanted = call.text('feature') as 'snapshot' | 'clone' | 'copy'
  return {
    hasFeature: disksCan(world, node, section, wanted, snapname !== undefined) ? 1 : 0,
    nodes: nodesOf(world, node, section),
  }
}

/** True when every disk of a configuration can do something. */
export function disksCan(
  world: ProxmoxWorld,
  node: string,
  section: Readonly<Record<string, string>>,
  wanted: 'snapshot' | 'clone' | 'copy',
  ofSnapshot = false,
): boolean {
  return drivesOf(section)
    .filter((drive) => !isCdrom(drive))
    .every((drive) => {
      const volume = findVolume(world, node, drive.file)
      return volume !== undefined && canDo(storageNamed(world, volume.storage), volume, wanted, ofSnapshot)
    })
}

/** Hosts that see all disks: every one for shared storages, else the VM's own. */
function nodesOf(world: ProxmoxWorld, node: string, section: Readonly<Record<string, string>>): string[] {
  const storages = drivesOf(section).flatMap(
    (drive) => world.storages.get(drive.file.split(':')[0] ?? '') ?? [],
  )
  return [...world.hosts.keys()].filter(
    (host) => host === node || storages.every((storage) => storage.shared && isOnNode(storage, host)),
  )
}
