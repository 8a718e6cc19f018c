import { die } from '../api-error.ts'
import { isFull } from '../storage/usage.ts'
import { spend, type Worker } from '../tasks.ts'
import { findVolume, volumeKey, type ProxmoxWorld, type Storage, type Volume } from '../world.ts'
import { lockStorage } from './lock.ts'
import {
  clonesOf,
  formattingLine,
  freeDiskName,
  imageVolid,
  isBase,
  pathOf,
  isBlock,
  isLvm,
  storageNamed,
  usableStorage,
} from './storage.ts'
import { textOf } from './task.ts'
import { TIMINGS } from './timings.ts'

/** A new image. */
interface NewVolume {
  readonly vmid: number
  readonly storage: Storage
  readonly node: string
  readonly format: string
  /** Bytes. Storages of blocks round it up to 4 MiB. */
  readonly size: number
  /** Name without extension; default is the next free disk. */
  readonly name?: string
  /** Content that it begins with. */
  readonly data?: Uint8Array | undefined
}

/** Makes an empty image under its storage's lock, as its log says. Throws when the name is taken. */
export function allocateVolume(world: ProxmoxWorld, wanted: NewVolume, worker?: Worker): Promise<Volume> {
  const { storage, node, vmid, format } = wanted
  return lockStorage(
    world,
    storage,
    node,
    async () => {
      const name = wanted.name ?? freeDiskName(world, node, storage, vmid)
      const volid = imageVolid(storage, vmid, name, format)
      const size = isLvm(storage) ? Math.ceil(wanted.size / EXTENT) * EXTENT : wanted.size
      if (isFull(storage)) die(fullText(storage, volid, name))
      if (findVolume(world, node, volid)) die(`disk image '${pathOf(storage, volid)}' already exists`)
      if (isLvm(storage)) worker?.log(`  Logical volume "${name}" created.`)
      else if (!isBlock(storage)) worker?.log(formattingLine(pathOf(storage, volid), format, size))
      const volume = addVolume(world, storage, node, { volid, size, format, vmid, data: wanted.data })
      try {
        await pause(world, worker, TIMINGS.allocate)
      } catch (error) {
        dropVolume(world, node, volid)
        throw error
      }
      return volume
    },
    worker,
  )
}

/** What the program that makes an image says where there is no space. */
function fullText(storage: Storage, volid: string, name: string): string {
  if (storage.type === 'zfspool')
    return `zfs error: cannot create '${storage.path ?? 'rpool'}/${name}': out of space`
  if (!isLvm(storage))
    return `unable to create image: qemu-img: ${pathOf(storage, volid)}: Could not write the header: No space left on device`
  const group = storage.path ?? 'pve'
  return `lvcreate '${group}/${name}' error:   Cannot create new thin volume, free space in thin pool ${group}/data reached threshold.`
}

/** Smallest piece of a block storage, bytes. */
const EXTENT = 4 * 1024 * 1024

/** Makes an image on top of a base image, under the storage's lock. */
export function linkVolume(
  world: ProxmoxWorld,
  base: Volume,
  vmid: number,
  node: string,
  worker: Worker,
): Promise<Volume> {
  const storage = storageNamed(world, base.storage)
  return lockStorage(
    world,
    storage,
    node,
    async () => {
      const name = freeDiskName(world, node, storage, vmid)
      const baseName = base.volid.slice(base.volid.indexOf(':') + 1)
      let volid = imageVolid(storage, vmid, name, 'raw')
      let parent = baseName
      if (isLvm(storage)) worker.log(`  Logical volume "${name}" created.`)
      else if (isBlock(storage)) volid = `${base.volid}/${name}`
      else {
        volid = `${base.volid}/${vmid}/${name}.qcow2`
        parent = `../${baseName.split('/').slice(-2).join('/')}`
        worker.log(`clone ${baseName}: images, ${name}.qcow2, ${vmid} to ${name}.qcow2 (base=${parent})`)
        worker.log(formattingLine(pathOf(storage, volid), 'qcow2', base.size, parent))
      }
      const format = isBlock(storage) ? 'raw' : 'qcow2'
      const volume = addVolume(world, storage, node, {
        volid,
        size: base.size,
        format,
        vmid,
        parent,
        data: base.data,
      })
      try {
        await spend(world, worker, TIMINGS.link)
      } catch (error) {
        dropVolume(world, node, volid)
        throw error
      }
      return volume
    },
    worker,
  )
}

/** Removes a volume under its storage's lock; one that is gone already is fine. Throws when linked clones stand on it. */
export async function freeVolume(
  world: ProxmoxWorld,
  node: string,
  volid: string,
  worker?: Worker,
): Promise<void> {
  const volume = findVolume(world, node, volid)
  if (!volume) return
  const storage = usableStorage(world, volume.storage, node)
  await lockStorage(
    world,
    storage,
    node,
    async () => {
      if (isBase(volid) && clonesOf(world, node, storage, volid).length > 0)
        die(`base volume '${volid.slice(volid.indexOf(':') + 1)}' is still in use by linked clones`)
      dropVolume(world, node, volid)
      await world.clock.sleep(TIMINGS.free)
    },
    worker,
  )
}

/** Removes volumes of a step that failed; what cannot be removed is a line of the log. */
export async function freeVolumes(
  world: ProxmoxWorld,
  node: string,
  volids: readonly string[],
  worker?: Worker,
): Promise<void> {
  for (const volid of volids) {
    try {
      await freeVolume(world, node, volid)
    } catch (error) {
      worker?.log(textOf(error))
    }
  }
}

/** Puts a volume into the world. */
export function addVolume(
  world: ProxmoxWorld,
  storage: Storage,
  node: string,
  facts: {
    volid: string
    size: number
    format: string
    vmid: number
    parent?: string
    data?: Uint8Array | undefined
  },
): Volume {
  const { parent, data, ...rest } = facts
  const volume: Volume = {
    ...rest,
    storage: storage.name,
    node: storage.shared ? '' : node,
    content: 'images',
    ctime: Math.floor(world.clock.now() / 1000),
    ...(parent !== undefined && { parent }),
    ...(data && { data }),
  }
  world.volumes.set(volumeKey(world, node, volume.volid), volume)
  return volume
}

/** Takes a volume out of the world at once. */
export function dropVolume(world: ProxmoxWorld, node: string, volid: string): void {
  world.volumes.delete(volumeKey(world, node, volid))
}

/** A volume under another name, as making a template renames it. */
export function renameVolume(world: ProxmoxWorld, node: string, volume: Volume, volid: string): Volume {
  const renamed: Volume = { ...volume, volid }
  dropVolume(world, node, volume.volid)
  world.volumes.set(volumeKey(world, node, volid), renamed)
  return renamed
}

/** A volume that must be there. Throws `volume '...' does not exist`, or what is wrong with its storage. */
export function requireVolume(world: ProxmoxWorld, node: string, volid: string): Volume {
  const name = /^([^/:\s]+):.+$/.exec(volid)?.[1]
  if (name === undefined) return die(`unable to parse volume ID '${volid}'`)
  usableStorage(world, name, node)
  return findVolume(world, node, volid) ?? die(`volume '${volid}' does not exist`)
}

function pause(world: ProxmoxWorld, worker: Worker | undefined, ms: number): Promise<void> {
  return worker ? spend(world, worker, ms) : world.clock.sleep(ms)
}
