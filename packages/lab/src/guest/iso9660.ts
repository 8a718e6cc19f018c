/** What an ISO 9660 image holds in its root directory. */
export interface IsoImage {
  /** Volume label, without padding. */
  readonly volume: string
  /** Files by their full names. */
  readonly files: ReadonlyMap<string, Buffer>
}

const SECTOR = 2048

interface Descriptor {
  volume: string
  rootExtent: number
  rootLength: number
  joliet: boolean
}

/**
 * Reads an image as Linux mounts it: Rock Ridge names where there are any, else Joliet's, else the plain ones in lower case. Undefined for bytes that are
 * no ISO 9660 image.
 */
export function readIso(bytes: Uint8Array): IsoImage | undefined {
  const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const descriptors = readDescriptors(image)
  const primary = descriptors.find((each) => !each.joliet)
  if (primary === undefined) return undefined
  const rockRidge = readDirectory(image, primary)
  const joliet = descriptors.find((each) => each.joliet)
  const chosen = rockRidge.hasRockRidge || joliet === undefined ? rockRidge : readDirectory(image, joliet)
  return { volume: primary.volume, files: chosen.files }
}

function readDescriptors(image: Buffer): Descriptor[] {
  const found: Descriptor[] = []
  for (let sector = 16; (sector + 1) * SECTOR <= image.length; sector++) {
    const block = image.subarray(sector * SECTOR, (sector + 1) * SECTOR)
    if (block.toString('latin1', 1, 6) !== 'CD001') break
    const type = block[0]
    if (type === 255) break
    if (type !== 1 && type !== 2) continue
    const escape = block.toString('latin1', 88, 91)
    const joliet = type === 2 && ['%/@', '%/C', '%/E'].includes(escape)
    if (type === 2 && !joliet) continue
    found.push({
      volume: joliet ? utf16(block.subarray(40, 72)).trimEnd() : block.toString('latin1', 40, 72).trimEnd(),
      rootExtent: block.readUInt32LE(156 + 2),
      rootLength: block.readUInt32LE(156 + 10),
      joliet,
    })
  }
  return found
}

function readDirectory(
  image: Buffer,
  { rootExtent, rootLength, joliet }: Descriptor,
): { files: Map<string, Buffer>; hasRockRidge: boolean } {
  const files = new Map<string, Buffer>()
  let hasRockRidge = false
  const start = rootExtent * SECTOR
  let at = start
  while (at < start + rootLength && at < image.length) {
    const length = image[at] ?? 0
    if (length === 0) {
      // Records do not cross sectors.
      at = (Math.floor(at / SECTOR) + 1) * SECTOR
      continue
    }
    const record = image.subarray(at, at + length)
    at += length
    const nameLength = record[32] ?? 0
    const isDirectory = ((record[25] ?? 0) & 2) !== 0
    if (isDirectory) continue
    const raw = record.subarray(33, 33 + nameLength)
    const extent = record.readUInt32LE(2)
    const size = record.readUInt32LE(10)
    const long = joliet ? undefined : rockRidgeName(image, record, nameLength)
    if (long !== undefined) hasRockRidge = true
    const plain = (joliet ? utf16(raw) : raw.toString('latin1').toLowerCase())
      .replace(/;1$/, '')
      .replace(/\.$/, '')
    files.set(long ?? plain, Buffer.from(image.subarray(extent * SECTOR, extent * SECTOR + size)))
  }
  return { files, hasRockRidge }
}

/** The `NM` entries of a record's system use area, continued elsewhere by `CE`. */
function rockRidgeName(image: Buffer, record: Buffer, nameLength: number): string | undefined {
  let area: Buffer | undefined = record.subarray(33 + nameLength + (nameLength % 2 === 0 ? 1 : 0))
  let name = ''
  let found = false
  for (let hops = 0; area !== undefined && hops < 8; hops++) {
    let next: Buffer | undefined
    let at = 0
    while (at + 4 <= area.length) {
      const length = area[at + 2] ?? 0
      if (length < 4) break
      const kind = area.toString('latin1', at, at + 2)
      if (kind === 'NM') {
        found = true
        name += area.toString('utf8', at + 5, at + length)
      } else if (kind === 'CE') {
        const sector = area.readUInt32LE(at + 4)
        const offset = area.readUInt32LE(at + 12)
        const size = area.readUInt32LE(at + 20)
        next = image.subarray(sector * SECTOR + offset, sector * SECTOR + offset + size)
      }
      at += length
    }
    area = next
  }
  return found ? name : undefined
}

function utf16(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes.readUInt16BE(at))
  return text.replace(/\0+$/, '')
}
