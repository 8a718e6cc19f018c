/** An IP address as a number. */
export interface NumericAddress {
  /** Length of its family's addresses. */
  readonly bits: 32 | 128
  readonly value: bigint
}

/** Reads an address; undefined if it is none. */
export function parseIp(address: string): NumericAddress | undefined {
  return address.includes(':') ? parseSix(address) : parseFour(address)
}

/** The network part of an address under a prefix. */
export function networkOf({ bits, value }: NumericAddress, prefix: number): bigint {
  return value >> BigInt(Math.max(0, bits - prefix))
}

function parseFour(address: string): NumericAddress | undefined {
  const parts = address.split('.')
  const isByte = (part: string): boolean => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256
  if (parts.length !== 4 || !parts.every(isByte)) return undefined
  return { bits: 32, value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n) }
}

function parseSix(address: string): NumericAddress | undefined {
  const halves = address.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const given = halves.flat()
  if (halves.length > 2 || !given.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return undefined
  if (halves.length === 1 ? given.length !== 8 : given.length > 7) return undefined
  const [left = [], right = []] = halves
  const groups = [...left, ...Array.from({ length: 8 - given.length }, () => '0'), ...right]
  return { bits: 128, value: groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n) }
}

/** True if an address lies in a range, both ends included. What is no address lies nowhere. */
export function isInRange(address: string, range: { readonly start: string; readonly end: string }): boolean {
  const [one, first, last] = [parseIp(address), parseIp(range.start), parseIp(range.end)]
  if (!one || !first || !last || one.bits !== first.bits || one.bits !== last.bits) return false
  return first.value <= one.value && one.value <= last.value
}
