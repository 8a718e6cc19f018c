import { die } from '../../api-error.ts'
import { findVolume, type ProxmoxWorld, type Vm } from '../../world.ts'
import { drivesOf, isCdrom, isCloudInit, parseDrive, unusedOf, type Drive } from '../drive.ts'
import { freeVolume } from '../volumes.ts'

/** Longest list of `unusedN`. */
const MOST = 256

/** True when a volume was made for a VM. */
export function ownsVolume(world: ProxmoxWorld, vm: Vm, volid: string): boolean {
  return findVolume(world, vm.node, volid)?.vmid === vm.vmid
}

/** True when a drive of the configuration, of what is pending, or of a snapshot names a volume. */
export function isNamed(vm: Vm, volid: string, exceptKey?: string): boolean {
  const sections: Readonly<Record<string, string>>[] = [vm.config, ...(vm.snapshots?.values() ?? [])]
  const named = sections.some((section) =>
    drivesOf(section).some(
      (drive) => drive.file === volid && !(section === vm.config && drive.key === exceptKey),
    ),
  )
  return (
    named ||
    [...vm.pending].some(
      ([key, value]) => value !== undefined && key !== exceptKey && parseDrive(key, value).file === volid,
    )
  )
}

/** Keeps a volume that no drive holds any longer as the lowest free `unusedN`. Returns the key. */
export function keepAsUnused(vm: Vm, volid: string): string {
  const unused = unusedOf(vm.config)
  const before = unused.find(([, each]) => each === volid)
  if (before) return before[0]
  const taken = new Set(unused.map(([key]) => key))
  for (let index = 0; index < MOST; index += 1) {
    const key = `unused${index}`
    if (taken.has(key)) continue
    vm.config[key] = volid
    return key
  }
  return die('Too many unused volumes - please delete them first.')
}

/** Takes the `unusedN` of a volume away that a drive holds again. */
export function forgetUnused(vm: Vm, volid: string): void {
  for (const [key, each] of unusedOf(vm.config)) if (each === volid) delete vm.config[key]
}

/** What becomes of a drive's volume when its key goes: seeds of Proxmox vanish, media stay where they are, disks become `unusedN`. */
export async function releaseDrive(world: ProxmoxWorld, vm: Vm, drive: Drive): Promise<void> {
  if (isCloudInit(drive)) {
    if (ownsVolume(world, vm, drive.file)) await freeVolume(world, vm.node, drive.file)
  } else if (!isCdrom(drive) && ownsVolume(world, vm, drive.file) && !isNamed(vm, drive.file, drive.key))
    keepAsUnused(vm, drive.file)
}

/** Destroys a volume for good. Throws when a snapshot or another key holds it. */
export async function destroyVolume(world: ProxmoxWorld, vm: Vm, volid: string, key: string): Promise<void> {
  if (!ownsVolume(world, vm, volid)) return
  if (isNamed(vm, volid, key)) die(`unable to delete '${volid}' - volume is still in use (snapshot?)`)
  await freeVolume(world, vm.node, volid)
}
