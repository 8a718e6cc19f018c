const SECTOR = 2048

/** Makes an ISO 9660 image with some files in its root directory, plain names only: as much as a guest needs to find a seed. */
export function writeImage(label: string, files: Readonly<Record<string, string>>): Buffer {
  const contents = Object.entries(files).map(([name, text]) => ({ name, data: Buffer.from(text) }))
  // Sectors: 16 unused, the descriptor, its end, the root directory, the files.
  const root = 18
  let next = root + 1
  const placed = contents.map((file) => {
    const extent = next
    next += Math.max(1, Math.ceil(file.data.length / SECTOR))
    return { ...file, extent }
  })
  const image = Buffer.alloc(next * SECTOR)
  const self = record(Buffer.from([0]), root, SECTOR, true)
  const entries = [
    self,
    record(Buffer.from([1]), root, SECTOR, true),
    ...placed.map((file) => record(Buffer.from(file.name), file.extent, file.data.length, false)),
  ]
  Buffer.concat(entries).copy(image, root * SECTOR)
  for (const file of placed) file.data.copy(image, file.extent * SECTOR)
  const descriptor = image.subarray(16 * SECTOR)
  descriptor.write('\u0001CD001\u0001', 'latin1')
  descriptor.write(label.padEnd(32), 40, 'latin1')
  bothEndian32(descriptor, 80, next)
  bothEndian16(descriptor, 120, 1)
  bothEndian16(descriptor, 124, 1)
  bothEndian16(descriptor, 128, SECTOR)
  self.copy(descriptor, 156)
  image.write('\u00FFCD001\u0001', 17 * SECTOR, 'latin1')
  return image
}

function record(name: Buffer, extent: number, length: number, directory: boolean): Buffer {
  const size = 33 + name.length + (name.length % 2 === 0 ? 1 : 0)
  const entry = Buffer.alloc(size)
  entry[0] = size
  bothEndian32(entry, 2, extent)
  bothEndian32(entry, 10, length)
  entry[25] = directory ? 2 : 0
  bothEndian16(entry, 28, 1)
  entry[32] = name.length
  name.copy(entry, 33)
  return entry
}

function bothEndian32(target: Buffer, offset: number, value: number): void {
  target.writeUInt32LE(value, offset)
  target.writeUInt32BE(value, offset + 4)
}

function bothEndian16(target: Buffer, offset: number, value: number): void {
  target.writeUInt16LE(value, offset)
  target.writeUInt16BE(value, offset + 2)
}
