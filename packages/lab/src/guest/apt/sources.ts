import { createHash } from 'node:crypto'
import type { Disk } from '../disk.ts'

/** A source of packages as `sources.list.d` names it. */
export interface Source {
  readonly uri: string
  readonly signedBy: string
}

/** The key that signs all of pkgs.k8s.io, by its fingerprint. */
const KUBERNETES_KEY = 'DE15B14486CD377B9E876E1A234654DA9A296436'

/** The sources of a disk beside the distribution's own: what stands in `.sources` files. */
export function sourcesOf(disk: Disk): Source[] {
  return disk
    .list('/etc/apt/sources.list.d')
    .filter((path) => path.endsWith('.sources'))
    .flatMap((path) => {
      const text = disk.read(path) ?? ''
      const field = (name: string): string =>
        new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(text)?.[1]?.trim() ?? ''
      return field('URIs') === '' ? [] : [{ uri: field('URIs'), signedBy: field('Signed-By') }]
    })
}

/** The minor version, such as `1.30`, of which a source has the packages: of the lab's Internet, pkgs.k8s.io is the one part. */
export function minorOf(uri: string): string | undefined {
  return /^https:\/\/pkgs\.k8s\.io\/core:\/stable:\/v(1\.\d+)\/deb\/?$/.exec(uri)?.[1]
}

/** What apt says of a source that it cannot use, in its words; undefined for one that is good. */
export function problemOf(disk: Disk, { uri, signedBy }: Source): string | undefined {
  if (minorOf(uri) === undefined) {
    const host = URL.canParse(uri) ? new URL(uri).hostname : uri
    return `E: Failed to fetch ${uri}InRelease  Could not resolve '${host}'\nE: Some index files failed to download. They have been ignored, or old ones used instead.\n`
  }
  if (fingerprintsOf(disk.read(signedBy) ?? '').includes(KUBERNETES_KEY)) return undefined
  return `W: GPG error: ${uri} InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY ${KUBERNETES_KEY.slice(-16)}\nE: The repository '${uri} InRelease' is not signed.\n`
}

/** Fingerprints of the keys in an armored block: version 4 public key packets. Source: RFC 4880, 4.2 and 12.2. */
function fingerprintsOf(armored: string): string[] {
  const [, body = ''] =
    /-----BEGIN PGP PUBLIC KEY BLOCK-----[^]*?\n\n([^]*?)\n(?:=|-----END)/.exec(armored) ?? []
  const bytes = Buffer.from(body, 'base64')
  const found: string[] = []
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0
    // Old packets tell the length of their length; gpg writes keys so.
    const width = [1, 2, 4][tag & 3]
    if ((tag & 0xc0) !== 0x80 || width === undefined || at + 1 + width > bytes.length) break
    const length = bytes.readUIntBE(at + 1, width)
    const packet = bytes.subarray(at + 1 + width, at + 1 + width + length)
    at += 1 + width + length
    if (((tag >> 2) & 15) !== 6) continue
    const head = Buffer.from([0x99, packet.length >> 8, packet.length & 255])
    found.push(createHash('sha1').update(head).update(packet).digest('hex').toUpperCase())
  }
  return found
}
