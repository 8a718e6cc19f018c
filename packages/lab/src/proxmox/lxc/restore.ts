import { die } from '../api-error.ts'
import { readArchive, type Archive } from '../backup/archive.ts'
import type { Call } from '../handler.ts'
import { need } from '../qemu/config/rights.ts'
import { formatOn, pathOf, storageNamed } from '../qemu/storage.ts'
import { startVmTask, textOf } from '../qemu/task.ts'
import { allocateVolume, freeVolume, freeVolumes, requireVolume } from '../qemu/volumes.ts'
import { spend, type Worker } from '../tasks.ts'
import { findVolume, type ProxmoxWorld } from '../world.ts'
import { keptValue } from './config/values.ts'
import { checkContainerLock, loadContainer, lockContainer, takeNumber } from './container.ts'
import { mountsOf, parseMount, printMount, withVolume } from './mount-point.ts'
import { startContainer } from './power.ts'
import { containerStorage } from './volumes.ts'

/** Makes a container of a backup, with what the call says instead. One that is there is replaced when that is asked for. */
export function restoreContainer(call: Call, given: Readonly<Record<string, string>>): string {
  const { world } = call
  const [node, vmid] = [call.text('node'), Number(call.text('vmid'))]
  const archive = requireVolume(world, node, call.text('ostemplate'))
  if (archive.content !== 'backup') die(`unable to parse '${archive.volid}' as a backup`)
  const storage = call.optional('storage')
  if (storage !== undefined) need(call, `/storage/${storage}`, ['Datastore.AllocateSpace'])
  const replaces = world.cluster.containers.get(vmid)?.node === node && call.flag('force')
  if (replaces) {
    const before = loadContainer(world, node, vmid)
    checkContainerLock(before)
    if (before.running) die(`unable to restore CT ${vmid} - container is running`)
    if (before.config['protection'] === '1') die(`unable to restore CT ${vmid} - protection mode enabled`)
  } else {
    try {
      takeNumber(world, node, vmid, 'create')
    } catch (error) {
      die(`unable to restore CT ${vmid} - ${textOf(error)}`)
    }
  }
  const work = async (worker: Worker): Promise<void> => {
    const path = pathOf(storageNamed(world, archive.storage), archive.volid)
    worker.log(`recovering backed-up configuration from '${archive.volid}'`)
    await lockContainer(
      world,
      vmid,
      async () => {
        const config = await unpack(call, readArchive(archive), path, worker)
        const container = loadContainer(world, node, vmid)
        await removeOld(world, node, vmid, container.config, worker)
        container.config = { ...config, ...keptOptions(world, given) }
        container.snapshots?.clear()
        container.pending.clear()
      },
      worker,
    ).catch((error: unknown) => {
      if (!replaces) world.cluster.containers.delete(vmid)
      throw new Error(`unable to restore CT ${vmid} - ${textOf(error)}`, { cause: error })
    })
    if (call.flag('start')) await startContainer(world, loadContainer(world, node, vmid), worker)
  }
  return startVmTask(call, 'vzrestore', work, String(vmid))
}

/** Makes the volumes of an archive anew. A failure leaves none of them. */
async function unpack(
  call: Call,
  archive: Archive,
  path: string,
  worker: Worker,
): Promise<Record<string, string>> {
  const { world } = call
  const [node, vmid] = [call.text('node'), Number(call.text('vmid'))]
  if (archive.type !== 'lxc') die('the archive is not of a container')
  const config: Record<string, string> = { ...archive.config }
  const made: string[] = []
  try {
    for (const { key, storage: before, size } of archive.disks) {
      const storage = containerStorage(world, call.optional('storage') ?? before, node)
      const volume = await allocateVolume(
        world,
        { vmid, storage, node, size, format: formatOn(storage, 'raw') },
        worker,
      )
      made.push(volume.volid)
      worker.log(`restoring '${path}' now..`)
      await spend(world, worker, (size / 16 / storage.speed) * 1000)
      config[key] = printMount(withVolume(parseMount(key, config[key] ?? ''), volume.volid, volume.size))
    }
  } catch (error) {
    await freeVolumes(world, node, made, worker)
    throw error
  }
  // What was not backed up is not there again.
  for (const { key, volume } of mountsOf(config))
    if (!volume.startsWith('/') && !archive.disks.some((disk) => disk.key === key)) delete config[key]
  if (call.flag('unique'))
    for (const [key, value] of Object.entries(config))
      if (/^net\d+$/.test(key)) config[key] = keptValue(world, key, value.replace(/,hwaddr=[^,]*/, ''))
  return config
}

function keptOptions(world: ProxmoxWorld, given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given)
      .filter(([key]) => !/^(?:rootfs|mp\d+)$/.test(key))
      .map(([key, value]) => [key, keptValue(world, key, value)]),
  )
}

/** Volumes of the container that is replaced. */
async function removeOld(
  world: ProxmoxWorld,
  node: string,
  vmid: number,
  config: Readonly<Record<string, string>>,
  worker: Worker,
): Promise<void> {
  for (const { volume } of mountsOf(config))
    if (findVolume(world, node, volume)?.vmid === vmid) await freeVolume(world, node, volume, worker)
}
