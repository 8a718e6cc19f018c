import { die } from '../api-error.ts'
import { drivesOf, isCdrom, isUnusedKey, type Drive } from '../qemu/drive.ts'
import { findVolume, type ProxmoxWorld, type Vm, type Volume } from '../world.ts'

/** A disk inside an archive. */
export interface ArchivedDisk {
  /** Key of the drive or mount point it was. */
  readonly key: string
  readonly storage: string
  readonly format: string
  /** Bytes. */
  readonly size: number
  /** What the volume held, base 64: an image that was imported, for an empty disk nothing. */
  readonly data?: string
}

/** What a backup holds: a guest's configuration and its disks. */
export interface Archive {
  /** Of a container; absent of a VM. */
  readonly type?: 'lxc'
  readonly config: Readonly<Record<string, string>>
  readonly disks: readonly ArchivedDisk[]
}

/** Disks of a VM that are backed up: all but CD drives and those that say `backup=0`. */
export function disksToBackUp(vm: Vm): { included: Drive[]; excluded: Drive[] } {
  const disks = drivesOf(vm.config).filter((drive) => !isCdrom(drive))
  return {
    included: disks.filter(({ options }) => options['backup'] !== '0'),
    excluded: disks.filter(({ options }) => options['backup'] === '0'),
  }
}

/** The bytes of an archive of a VM as it is now. */
export function archiveOf(world: ProxmoxWorld, vm: Vm): Uint8Array {
  const disks = disksToBackUp(vm).included.flatMap(({ key, file }): ArchivedDisk[] => {
    const volume = findVolume(world, vm.node, file)
    if (volume === undefined) return []
    const { storage, format, size, data } = volume
    return [{ key, storage, format, size, ...(data && { data: Buffer.from(data).toString('base64') }) }]
  })
  const config = Object.fromEntries(
    Object.entries(vm.config).filter(
      ([key]) => !isUnusedKey(key) && !['lock', 'parent', 'vmstate'].includes(key),
    ),
  )
  return Buffer.from(JSON.stringify({ config, disks } satisfies Archive))
}

/** Kind of the guest that an archive is of, by its name. */
export function kindOfArchive(volid: string): 'lxc' | 'qemu' {
  return /\/vzdump-lxc-/.test(volid) ? 'lxc' : 'qemu'
}

/** Reads an archive. Throws when the volume holds none. */
export function readArchive(volume: Volume): Archive {
  try {
    return JSON.parse(Buffer.from(volume.data ?? []).toString()) as Archive
  } catch {
    return die(`unable to extract configuration of '${volume.volid}'`)
  }
}

/** The configuration of an archive as its file is, with a line for each disk that says which it was. */
export function configText({ type, config, disks }: Archive): string {
  const lines = Object.entries(config)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => (key === 'description' ? `#${encodeURI(value)}` : `${key}: ${value}`))
  const map = (type === 'lxc' ? [] : disks).map(
    ({ key, storage, format }) => `#qmdump#map:${key}:drive-${key}:${storage}:${format}:`,
  )
  return `${[...lines, ...map].join('\n')}\n`
}
