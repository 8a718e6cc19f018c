import { createHash } from 'node:crypto'

/** Kamaji's checksum of an object's data: MD5 over the values in the order of their keys. */
export function checksum(data: Readonly<Record<string, string | Buffer>>): string {
  const hash = createHash('md5')
  for (const key of Object.keys(data).toSorted()) hash.update(data[key] ?? '')
  return hash.digest('hex')
}

/** Checksum of a Secret's data, whose values are base64. */
export function secretChecksum(data: Readonly<Record<string, string>>): string {
  return checksum(
    Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
  )
}
