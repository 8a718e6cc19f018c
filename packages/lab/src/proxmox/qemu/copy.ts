import { spend, type Worker } from '../tasks.ts'
import type { ProxmoxWorld, Storage, Volume } from '../world.ts'
import { pathOf, storageNamed } from './storage.ts'
import { allocateVolume, freeVolumes } from './volumes.ts'

/** A copy of a volume's content into a new volume. */
export interface Copy {
  readonly source: Volume
  readonly vmid: number
  readonly storage: Storage
  readonly node: string
  readonly format: string
  /** Key of the drive, for a source that a running VM uses: QEMU then mirrors it. */
  readonly mirror?: string | undefined
  /** What mirroring ends with: `switch` to the copy, or keep the `source`. */
  readonly after?: 'switch' | 'source'
  /** Longest speed in KiB a second; default that of the storages. */
  readonly bwlimit?: number | undefined
  /** Bytes to copy; default the size of the source. */
  readonly size?: number
}

/** Makes a new volume and copies a volume into it: the copy takes its size over the slower storage's speed. Failing leaves no volume. */
export async function copyVolume(world: ProxmoxWorld, copy: Copy, worker: Worker): Promise<Volume> {
  const { source, vmid, storage, node, format } = copy
  const size = copy.size ?? source.size
  const target = await allocateVolume(world, { vmid, storage, node, format, size, data: source.data }, worker)
  worker.log(`allocated target volume '${target.volid}'`)
  try {
    await transfer(world, copy, target, size, worker)
  } catch (error) {
    await freeVolumes(world, node, [target.volid], worker)
    throw error
  }
  return target
}

async function transfer(
  world: ProxmoxWorld,
  copy: Copy,
  target: Volume,
  size: number,
  worker: Worker,
): Promise<void> {
  const { source, storage, bwlimit, mirror } = copy
  const from = storageNamed(world, source.storage)
  const speed = Math.min(from.speed, storage.speed, bwlimit ? bwlimit * 1024 : Infinity)
  const label = mirror === undefined ? '' : `mirror-${mirror}: `
  if (mirror !== undefined) worker.log(`drive mirror is starting for drive-${mirror}`)
  const begun = world.clock.now()
  const say = (bytes: number): void => {
    const seconds = Math.floor(((world.clock.now() - begun) * world.clock.speed) / 1000)
    const end = mirror === undefined ? '' : ` in ${seconds}s${bytes === size ? ', ready' : ''}`
    worker.log(
      `${label}transferred ${printBytes(bytes)} of ${printBytes(size)} (${((bytes / Math.max(1, size)) * 100).toFixed(2)}%)${end}`,
    )
  }
  say(0)
  try {
    // A line each second at most, and a hundred in all.
    const steps = Math.min(100, Math.ceil(size / speed))
    for (let step = 1; step <= steps; step += 1) {
      await spend(world, worker, (size / speed / steps) * 1000)
      say(step === steps ? size : Math.floor((size * step) / steps))
    }
  } catch (error) {
    if (error !== worker.signal.reason || mirror !== undefined) throw error
    const rate = bwlimit ? ` -r ${bwlimit}K` : ''
    const zero = target.format === 'raw' || target.format === 'qcow2' ? 'zeroinit:' : ''
    throw new Error(
      `copy failed: command '/usr/bin/qemu-img convert -p -n${rate} -f ${source.format} -O ${target.format} ${pathOf(from, source.volid)} ${zero}${pathOf(storage, target.volid)}' failed: interrupted by signal`,
      { cause: error },
    )
  }
  if (mirror !== undefined) finishMirror(copy, label, worker)
}

function finishMirror(copy: Copy, label: string, worker: Worker): void {
  worker.log("all 'mirror' jobs are ready")
  if (copy.after === 'switch') {
    for (const line of ['Completing block job...', 'Completed successfully.', 'mirror-job finished'])
      worker.log(`${label}${line}`)
    return
  }
  worker.log("skipping guest-agent 'guest-fsfreeze-freeze', disabled in VM options")
  worker.log('suspend vm')
  worker.log(`${label}Cancelling block job`)
  worker.log(`${label}Done.`)
  worker.log('resume vm')
}

/** Bytes with one decimal of the largest binary unit, as progress lines print them. */
export function printBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value.toFixed(1)} ${units[unit]}`
}

/** Unit in which the size of an image is told, bytes. */
const SECTOR = 512

/** Bytes of the disk that an image describes: the header of a qcow2 file says it, any other file is the disk, in whole sectors. */
export function virtualSize({ data, size }: Volume): number {
  const bytes = data && Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const isQcow2 = bytes !== undefined && bytes.length >= 32 && bytes.toString('latin1', 0, 4) === 'QFI\u00FB'
  return Math.ceil((isQcow2 ? Number(bytes.readBigUInt64BE(24)) : size) / SECTOR) * SECTOR
}
