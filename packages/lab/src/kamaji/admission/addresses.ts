import { BlockList, isIP } from 'node:net'

/** An address range. */
export interface Cidr {
  address: string
  prefix: number
  family: 'ipv4' | 'ipv6'
}

/** Reads `address/prefix`; undefined when it is none. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text)
  const address = match?.[1] ?? ''
  const prefix = Number(match?.[2] ?? -1)
  const version = isIP(address)
  if (match === null || version === 0 || address.includes('%')) return undefined
  if (prefix > (version === 4 ? 32 : 128)) return undefined
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** Whether an address lies in a range. */
export function contains(cidr: Cidr, address: string): boolean {
  const version = isIP(address)
  if (version === 0) return false
  if ((version === 4) !== (cidr.family === 'ipv4')) return false
  const list = new BlockList()
  list.addSubnet(cidr.address, cidr.prefix, cidr.family)
  return list.check(address, cidr.family)
}

/** The address `offset` after the first of a range, its last byte added to as Kamaji does. */
export function addressIn(cidr: Cidr, offset: number): string {
  // Kamaji counts from the address as it is written, not from the network's.
  const base = cidr.address
  if (cidr.family === 'ipv4') {
    const parts = base.split('.').map(Number)
    return [...parts.slice(0, 3), ((parts[3] ?? 0) + offset) & 0xff].join('.')
  }
  const words = expandIpv6(base)
  words[7] = ((words[7] ?? 0) & 0xff00) | (((words[7] ?? 0) + offset) & 0xff)
  return shortenIpv6(words)
}

function expandIpv6(text: string): number[] {
  const [head = '', tail] = text.split('::')
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16))
  const left = read(head)
  if (tail === undefined) return left
  const right = read(tail)
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
}

function shortenIpv6(words: number[]): string {
  return new URL(`http://[${words.map((word) => word.toString(16)).join(':')}]`).hostname.slice(1, -1)
}
