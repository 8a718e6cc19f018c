import { die } from '../api-error.ts'
import { spend, type Worker } from '../tasks.ts'
import { formatOn, usableStorage } from '../qemu/storage.ts'
import { allocateVolume, freeVolumes, requireVolume } from '../qemu/volumes.ts'
import type { ProxmoxWorld, Storage, Volume } from '../world.ts'
import { isMountKey, parseMount, printMount, withVolume } from './mount-point.ts'

const GIB = 1024 ** 3
/** A new volume of so many GiB on a storage. */
const NEW_VOLUME = /^([^/:\s]+):(\d+(?:\.\d+)?)$/

/** Whose volumes they are, and on which host. */
interface Owner {
  readonly vmid: number
  readonly node: string
}

/** The storages on which values ask for new volumes. */
export function storagesAskedFor(given: Readonly<Record<string, string>>): string[] {
  return Object.entries(given).flatMap(([key, value]) => {
    const name = isMountKey(key) ? NEW_VOLUME.exec(parseMount(key, value).volume)?.[1] : undefined
    return name === undefined ? [] : [name]
  })
}

/** A storage that containers may have volumes on. Throws what is wrong with it. */
export function containerStorage(world: ProxmoxWorld, name: string, node: string): Storage {
  const storage = usableStorage(world, name, node)
  return storage.content.includes('rootdir')
    ? storage
    : die(`storage '${name}' does not support container directories`)
}

/** Makes the volumes that mount points ask for, and finds the others. A failure leaves none of the new ones. */
export async function createMounts(
  world: ProxmoxWorld,
  { vmid, node }: Owner,
  given: Readonly<Record<string, string>>,
  worker?: Worker,
): Promise<Record<string, string>> {
  const values: Record<string, string> = {}
  const made: string[] = []
  try {
    for (const [key, value] of Object.entries(given)) {
      if (!isMountKey(key)) continue
      const mount = parseMount(key, value)
      const [, name, size] = NEW_VOLUME.exec(mount.volume) ?? []
      if (name === undefined || size === undefined) {
        if (!mount.volume.startsWith('/')) requireVolume(world, node, mount.volume)
        values[key] = printMount(mount)
        continue
      }
      const storage = containerStorage(world, name, node)
      const wanted = { vmid, storage, node, format: formatOn(storage, 'raw'), size: Number(size) * GIB }
      const volume = await allocateVolume(world, wanted, worker)
      made.push(volume.volid)
      values[key] = printMount(withVolume(mount, volume.volid, volume.size))
    }
  } catch (error) {
    await freeVolumes(world, node, made, worker)
    throw error
  }
  return values
}

/** Copies a volume's files into a new one of the same size; a failure leaves none. */
export async function copyMount(
  world: ProxmoxWorld,
  source: Volume,
  to: Owner & { storage: Storage },
  worker: Worker,
): Promise<Volume> {
  const { storage, node, vmid } = to
  const volume = await allocateVolume(
    world,
    { vmid, storage, node, format: formatOn(storage, 'raw'), size: source.size },
    worker,
  )
  try {
    const speed = Math.min(storage.speed, world.storages.get(source.storage)?.speed ?? Infinity)
    await spend(world, worker, (source.size / speed) * 1000)
  } catch (error) {
    await freeVolumes(world, node, [volume.volid], worker)
    throw error
  }
  return volume
}
