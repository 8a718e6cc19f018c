import { die, parameterError } from '../../api-error.ts'
import type { Call } from '../../handler.ts'
import type { Worker } from '../../tasks.ts'
import { digestOf, findVolume, type Vm } from '../../world.ts'
import { checkDigest } from '../config/request.ts'
import { need } from '../config/rights.ts'
import { isCdrom, parseDrive, printDrive } from '../drive.ts'
import { lockConfig } from '../lock.ts'
import { freeDiskName, imageVolid, storageNamed } from '../storage.ts'
import { startVmTask } from '../task.ts'
import { checkLock, isTemplate, loadVm, vmOf } from '../vm.ts'
import { addVolume, dropVolume } from '../volumes.ts'

const MODIFIED = 'detected modified configuration - file changed by other user? Try again.'

/** Gives a disk to another VM of the same host. Returns the UPID, whose id names both drives. */
export function reassign(call: Call): string {
  const { world } = call
  const source = vmOf(call)
  const targetId = Number(call.text('target-vmid'))
  const key = call.text('disk')
  const targetKey = call.optional('target-disk') ?? key
  if (targetId === source.vmid)
    parameterError({ 'target-vmid': 'must be different than source VMID to reassign disk' })
  need(call, `/vms/${targetId}`, ['VM.Config.Disk'])
  const target = world.vms.get(targetId) ?? die(`could not find target VM ${targetId}`)
  if (target.node !== source.node)
    die(`Both VMs need to be on the same node (${source.node} != ${target.node})`)
  check(call, source, target, key, targetKey)
  return startVmTask(
    call,
    'qmmove',
    (worker) =>
      lockConfig(
        world,
        source.vmid,
        () =>
          lockConfig(
            world,
            targetId,
            () => {
              const from = loadVm(world, source.node, source.vmid)
              const to = loadVm(world, source.node, targetId)
              check(call, from, to, key, targetKey)
              give(call, from, to, key, targetKey, worker)
              return Promise.resolve()
            },
            { worker },
          ),
        { worker },
      ),
    `${source.vmid}-${key}>${targetId}-${targetKey}`,
  )
}

function check(call: Call, source: Vm, target: Vm, key: string, targetKey: string): void {
  checkDigest(call.optional('digest'), digestOf(source), MODIFIED)
  checkDigest(call.optional('target-digest'), digestOf(target), MODIFIED)
  checkLock(source)
  checkLock(target)
  if (isTemplate(source) || isTemplate(target)) die("Can't move disks from or to template VMs")
  const value = source.config[key] ?? die(`Disk '${key}' for VM '${source.vmid}' does not exist`)
  const drive = parseDrive(key, value)
  if (isCdrom(drive)) die("you can't move a cdrom")
  if (target.config[targetKey] !== undefined)
    die(`Target disk key '${targetKey}' is already in use for VM '${target.vmid}'`)
  if (source.running && !key.startsWith('unused'))
    die('Cannot move disk to another VM while the source VM is running - detach first')
  const inSnapshot = [...(source.snapshots?.values() ?? [])].some((section) =>
    Object.values(section).some((each) => each.split(',')[0] === drive.file),
  )
  if (inSnapshot) die("Can't move disk used by a snapshot to another VM")
}

function give(call: Call, source: Vm, target: Vm, key: string, targetKey: string, worker: Worker): void {
  const { world } = call
  const drive = parseDrive(key, source.config[key] ?? '')
  const volume = findVolume(world, source.node, drive.file) ?? die(`volume '${drive.file}' does not exist`)
  const storage = storageNamed(world, volume.storage)
  worker.log(`moving disk '${key}' from VM '${source.vmid}' to '${target.vmid}'`)
  const volid = imageVolid(
    storage,
    target.vmid,
    freeDiskName(world, source.node, storage, target.vmid),
    volume.format,
  )
  dropVolume(world, source.node, drive.file)
  addVolume(world, storage, source.node, {
    volid,
    size: volume.size,
    format: volume.format,
    vmid: target.vmid,
    data: volume.data,
  })
  worker.log(`removing disk '${key}' from VM '${source.vmid}' config`)
  delete source.config[key]
  worker.log(`update VM ${target.vmid}: -${targetKey} ${volid}`)
  target.config[targetKey] = targetKey.startsWith('unused') ? volid : printDrive({ ...drive, file: volid })
}
