import { die } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import type { Worker } from '../../tasks.ts'
import type { ProxmoxWorld } from '../../world.ts'
import { copyVolume } from '../copy.ts'
import {
  drivesOf,
  isCdrom,
  isCloudInit,
  printDrive,
  printSize,
  storageOf,
  withOptions,
  type Drive,
} from '../drive.ts'
import { copyFirewall } from '../../firewall/state.ts'
import { lockConfig } from '../lock.ts'
import { formatOn, isBlock, usableStorage } from '../storage.ts'
import { startVmTask, textOf } from '../task.ts'
import { loadVm, newVm, vmidOf } from '../vm.ts'
import { allocateVolume, freeVolumes, linkVolume, requireVolume } from '../volumes.ts'
import { checkCloneParameters, checkCloneSource, type CloneSource } from './check.ts'
import { cloneConfig } from './config.ts'

/** How long the task waits for the locks of source and clone, ms. */
const WAIT_MS = 1000

/** `POST /nodes/{node}/qemu/{vmid}/clone`. */
export const cloneHandlers: Handlers = { 'POST /nodes/{node}/qemu/{vmid}/clone': clone }

function clone(call: Call): string {
  checkCloneParameters(call)
  const { vm } = checkCloneSource(call)
  // Clones of a template or of a VM that is off read it together; a running one is cloned alone.
  const shared = !vm.running
  return startVmTask(call, 'qmclone', (worker) =>
    lockConfig(call.world, vmidOf(call), () => cloneLocked(call, worker), {
      waitMs: WAIT_MS,
      worker,
      shared,
    }),
  )
}

async function cloneLocked(call: Call, worker: Worker): Promise<void> {
  const { world } = call
  const newid = Number(call.text('newid'))
  const node = call.text('node')
  const source = checkCloneSource(call)
  await lockConfig(
    world,
    newid,
    async () => {
      worker.log(`creating a clone of VM ${source.vm.vmid} with ID ${newid}`)
      if (world.vms.has(newid) || world.cluster.containers.has(newid))
        die(
          `close (rename) atomic file '/etc/pve/nodes/${node}/qemu-server/${newid}.conf' failed: File exists`,
        )
      world.vms.set(newid, newVm(newid, node, { description: ' qmclone temporary file', lock: 'clone' }))
      const vm = loadVm(world, node, newid)
      const made: string[] = []
      try {
        const drives = await cloneDrives(call, source, newid, made, worker)
        const wanted = { name: call.optional('name'), description: call.optional('description') }
        vm.config = { ...cloneConfig(source.vm, source.section, wanted), ...drives }
        vm.node = call.optional('target') ?? node
        copyFirewall(world, source.vm.vmid, newid)
      } catch (error) {
        await freeVolumes(world, node, made, worker)
        world.vms.delete(newid)
        throw new Error(`clone failed: ${textOf(error)}`, { cause: error })
      }
      const pool = call.optional('pool')
      if (pool !== undefined) world.pools.get(pool)?.vms.add(newid)
    },
    { waitMs: WAIT_MS, worker },
  )
}

/** Makes the clone's drives; `made` collects the volumes, to be removed when one fails. */
async function cloneDrives(
  call: Call,
  source: CloneSource,
  newid: number,
  made: string[],
  worker: Worker,
): Promise<Record<string, string>> {
  const values: Record<string, string> = {}
  for (const drive of drivesOf(source.section)) {
    if (isCdrom(drive, true)) {
      values[drive.key] = printDrive(drive)
      continue
    }
    const { volid, size } = await cloneDrive(call, source, drive, newid, worker)
    made.push(volid)
    values[drive.key] = printDrive({
      ...withOptions(drive, { size: printSize(size), format: undefined }),
      file: volid,
    })
  }
  return values
}

async function cloneDrive(
  call: Call,
  source: CloneSource,
  drive: Drive,
  newid: number,
  worker: Worker,
): Promise<{ volid: string; size: number }> {
  const { world } = call
  const node = call.text('node')
  const { vm, full } = source
  if (isCloudInit(drive)) return cloneSeed(world, call, drive, newid, worker)
  const volume = requireVolume(world, node, drive.file)
  if (!full) {
    worker.log(`create linked clone of drive ${drive.key} (${drive.file})`)
    return linkVolume(world, volume, newid, node, worker)
  }
  worker.log(`create full clone of drive ${drive.key} (${drive.file})`)
  const storage = usableStorage(world, call.optional('storage') ?? volume.storage, node)
  const isLive =
    vm.running && call.params['snapname'] === undefined && !/^(?:efidisk|tpmstate)/.test(drive.key)
  return copyVolume(
    world,
    {
      source: volume,
      vmid: newid,
      storage,
      node,
      format: formatOn(storage, call.optional('format') ?? volume.format),
      bwlimit: call.number('bwlimit'),
      ...(isLive && { mirror: drive.key, after: 'source' as const }),
    },
    worker,
  )
}

/** A clone gets a drive for a seed of its own, empty until it starts. */
async function cloneSeed(
  world: ProxmoxWorld,
  call: Call,
  drive: Drive,
  newid: number,
  worker: Worker,
): Promise<{ volid: string; size: number }> {
  const node = call.text('node')
  worker.log(`create full clone of drive ${drive.key} (${drive.file})`)
  const storage = usableStorage(world, call.optional('storage') ?? storageOf(drive.file) ?? 'local', node)
  const format = formatOn(storage, isBlock(storage) ? 'raw' : 'qcow2')
  const size = 4 * 1024 * 1024
  const volume = await allocateVolume(
    world,
    { vmid: newid, storage, node, format, size, name: `vm-${newid}-cloudinit` },
    worker,
  )
  worker.log(`allocated target volume '${volume.volid}'`)
  return volume
}
