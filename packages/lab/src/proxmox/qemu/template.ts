import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { findVolume, type ProxmoxWorld, type Vm } from '../world.ts'
import { drivesOf, isCdrom, printDrive } from './drive.ts'
import { isBase } from './storage.ts'
import { startLockedTask } from './task.ts'
import { checkLock, isTemplate, vmOf } from './vm.ts'
import { renameVolume } from './volumes.ts'

/** `POST /nodes/{node}/qemu/{vmid}/template`. */
export const templateHandlers: Handlers = { 'POST /nodes/{node}/qemu/{vmid}/template': template }

function template(call: Call): string {
  const { world } = call
  const before = vmOf(call)
  checkConvertible(before)
  const disk = call.optional('disk')
  return startLockedTask(call, 'qmtemplate', (vm) => {
    checkConvertible(vm)
    vm.config['template'] = '1'
    for (const drive of drivesOf(vm.config)) {
      if (isCdrom(drive) || (disk !== undefined && drive.key !== disk)) continue
      const volid = makeBase(world, vm, drive.file)
      if (volid !== undefined) vm.config[drive.key] = printDrive({ ...drive, file: volid })
    }
    return Promise.resolve()
  })
}

function checkConvertible(vm: Vm): void {
  checkLock(vm)
  if (vm.snapshots && vm.snapshots.size > 0) die('unable to create template, because VM contains snapshots')
  if (isTemplate(vm)) die("you can't convert a template to a template")
  if (vm.running) die("you can't convert a VM to template if VM is running")
}

/** Renames a volume so that linked clones can stand on it. Returns the new volid; undefined when there is nothing to rename. */
export function makeBase(world: ProxmoxWorld, vm: Vm, volid: string): string | undefined {
  const volume = findVolume(world, vm.node, volid)
  if (!volume || isBase(volid)) return undefined
  return renameVolume(world, vm.node, volume, volid.replace(/vm-(\d+-disk-\d+(?:\.\w+)?)$/, 'base-$1')).volid
}
