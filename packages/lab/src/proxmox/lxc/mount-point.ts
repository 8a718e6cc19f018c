import { die } from '../api-error.ts'
import type { Container } from '../cluster/state.ts'
import { parseSize, printSize } from '../qemu/drive.ts'

/** A file system of a container, as its property string says. */
export interface MountPoint {
  /** `rootfs` or `mp0`. */
  readonly key: string
  /** A volume, or a path of the host. */
  readonly volume: string
  readonly options: Readonly<Record<string, string>>
}

/** True for a key that holds a file system. */
export function isMountKey(key: string): boolean {
  return key === 'rootfs' || /^mp\d+$/.test(key)
}

/** Reads a mount point's property string; the volume's key may be left out. */
export function parseMount(key: string, text: string): MountPoint {
  const options: Record<string, string> = {}
  let volume = ''
  for (const part of text.split(',')) {
    const at = part.indexOf('=')
    if (at < 0) volume = part
    else if (part.slice(0, at) === 'volume') volume = part.slice(at + 1)
    else options[part.slice(0, at)] = part.slice(at + 1)
  }
  return { key, volume, options }
}

/** Writes a mount point as the file keeps it: the volume, where it is mounted, then the rest in order. */
export function printMount({ volume, options }: MountPoint): string {
  const { mp, ...rest } = options
  return [
    volume,
    ...(mp === undefined ? [] : [`mp=${mp}`]),
    ...Object.keys(rest)
      .toSorted()
      .map((name) => `${name}=${rest[name]}`),
  ].join(',')
}

/** Mount points of a configuration, the root first. */
export function mountsOf(config: Readonly<Record<string, string>>): MountPoint[] {
  return Object.entries(config)
    .filter(([key]) => isMountKey(key))
    .map(([key, text]) => parseMount(key, text))
    .toSorted((one, other) => rank(one.key) - rank(other.key))
}

function rank(key: string): number {
  return key === 'rootfs' ? -1 : Number(key.slice(2))
}

/** The mount point of a key. Throws when there is none, or when it is no volume. */
export function mountAt({ config }: Container, key: string): MountPoint {
  const text = config[key] ?? die(`volume '${key}' does not exist`)
  const mount = parseMount(key, text)
  return mount.volume.startsWith('/') ? die(`'${key}' is no volume`) : mount
}

/** A mount point with another volume of a size in bytes. */
export function withVolume(mount: MountPoint, volume: string, size: number): MountPoint {
  return { ...mount, volume, options: { ...mount.options, size: printSize(size) } }
}

/** Bytes of the root file system, as the configuration says. */
export function rootSize(config: Readonly<Record<string, string>>): number {
  return parseSize(parseMount('rootfs', config['rootfs'] ?? '').options['size'] ?? '0') ?? 0
}
