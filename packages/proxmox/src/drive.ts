import { parsePropertyString, printPropertyString, type PropertyValues } from './property-string.ts'

/** A drive: which volume, and its options. */
export interface Drive {
  /** `storage:volume`, `storage:size` to allocate, `none`, or `cdrom`. */
  readonly file: string
  readonly options: PropertyValues
}

/** Reads a drive such as `local-lvm:vm-100-disk-0,size=32G`; `bus` is its kind: scsi, virtio, sata, ide. Throws a TypeError. */
export function parseDrive(bus: string, text: string): Drive {
  const { file, ...options } = parsePropertyString(bus, text)
  return { file: String(file ?? ''), options }
}

/** Prints a drive. Throws a TypeError for a value that cannot stand in it. */
export function printDrive(bus: string, { file, options }: Drive): string {
  return printPropertyString(bus, { file, ...options })
}

const UNITS = ['', 'K', 'M', 'G', 'T'] as const

/** Bytes of a size such as `32G`, `4M` or `1.5TiB`; undefined if it is none. */
export function parseSize(size: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(?:([KMGT])(?:iB)?)?$/.exec(size)
  if (!match?.[1]) return undefined
  const power = UNITS.indexOf((match[2] ?? '') as (typeof UNITS)[number])
  return Math.round(Number(match[1]) * 1024 ** power)
}

/** Prints bytes as Proxmox does: in the largest binary unit in which they are whole. */
export function printSize(bytes: number): string {
  let power = 0
  let value = bytes
  while (power < UNITS.length - 1 && value !== 0 && value % 1024 === 0) {
    value /= 1024
    power += 1
  }
  return `${value}${UNITS[power]}`
}
