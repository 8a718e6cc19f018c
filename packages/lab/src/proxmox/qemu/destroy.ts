import { die } from '../api-error.ts'
import { forgetResource } from '../cluster/ha/managed.ts'
import type { Call, Handlers } from '../handler.ts'
import type { Worker } from '../tasks.ts'
import { findVolume, volumesOf, type ProxmoxWorld, type Vm } from '../world.ts'
import { dropFirewall } from '../firewall/state.ts'
import { rootOnly } from './config/rights.ts'
import { drivesOf, isCdrom, isCloudInit, unusedOf } from './drive.ts'
import { clonesOf, isOnNode, storageNamed } from './storage.ts'
import { startLockedTask, textOf } from './task.ts'
import { checkLock, isTemplate, vmOf } from './vm.ts'
import { freeVolume } from './volumes.ts'

/** `DELETE /nodes/{node}/qemu/{vmid}`. */
export const destroyHandlers: Handlers = { 'DELETE /nodes/{node}/qemu/{vmid}': destroy }

function destroy(call: Call): string {
  rootOnly(call, 'skiplock')
  const { world } = call
  const before = vmOf(call)
  checkRemovable(before)
  if (world.cluster.haResources.has(`vm:${before.vmid}`) && !call.flag('purge'))
    die(`unable to remove VM ${before.vmid} - used in HA resources and purge parameter not set.`)
  return startLockedTask(call, 'qmdestroy', async (vm, worker) => {
    if (!call.flag('skiplock')) checkLock(vm, 'suspended')
    checkRemovable(vm)
    checkNoClones(world, vm)
    const volids = call.flag('destroy-unreferenced-disks')
      ? [...namedVolumes(vm), ...strayVolumes(world, vm)]
      : namedVolumes(vm)
    await removeVolumes(world, vm, volids, worker)
    // Nothing but the number is left, and goes last. Who breaks the task off before leaves a VM that can be destroyed again.
    for (const key of Object.keys(vm.config)) delete vm.config[key]
    vm.config['lock'] = 'destroyed'
    if (call.flag('purge')) {
      worker.log(`purging VM ${vm.vmid} from related configurations..`)
      forgetResource(world, `vm:${vm.vmid}`)
    }
    forget(world, vm)
  })
}

function checkRemovable(vm: Vm): void {
  if (vm.config['protection'] === '1') die(`can't remove VM ${vm.vmid} - protection mode enabled`)
  if (vm.running) die(`VM ${vm.vmid} is running - destroy failed`)
}

function checkNoClones(world: ProxmoxWorld, vm: Vm): void {
  if (!isTemplate(vm)) return
  for (const drive of drivesOf(vm.config)) {
    const volume = findVolume(world, vm.node, drive.file)
    if (!volume || isCdrom(drive)) continue
    if (clonesOf(world, vm.node, storageNamed(world, volume.storage), volume.volid).length > 0)
      die(`base volume '${volume.volid}' is still in use by linked cloned`)
  }
}

/** Volumes that keys of any section name: disks, seeds, `unusedN` and saved states. */
export function namedVolumes(vm: Vm): string[] {
  const sections = [
    vm.config,
    Object.fromEntries(
      [...vm.pending].flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
    ),
    ...(vm.snapshots?.values() ?? []),
  ]
  const volids = sections.flatMap((section) => [
    ...drivesOf(section)
      .filter((drive) => !isCdrom(drive) || isCloudInit(drive))
      .map((drive) => drive.file),
    ...unusedOf(section).map(([, volid]) => volid),
    ...(section['vmstate'] === undefined ? [] : [section['vmstate']]),
  ])
  return [...new Set(volids)]
}

/** Other volumes that were made for the number, on any storage that the host has. */
function strayVolumes(world: ProxmoxWorld, vm: Vm): string[] {
  const named = new Set(namedVolumes(vm))
  return [...world.storages.values()]
    .filter((storage) => !storage.disabled && isOnNode(storage, vm.node))
    .flatMap((storage) => volumesOf(world, vm.node, storage))
    .filter((volume) => volume.content === 'images' && volume.vmid === vm.vmid && !named.has(volume.volid))
    .map((volume) => volume.volid)
}

/** A volume that cannot be removed does not keep the VM. Volumes of other VMs are left. */
export async function removeVolumes(
  world: ProxmoxWorld,
  vm: Vm,
  volids: readonly string[],
  worker: Worker,
): Promise<void> {
  for (const volid of volids) {
    if (findVolume(world, vm.node, volid)?.vmid !== vm.vmid) continue
    try {
      await freeVolume(world, vm.node, volid, worker)
    } catch (error) {
      if (error === worker.signal.reason) throw error
      worker.log(`Could not remove disk '${volid}', check manually: ${textOf(error)}`)
    }
  }
}

/** Takes a VM out of the world with its entries in access lists and pools. */
export function forget(world: ProxmoxWorld, vm: Vm): void {
  world.vms.delete(vm.vmid)
  dropFirewall(world, vm.vmid)
  for (const { vms } of world.pools.values()) vms.delete(vm.vmid)
  world.access.acl = world.access.acl.filter(({ path }) => path !== `/vms/${vm.vmid}`)
  world.events.emit('destroyed', vm)
}
