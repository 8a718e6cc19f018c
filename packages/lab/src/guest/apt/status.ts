import type { Disk } from '../disk.ts'

/** A package that is on a disk. */
export interface Installed {
  readonly version: string
  readonly isHeld: boolean
}

const STATUS = '/var/lib/dpkg/status'

/** The packages that were installed on a disk after it was made, as dpkg's own file says it. */
export function readStatus(disk: Disk): Map<string, Installed> {
  const found = new Map<string, Installed>()
  for (const stanza of (disk.read(STATUS) ?? '').split('\n\n')) {
    const [, name, wish, version] =
      /^Package: (\S+)\nStatus: (\w+) ok installed\nVersion: (\S+)/.exec(stanza.trim()) ?? []
    if (name !== undefined && version !== undefined) found.set(name, { version, isHeld: wish === 'hold' })
  }
  return found
}

/** Writes dpkg's file anew. */
export function writeStatus(disk: Disk, packages: ReadonlyMap<string, Installed>): void {
  const stanzas = [...packages].map(
    ([name, { version, isHeld }]) =>
      `Package: ${name}\nStatus: ${isHeld ? 'hold' : 'install'} ok installed\nVersion: ${version}\n`,
  )
  disk.write(STATUS, stanzas.join('\n'))
}
