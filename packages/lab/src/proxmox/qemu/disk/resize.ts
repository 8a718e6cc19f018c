import { die } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import type { Worker } from '../../tasks.ts'
import { digestOf, volumeKey, type Vm, type Volume } from '../../world.ts'
import { checkDigest } from '../config/request.ts'
import { need, rootOnly } from '../config/rights.ts'
import { isCdrom, parseDrive, parseSize, printDrive, printSize, storageOf, withOptions } from '../drive.ts'
import { isBase, isLvm, pathOf, storageNamed } from '../storage.ts'
import { startLockedTask } from '../task.ts'
import { TIMINGS } from '../timings.ts'
import { checkLock } from '../vm.ts'
import { requireVolume } from '../volumes.ts'

/** `PUT /nodes/{node}/qemu/{vmid}/resize`: all is checked in the task. */
export const resizeHandlers: Handlers = { 'PUT /nodes/{node}/qemu/{vmid}/resize': resize }

function resize(call: Call): string {
  rootOnly(call, 'skiplock')
  return startLockedTask(call, 'resize', (vm, worker) => resizeLocked(call, vm, worker))
}

async function resizeLocked(call: Call, vm: Vm, worker: Worker): Promise<void> {
  const { world } = call
  const key = call.text('disk')
  checkDigest(call.optional('digest'), digestOf(vm))
  if (!call.flag('skiplock')) checkLock(vm)
  const drive = parseDrive(key, vm.config[key] ?? die(`disk '${key}' does not exist`))
  const storageName = storageOf(drive.file) ?? die(`unable to parse volume ID '${drive.file}'`)
  if (isCdrom(drive)) die("you can't resize a cdrom")
  need(call, `/storage/${storageName}`, ['Datastore.AllocateSpace'])
  const volume = requireVolume(world, vm.node, drive.file)
  const size = wantedSize(call.text('size'), volume.size)
  if (size < volume.size) die('shrinking disks is not supported')
  if (size === volume.size) return
  if (isBase(drive.file)) refuseBase(call, volume, size, worker)
  await world.clock.sleep(TIMINGS.monitor)
  // The volume may have got another object meanwhile.
  const now = world.volumes.get(volumeKey(world, vm.node, volume.volid))
  if (now) now.size = size
  await world.machines?.of(vm.vmid)?.monitor(`block_resize drive-${key} ${size}B`)
  vm.config[key] = printDrive(withOptions(parseDrive(key, vm.config[key] ?? ''), { size: printSize(size) }))
}

/** Bytes that a size asks for: `+` adds, a number without unit is in bytes; block storages round up. */
function wantedSize(text: string, before: number): number {
  const bytes = parseSize(text.replace(/^\+/, '')) ?? die(`unable to parse size '${text}'`)
  const size = text.startsWith('+') ? before + bytes : bytes
  return Math.ceil(size / 512) * 512
}

/** Files of base volumes cannot be written. */
function refuseBase(call: Call, volume: Volume, size: number, worker: Worker): never {
  const storage = storageNamed(call.world, volume.storage)
  const path = pathOf(storage, volume.volid)
  if (isLvm(storage)) return die(`command '/sbin/lvextend -L ${size / 1024}k ${path}' failed: exit code 5`)
  worker.log(`qemu-img: Could not open '${path}': Could not open '${path}': Operation not permitted`)
  const options = volume.format === 'qcow2' ? `'--preallocation=metadata' ` : ''
  return die(
    `command '/usr/bin/qemu-img resize ${options}-f ${volume.format} ${path} ${size}' failed: exit code 1`,
  )
}
