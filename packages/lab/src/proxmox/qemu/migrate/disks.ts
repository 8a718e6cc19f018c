import { findVolume, volumesOf, type ProxmoxWorld, type Vm, type Volume } from '../../world.ts'
import { virtualSize } from '../copy.ts'
import { drivesOf, isCdrom, isCloudInit, unusedOf } from '../drive.ts'
import { isOnNode } from '../storage.ts'

/** A volume that only the VM's host has, as the precondition call tells it. */
export interface LocalDisk {
  readonly volid: string
  readonly volume: Volume
  /** Key of the drive; `vmstate` for saved memory. */
  readonly key: string
  readonly answer: Readonly<Record<string, unknown>>
}

/** Volumes of a VM that are not on shared storages: attached ones, unused ones and saved memory. */
export function localDisks(world: ProxmoxWorld, vm: Vm): LocalDisk[] {
  const found = new Map<string, LocalDisk>()
  const add = (volid: string, key: string, facts: Record<string, unknown>): void => {
    const volume = findVolume(world, vm.node, volid)
    if (!volume || world.storages.get(volume.storage)?.shared || found.has(volid)) return
    const answer = {
      volid,
      shared: 0,
      cdrom: 0,
      is_attached: 0,
      is_cloudinit: 0,
      is_tpmstate: 0,
      is_unused: 0,
      is_vmstate: 0,
      replicate: 1,
      ...facts,
    }
    found.set(volid, { volid, volume, key, answer })
  }
  for (const drive of drivesOf(vm.config)) {
    const isSeed = isCloudInit(drive)
    const volume = findVolume(world, vm.node, drive.file)
    const size = volume && virtualSize(volume)
    add(drive.file, drive.key, {
      drivename: drive.key,
      is_attached: 1,
      cdrom: isCdrom(drive) ? 1 : 0,
      is_cloudinit: isSeed ? 1 : 0,
      is_tpmstate: drive.key === 'tpmstate0' ? 1 : 0,
      ...(!(isSeed && drive.options['size'] === undefined) && { size }),
    })
  }
  for (const [key, volid] of unusedOf(vm.config)) add(volid, key, { drivename: key, is_unused: 1 })
  for (const section of vm.snapshots?.values() ?? []) {
    for (const drive of drivesOf(section))
      add(drive.file, drive.key, { drivename: drive.key, cdrom: isCdrom(drive) ? 1 : 0 })
    if (section['vmstate'] !== undefined) add(section['vmstate'], 'vmstate', { is_vmstate: 1 })
  }
  return [...found.values()]
}

/** Storages that a VM's volumes need and a host lacks. */
export function missingStorages(world: ProxmoxWorld, vm: Vm, host: string): string[] {
  const names = new Set(
    drivesOf(vm.config).flatMap((drive) => findVolume(world, vm.node, drive.file)?.storage ?? []),
  )
  return [...names].filter((name) => {
    const storage = world.storages.get(name)
    return !storage || storage.disabled || !isOnNode(storage, host)
  })
}

/** True when a volume that a host's copy would need is a base or stands on one: neither can move alone. */
export function isLinked(world: ProxmoxWorld, vm: Vm, volume: Volume): boolean {
  if (volume.parent !== undefined && volume.volid.includes('/base-')) return true
  const storage = world.storages.get(volume.storage)
  return (
    storage !== undefined &&
    volumesOf(world, vm.node, storage).some((other) => other.volid.startsWith(`${volume.volid}/`))
  )
}
