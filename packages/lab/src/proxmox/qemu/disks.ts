import { die, parameterError } from '../api-error.ts'
import type { Worker } from '../tasks.ts'
import { findVolume, type ProxmoxWorld } from '../world.ts'
import { copyVolume, virtualSize } from './copy.ts'
import {
  allocationOf,
  drivesOf,
  isCdrom,
  isCloudInit,
  isUnusedKey,
  parseDrive,
  parseSize,
  printDrive,
  printSize,
  storageOf,
  withOptions,
  type Drive,
} from './drive.ts'
import { canDo, formatOn, isBlock, pathOf, usableStorage } from './storage.ts'
import { allocateVolume, freeVolumes, requireVolume } from './volumes.ts'

const MIB = 1024 * 1024

/** Sizes of the variables that EFI firmware begins with, by `efitype`. */
const EFI_VARS: Readonly<Record<string, number>> = { '4m': 528 * 1024, '2m': 128 * 1024 }

/** The VM whose drives are made. */
interface Owner {
  readonly vmid: number
  readonly node: string
  /** Its configuration, to find a second drive of a seed. */
  readonly config: Readonly<Record<string, string>>
}

/** What making drives gave. */
interface MadeDisks {
  /** Values to keep, by key. */
  readonly values: Record<string, string>
  /** Volumes that were made: to remove again if a later step fails. */
  readonly made: string[]
  /** Volumes that were there before. */
  readonly attached: string[]
}

/** Refuses what a drive's words ask for wrongly, before anything is made. */
export function checkDriveSyntax(key: string, text: string): Drive {
  const drive = parseDrive(key, text)
  if (drive.file === '') parameterError({ [key]: 'unable to parse drive options' })
  const source = drive.options['import-from']
  if (source !== undefined && allocationOf(drive)?.gib !== 0)
    parameterError({
      [key]: "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>",
    })
  return drive
}

/**
 * Makes or attaches the drives of some settings, one after the other in the original's order, as its log says.
 * A failure removes what was made before it and is thrown.
 */
export async function createDisks(
  world: ProxmoxWorld,
  owner: Owner,
  settings: Readonly<Record<string, string>>,
  worker?: Worker,
): Promise<MadeDisks> {
  const result: MadeDisks = { values: {}, made: [], attached: [] }
  try {
    for (const drive of drivesOf(settings)) {
      const text = await createDisk(world, owner, drive, result, worker)
      result.values[drive.key] = text
    }
    for (const key of Object.keys(settings).filter(isUnusedKey)) {
      const { file } = parseDrive(key, settings[key] ?? '')
      requireVolume(world, owner.node, file)
      result.values[key] = file
    }
    return result
  } catch (error) {
    await freeVolumes(world, owner.node, result.made, worker)
    throw error
  }
}

async function createDisk(
  world: ProxmoxWorld,
  owner: Owner,
  drive: Drive,
  result: MadeDisks,
  worker?: Worker,
): Promise<string> {
  const { key } = drive
  if (drive.file === 'none' || drive.file === 'cdrom')
    return printDrive(withOptions(drive, { size: undefined }))
  if (isCloudInit(drive) && !/vm-\d+-cloudinit/.test(drive.file))
    return createSeedDrive(world, owner, drive, result, worker)
  const wanted = allocationOf(drive)
  if (!wanted) return attach(world, owner, drive, result)
  const storage = usableStorage(world, wanted.storage ?? 'local', owner.node)
  const options: Record<string, string | undefined> = { format: undefined, 'import-from': undefined }
  const source = drive.options['import-from']
  const base = { vmid: owner.vmid, storage, node: owner.node }
  let volume
  if (source !== undefined && worker) {
    const image = importSource(world, owner.node, source)
    worker.log(`create full clone of drive (${source})`)
    const format = formatOn(storage, drive.options['format'] ?? image.format)
    const efi = key === 'efidisk0' ? { size: efiSize(drive) } : {}
    volume = await copyVolume(
      world,
      { source: image, ...base, format, size: virtualSize(image), ...efi },
      worker,
    )
  } else if (source !== undefined) {
    const image = importSource(world, owner.node, source)
    const format = formatOn(storage, drive.options['format'] ?? image.format)
    volume = await allocateVolume(world, { ...base, format, size: virtualSize(image), data: image.data })
  } else if (key === 'efidisk0') {
    volume = await allocateVolume(
      world,
      { ...base, format: formatOn(storage, drive.options['format']), size: efiSize(drive) },
      worker,
    )
    const size = `${efiSize(drive) / 1024}.0 KiB`
    const end = `transferred ${size} of ${size} (100.00%)`
    worker?.log([`transferred 0.0 B of ${size} (0.00%)`, end, end].join('\n'))
  } else if (key === 'tpmstate0') {
    volume = await allocateVolume(world, { ...base, format: 'raw', size: 4 * MIB }, worker)
  } else {
    const size = Math.floor(wanted.gib * MIB) * 1024
    volume = await allocateVolume(
      world,
      { ...base, format: formatOn(storage, drive.options['format']), size },
      worker,
    )
  }
  result.made.push(volume.volid)
  const made = { ...withOptions(drive, { ...options, size: printSize(volume.size) }), file: volume.volid }
  worker?.log(`${key}: successfully created disk '${printDrive(made)}'`)
  return printDrive(made)
}

function efiSize(drive: Drive): number {
  return EFI_VARS[drive.options['efitype'] ?? '2m'] ?? 128 * 1024
}

/** Proxmox's own drive with a seed: one for a VM, empty until the VM starts. */
async function createSeedDrive(
  world: ProxmoxWorld,
  owner: Owner,
  drive: Drive,
  result: MadeDisks,
  worker?: Worker,
): Promise<string> {
  const other = drivesOf(owner.config).find((each) => each.key !== drive.key && isCloudInit(each))
  if (other) die(`${drive.key} - cloud-init drive is already attached at '${other.key}'`)
  const name = storageOf(drive.file) ?? 'local'
  const storage = usableStorage(world, name, owner.node)
  const format = formatOn(storage, drive.options['format'] ?? (isBlock(storage) ? 'raw' : 'qcow2'))
  const volume = await allocateVolume(
    world,
    {
      vmid: owner.vmid,
      storage,
      node: owner.node,
      format,
      size: 4 * MIB,
      name: `vm-${owner.vmid}-cloudinit`,
    },
    worker,
  )
  result.made.push(volume.volid)
  const made = {
    ...withOptions(drive, { media: 'cdrom', format: undefined, size: undefined }),
    file: volume.volid,
  }
  worker?.log(`${drive.key}: successfully created disk '${printDrive(made)}'`)
  return printDrive(made)
}

/** A volume that is there already: its size is looked up. */
function attach(world: ProxmoxWorld, owner: Owner, drive: Drive, result: MadeDisks): string {
  if (drive.file.startsWith('/')) return printDrive(drive)
  const volume = requireVolume(world, owner.node, drive.file)
  if (volume.content === 'iso' && !isCdrom(drive)) die(`explicit 'media=cdrom' is required for iso images`)
  if (volume.content !== 'images' && volume.content !== 'iso')
    die(`cannot use volume ${drive.file} - content type needs to be 'images' or 'iso'`)
  if (drive.key === 'tpmstate0') checkTpmVersion(owner, drive)
  result.attached.push(drive.file)
  const size = isCloudInit(drive)
    ? parseSize(drive.options['size']) === undefined
      ? undefined
      : drive.options['size']
    : printSize(virtualSize(volume))
  return printDrive(withOptions(drive, { size }))
}

function checkTpmVersion(owner: Owner, drive: Drive): void {
  const before = owner.config['tpmstate0']
  if (before === undefined) return
  const version = (each: Drive): string => each.options['version'] ?? 'v1.2'
  if (version(parseDrive('tpmstate0', before)) !== version(drive))
    die('cannot change TPM state version after creation')
}

/** The image that an import reads. */
function importSource(
  world: ProxmoxWorld,
  node: string,
  source: string,
): NonNullable<ReturnType<typeof findVolume>> {
  const name = storageOf(source)
  if (name === undefined) return die(`failed to stat '${source}'`)
  const storage = usableStorage(world, name, node)
  const volume = findVolume(world, node, source) ?? die(`failed to stat '${pathOf(storage, source)}'`)
  if (volume.content === 'images' && !canDo(storage, volume, 'copy'))
    die(`cannot import from '${source}' - full clone feature is not supported`)
  return volume
}
