// A writer of flat ISO 9660 images, enough for cloud-init's NoCloud: ECMA-119 with Joliet (ECMA-119 with UCS-2 names) and Rock Ridge
// (IEEE P1282, POSIX names), so that whichever a guest's kernel prefers, it reads the names as they are. Nothing on npm writes these.

/** A file of the image's root folder. */
export interface IsoFile {
  readonly name: string
  readonly data: Uint8Array
}

/** What an image is made from. */
export interface IsoOptions {
  /** Volume label; cloud-init looks for `cidata`. */
  readonly volume: string
  readonly files: readonly IsoFile[]
  /** Time stamps of everything, milliseconds since 1970. The same input gives the same bytes. @default 0 */
  readonly time?: number
}

const SECTOR = 2048
const PRIMARY = 16
const JOLIET = 17
const TERMINATOR = 18
const PATH_TABLES = 19
const PRIMARY_ROOT = 23
const JOLIET_ROOT = 24
const FIRST_FILE = 25

/** Builds an image. Throws a RangeError for names or counts that its single-sector folders cannot hold. */
export function buildIso({ volume, files, time = 0 }: IsoOptions): Uint8Array {
  const date = new Date(time)
  let next = FIRST_FILE
  const placed = files.map((file, index) => {
    const extent = next
    next += Math.max(1, Math.ceil(file.data.length / SECTOR))
    return {
      ...file,
      extent,
      short: `${file.name
        .toUpperCase()
        .replace(/[^A-Z0-9]/g, '_')
        .slice(0, 7)}${index}.;1`,
    }
  })
  const image = Buffer.alloc(next * SECTOR)
  writeDescriptor(image, PRIMARY, { joliet: false, volume, sectors: next, root: PRIMARY_ROOT, date })
  writeDescriptor(image, JOLIET, { joliet: true, volume, sectors: next, root: JOLIET_ROOT, date })
  image.write('\xffCD001\x01', TERMINATOR * SECTOR, 'latin1')
  for (const [index, root] of [PRIMARY_ROOT, JOLIET_ROOT].entries()) {
    writePathTable(image, PATH_TABLES + 2 * index, root, 'little')
    writePathTable(image, PATH_TABLES + 2 * index + 1, root, 'big')
  }
  writeFolder(image, PRIMARY_ROOT, [
    record({
      extent: PRIMARY_ROOT,
      size: SECTOR,
      folder: true,
      name: Buffer.from([0]),
      date,
      rockRidge: Buffer.concat([sharingProtocol(), posix(0o40555, 2), extensionReference()]),
    }),
    record({
      extent: PRIMARY_ROOT,
      size: SECTOR,
      folder: true,
      name: Buffer.from([1]),
      date,
      rockRidge: posix(0o40555, 2),
    }),
    ...[...placed]
      .sort((a, b) => (a.short < b.short ? -1 : 1))
      .map((file) =>
        record({
          extent: file.extent,
          size: file.data.length,
          folder: false,
          name: Buffer.from(file.short, 'latin1'),
          date,
          rockRidge: Buffer.concat([posix(0o100444, 1), posixName(file.name)]),
        }),
      ),
  ])
  writeFolder(image, JOLIET_ROOT, [
    record({ extent: JOLIET_ROOT, size: SECTOR, folder: true, name: Buffer.from([0]), date }),
    record({ extent: JOLIET_ROOT, size: SECTOR, folder: true, name: Buffer.from([1]), date }),
    ...[...placed]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((file) =>
        record({ extent: file.extent, size: file.data.length, folder: false, name: ucs2(file.name), date }),
      ),
  ])
  for (const file of placed) image.set(file.data, file.extent * SECTOR)
  return image
}

interface Descriptor {
  readonly joliet: boolean
  readonly volume: string
  readonly sectors: number
  readonly root: number
  readonly date: Date
}

/** A volume descriptor: ECMA-119 8.4 (primary) and 8.5 (supplementary, here Joliet's). */
function writeDescriptor(
  image: Buffer,
  sector: number,
  { joliet, volume, sectors, root, date }: Descriptor,
): void {
  const at = sector * SECTOR
  const put = (text: string, offset: number, length: number): void => {
    const bytes = joliet ? ucs2(text) : Buffer.from(text, 'latin1')
    const padding = joliet ? Buffer.from([0, 0x20]) : Buffer.from(' ')
    for (let index = 0; index < length; index += 1)
      image[at + offset + index] =
        index < bytes.length ? (bytes[index] ?? 0) : (padding[index % padding.length] ?? 0)
  }
  image.write(joliet ? '\x02CD001\x01' : '\x01CD001\x01', at, 'latin1')
  put('LINUX', 8, 32)
  put(volume, 40, 32)
  bothEndian32(image, at + 80, sectors)
  // The escape sequence that says UCS-2 level 3.
  if (joliet) image.write('%/E', at + 88, 'latin1')
  bothEndian16(image, at + 120, 1)
  bothEndian16(image, at + 124, 1)
  bothEndian16(image, at + 128, SECTOR)
  bothEndian32(image, at + 132, PATH_TABLE_SIZE)
  const tables = PATH_TABLES + (joliet ? 2 : 0)
  image.writeUInt32LE(tables, at + 140)
  image.writeUInt32BE(tables + 1, at + 148)
  record({ extent: root, size: SECTOR, folder: true, name: Buffer.from([0]), date }).copy(image, at + 156)
  for (const [offset, length] of [
    [190, 128],
    [318, 128],
    [446, 128],
    [574, 128],
    [702, 37],
    [739, 37],
    [776, 37],
  ] as const)
    put('', offset, length)
  for (const offset of [813, 830]) image.write(longDate(date), at + offset, 'latin1')
  for (const offset of [847, 864]) image.write('0000000000000000\0', at + offset, 'latin1')
  image[at + 881] = 1
}

const PATH_TABLE_SIZE = 10

function writePathTable(image: Buffer, sector: number, root: number, endian: 'little' | 'big'): void {
  const at = sector * SECTOR
  image[at] = 1
  if (endian === 'little') {
    image.writeUInt32LE(root, at + 2)
    image.writeUInt16LE(1, at + 6)
  } else {
    image.writeUInt32BE(root, at + 2)
    image.writeUInt16BE(1, at + 6)
  }
}

function writeFolder(image: Buffer, sector: number, records: readonly Buffer[]): void {
  const folder = Buffer.concat(records)
  if (folder.length > SECTOR) throw new RangeError('too many files for one folder sector')
  folder.copy(image, sector * SECTOR)
}

interface RecordOptions {
  readonly extent: number
  readonly size: number
  readonly folder: boolean
  readonly name: Buffer
  readonly date: Date
  readonly rockRidge?: Buffer
}

/** A directory record: ECMA-119 9.1, with Rock Ridge's fields in the system use area. */
function record({ extent, size, folder, name, date, rockRidge = Buffer.alloc(0) }: RecordOptions): Buffer {
  const head = 33 + name.length + (name.length % 2 === 0 ? 1 : 0)
  const length = head + rockRidge.length + (rockRidge.length % 2)
  if (length > 255) throw new RangeError('a name is too long for a directory record')
  const bytes = Buffer.alloc(length)
  bytes[0] = length
  bothEndian32(bytes, 2, extent)
  bothEndian32(bytes, 10, size)
  bytes.set(
    [
      date.getUTCFullYear() - 1900,
      date.getUTCMonth() + 1,
      date.getUTCDate(),
      date.getUTCHours(),
      date.getUTCMinutes(),
      date.getUTCSeconds(),
      0,
    ],
    18,
  )
  bytes[25] = folder ? 2 : 0
  bothEndian16(bytes, 28, 1)
  bytes[32] = name.length
  name.copy(bytes, 33)
  rockRidge.copy(bytes, head)
  return bytes
}

/** SUSP SP: system use fields begin at once. */
function sharingProtocol(): Buffer {
  return Buffer.from([0x53, 0x50, 7, 1, 0xbe, 0xef, 0])
}

/** Rock Ridge PX: mode, links, owner. */
function posix(mode: number, links: number): Buffer {
  const bytes = Buffer.alloc(36)
  bytes.write('PX', 0, 'latin1')
  bytes[2] = 36
  bytes[3] = 1
  bothEndian32(bytes, 4, mode)
  bothEndian32(bytes, 12, links)
  return bytes
}

/** Rock Ridge NM: the POSIX name. */
function posixName(name: string): Buffer {
  const bytes = Buffer.from(name, 'utf8')
  return Buffer.concat([Buffer.from([0x4e, 0x4d, 5 + bytes.length, 1, 0]), bytes])
}

/** SUSP ER: says that these fields are Rock Ridge's. */
function extensionReference(): Buffer {
  const id = Buffer.from('RRIP_1991A', 'latin1')
  return Buffer.concat([Buffer.from([0x45, 0x52, 8 + id.length, 1, id.length, 0, 0, 1]), id])
}

function ucs2(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16()
}

function bothEndian32(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(value, at)
  bytes.writeUInt32BE(value, at + 4)
}

function bothEndian16(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt16LE(value, at)
  bytes.writeUInt16BE(value, at + 2)
}

function longDate(date: Date): string {
  return `${date.toISOString().replace(/\D/g, '').slice(0, 16)}\0`
}
