import { isIPv4, isIPv6 } from 'node:net'

/** An IP address as a number. */
export interface Address {
  readonly family: 4 | 6
  readonly value: bigint
}

/** Reads an address; undefined if it is none. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text))
    return { family: 4, value: text.split('.').reduce((sum, part) => (sum << 8n) + BigInt(part), 0n) }
  if (!isIPv6(text)) return undefined
  const [head = '', tail] = text.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':').flatMap(expandEmbedded))
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const middle = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return {
    family: 6,
    value: [...left, ...middle, ...right].reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n),
  }
}

/** Prints an address; of IPv6 in the short form of RFC 5952. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.')
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  )
  const runs = [...groups.join(':').matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].sort(
    (a, b) => b[0].length - a[0].length,
  )
  const longest = runs[0]
  if (!longest) return groups.join(':')
  const text = groups.join(':')
  const before = text.slice(0, longest.index)
  const after = text.slice(longest.index + longest[0].length)
  return `${before}::${after.replace(/^:/, '')}`
}

function expandEmbedded(group: string): string[] {
  if (!group.includes('.')) return [group]
  const { value } = parseAddress(group) ?? { value: 0n }
  return [(value >> 16n).toString(16), (value & 0xffffn).toString(16)]
}
