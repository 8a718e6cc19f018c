import { apiSchema } from '@fochista/proxmox/schema'

/** A drive of a VM, as its property string says. */
export interface Drive {
  /** Key of the configuration: `scsi0`. */
  readonly key: string
  /** Volume, path, `none` or `cdrom`. */
  readonly file: string
  /** The other fields by name, without the volume. */
  readonly options: Readonly<Record<string, string>>
}

const range = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

/** Every key that holds a drive, in the order in which the original walks through them. */
const DRIVE_KEYS: readonly string[] = [
  ...range('ide', 4),
  ...range('scsi', 31),
  ...range('virtio', 16),
  ...range('sata', 6),
  'efidisk0',
  'tpmstate0',
]

const driveKeys = new Set(DRIVE_KEYS)

/** True for a key that holds a drive (not `unusedN`). */
export function isDriveKey(key: string): boolean {
  return driveKeys.has(key)
}

/** True for `unused0` and its like. */
export function isUnusedKey(key: string): boolean {
  return /^unused\d{1,3}$/.test(key)
}

/** Drives of a configuration, in the original's order. */
export function drivesOf(config: Readonly<Record<string, string>>): Drive[] {
  return DRIVE_KEYS.flatMap((key) => (config[key] === undefined ? [] : [parseDrive(key, config[key])]))
}

/** Values of `unusedN`, by key, in order. */
export function unusedOf(config: Readonly<Record<string, string>>): [key: string, volid: string][] {
  return Object.entries(config)
    .filter(([key]) => isUnusedKey(key))
    .map(([key, value]): [string, string] => [key, parseDrive(key, value).file])
    .toSorted(([a], [b]) => Number(a.slice(6)) - Number(b.slice(6)))
}

/** Names that are written as another. */
const ALIASES: Readonly<Record<string, string>> = {
  bps_rd_length: 'bps_rd_max_length',
  bps_wr_length: 'bps_wr_max_length',
  iops_rd_length: 'iops_rd_max_length',
  iops_wr_length: 'iops_wr_max_length',
}

/** Reads a drive's property string; the volume's key may be left out. */
export function parseDrive(key: string, text: string): Drive {
  let file = ''
  const options: Record<string, string> = {}
  const fields = apiSchema.formats[`qm.${key.replace(/\d+$/, '')}`] ?? {}
  for (const part of text.split(',')) {
    if (part === '') continue
    const at = part.indexOf('=')
    const name = at < 0 ? 'file' : part.slice(0, at)
    const value = at < 0 ? part : part.slice(at + 1)
    if (name === 'file' || name === 'volume') file = value
    else if (/^bps(?:_rd|_wr)?$/.test(name)) options[`m${name}`] = (Number(value) / 1_000_000).toFixed(3)
    else if (fields[name]?.type === 'boolean') options[name] = isTrue(value) ? '1' : '0'
    else options[ALIASES[name] ?? name] = value
  }
  return { key, file, options }
}

/** Writes a drive as the configuration keeps it: the volume, then the other fields sorted by name. */
export function printDrive({ file, options }: Pick<Drive, 'file' | 'options'>): string {
  const fields = Object.keys(options)
    .toSorted()
    .map((name) => `${name}=${options[name]}`)
  return [file, ...fields].join(',')
}

/** The same drive with other fields; `undefined` takes a field away. */
export function withOptions(drive: Drive, changes: Readonly<Record<string, string | undefined>>): Drive {
  const options: Record<string, string> = { ...drive.options }
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete options[name]
    else options[name] = value
  }
  return { ...drive, options }
}

/** True for a drive with exchangeable media. `withoutCloudInit`: Proxmox's own drives of seeds do not count. */
export function isCdrom(drive: Drive, withoutCloudInit = false): boolean {
  return drive.options['media'] === 'cdrom' && !(withoutCloudInit && isCloudInit(drive))
}

/** True for Proxmox's own drive with a seed, made already or asked for. */
export function isCloudInit(drive: Drive): boolean {
  return /[:/](?:vm-\d+-)?cloudinit(?:\.(?:raw|qcow2|vmdk))?$/.test(drive.file)
}

/** What `storage:size` asks for: a new volume of so many GiB (0 for an import). */
export function allocationOf(drive: Drive): { storage: string | undefined; gib: number } | undefined {
  const match = /^(?:([^/:\s]+):)?(\d+(?:\.\d+)?)$/.exec(drive.file)
  return match ? { storage: match[1], gib: Number(match[2]) } : undefined
}

/** Storage of a volume; undefined for what is none (`none`, `cdrom`, a path). */
export function storageOf(volid: string): string | undefined {
  return volid.startsWith('/') ? undefined : /^([^/:\s]+):.+$/.exec(volid)?.[1]
}

/** True for the words of a property string that mean yes. */
export function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(?:1|on|yes|true)$/i.test(text)
}

/** A size as configurations write it: the largest binary unit that divides it. */
export function printSize(bytes: number): string {
  let value = bytes
  for (const unit of ['', 'K', 'M', 'G']) {
    if (value < 1024 || value % 1024 !== 0) return `${value}${unit}`
    value /= 1024
  }
  return `${value}T`
}

/** Bytes of a size such as `32G`; undefined for none. */
export function parseSize(text: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)(?:iB)?$/.exec(text ?? '')
  if (!match) return undefined
  return Math.floor(Number(match[1]) * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(match[2] ?? ''))
}
