import { die, parameterError } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import type { Worker } from '../../tasks.ts'
import { digestOf, findVolume, type Vm } from '../../world.ts'
import { checkDigest } from '../config/request.ts'
import { need } from '../config/rights.ts'
import { isNamed, keepAsUnused } from '../config/unused.ts'
import { copyVolume } from '../copy.ts'
import { isCdrom, parseDrive, printDrive, printSize, withOptions, type Drive } from '../drive.ts'
import { formatOn, storageNamed, usableStorage } from '../storage.ts'
import { startLockedTask, textOf } from '../task.ts'
import { makeBase } from '../template.ts'
import { checkLock, isTemplate, vmOf } from '../vm.ts'
import { freeVolume } from '../volumes.ts'
import { reassign } from './reassign.ts'

/** `POST /nodes/{node}/qemu/{vmid}/move_disk`: to another storage, or to another VM. */
export const moveHandlers: Handlers = { 'POST /nodes/{node}/qemu/{vmid}/move_disk': move }

/** Text of a digest that does not match, as these calls word it. */
const MODIFIED = 'detected modified configuration - file changed by other user? Try again.'

function move(call: Call): string {
  const storage = call.optional('storage')
  const target = call.optional('target-vmid')
  if (storage !== undefined && target !== undefined)
    refuseBoth("either set 'storage' or 'target-vmid', but not both")
  if (storage === undefined && target === undefined)
    refuseBoth("both 'storage' and 'target-vmid' missing, either needs to be set")
  return storage === undefined ? reassign(call) : moveToStorage(call, storage)
}

function refuseBoth(text: string): never {
  return parameterError({ 'target-vmid': text, storage: text })
}

function moveToStorage(call: Call, storage: string): string {
  const before = vmOf(call)
  need(call, `/storage/${storage}`, ['Datastore.AllocateSpace'])
  checkMove(call, before, storage)
  return startLockedTask(call, 'qmmove', async (vm, worker) => {
    const drive = checkMove(call, vm, storage)
    await moveLocked(call, vm, drive, storage, worker).catch((error: unknown) => {
      throw new Error(`storage migration failed: ${textOf(error)}`, { cause: error })
    })
  })
}

function checkMove(call: Call, vm: Vm, storageName: string): Drive {
  const { world } = call
  const key = call.text('disk')
  checkDigest(call.optional('digest'), digestOf(vm), MODIFIED)
  checkLock(vm)
  const drive = parseDrive(key, vm.config[key] ?? die(`disk '${key}' does not exist`))
  if (isCdrom(drive)) die("you can't move a cdrom")
  const volume = findVolume(world, vm.node, drive.file) ?? die(`disk '${key}' has no associated volume`)
  const format = call.optional('format')
  if (volume.storage === storageName && (format === undefined || format === volume.format))
    die("you can't move to the same storage with same format")
  const storage = usableStorage(world, storageName, vm.node)
  if (!storage.content.includes('images')) die(`storage '${storageName}' does not support vm images`)
  if (call.flag('delete') && inSnapshot(vm, drive.file))
    die("you can't move a disk with snapshots and delete the source")
  return drive
}

function inSnapshot(vm: Vm, volid: string): boolean {
  return [...(vm.snapshots?.values() ?? [])].some((section) =>
    Object.values(section).some((value) => value.split(',')[0] === volid),
  )
}

async function moveLocked(
  call: Call,
  vm: Vm,
  drive: Drive,
  storageName: string,
  worker: Worker,
): Promise<void> {
  const { world } = call
  const { key, file } = drive
  const source = findVolume(world, vm.node, file) ?? die(`volume '${file}' does not exist`)
  const storage = storageNamed(world, storageName)
  worker.log(
    `copying volume '${file}' from current storage '${source.storage}' to target storage '${storageName}'`,
  )
  worker.log(`create full clone of drive ${key} (${file})`)
  const made = await copyVolume(
    world,
    {
      source,
      vmid: vm.vmid,
      storage,
      node: vm.node,
      format: formatOn(storage, call.optional('format') ?? source.format),
      bwlimit: call.number('bwlimit'),
      ...(vm.running && { mirror: key, after: 'switch' as const }),
    },
    worker,
  )
  const volid = isTemplate(vm) ? (makeBase(world, vm, made.volid) ?? made.volid) : made.volid
  vm.config[key] = printDrive({
    ...withOptions(drive, { size: printSize(made.size), format: undefined }),
    file: volid,
  })
  if (!call.flag('delete')) {
    const unused = isNamed({ ...vm, snapshots: new Map() }, file) ? undefined : keepAsUnused(vm, file)
    if (unused !== undefined) worker.log(`adding source volume '${file}' as '${unused}' to config`)
    return
  }
  worker.log(`removing source volume '${file}' after successful copy`)
  try {
    await freeVolume(world, vm.node, file, worker)
  } catch (error) {
    worker.warn(textOf(error))
  }
}
