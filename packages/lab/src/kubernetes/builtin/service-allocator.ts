import { randomInt } from 'node:crypto'
import type { ApiObject } from '../resources.ts'
import { isObject } from '../rest/json.ts'
import { items, strings } from './defaults/fields.ts'

/** Ports that nodes open for services. */
export const NODE_PORTS = { first: 30_000, last: 32_767 }

/** Gives services their cluster addresses and node ports; what is taken it reads off the services that are there. */
export interface ServiceAllocator {
  /** A free address of the service range. Throws an Error when it is used up. */
  address(): string
  /** Why an address cannot be used; undefined when it can. */
  addressProblem(address: string, self: string | undefined): string | undefined
  /** A free node port. Throws an Error when all are used. */
  nodePort(also: Set<number>): number
  /** Whether a node port is used by another service. */
  portTaken(port: number, self: string | undefined): boolean
}

/** Number of an IPv4 address; undefined when the text is none. */
export function addressNumber(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (parts === undefined || parts.some((part) => part > 255)) return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

/** Text of an IPv4 address. */
export function addressText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}

/** First address and size of a range such as `10.96.0.0/16`. Throws a RangeError when it is none. */
export function parseCidr(cidr: string): { first: number; size: number; bits: number } {
  const [address = '', length = ''] = cidr.split('/')
  const first = addressNumber(address)
  const bits = Number(length)
  if (first === undefined || !Number.isInteger(bits) || bits < 0 || bits > 32)
    throw new RangeError(`${cidr} is no IPv4 range`)
  const size = 2 ** (32 - bits)
  return { first: first - (first % size), size, bits }
}

/**
 * Makes the allocator of a service range.
 * @param services the services that are there, each time they are asked for.
 */
export function createServiceAllocator(cidr: string, services: () => ApiObject[]): ServiceAllocator {
  const { first, size } = parseCidr(cidr)
  // The lower part is kept for addresses chosen by people.
  const reserved = Math.min(Math.max(16, Math.floor(size / 16)), 256)
  const identity = (service: ApiObject): string => service.metadata.uid ?? ''
  const usedAddresses = (self?: string): Set<string> =>
    new Set(
      services()
        .filter((service) => identity(service) !== self)
        .flatMap((service) => strings(isObject(service['spec']) ? service['spec'] : {}, 'clusterIPs')),
    )
  const usedPorts = (self?: string): Set<number> =>
    new Set(
      services()
        .filter((service) => identity(service) !== self)
        .flatMap((service) => {
          const spec = isObject(service['spec']) ? service['spec'] : {}
          const own = items(spec, 'ports').map((port) => port['nodePort'])
          return [...own, spec['healthCheckNodePort']].filter((port) => typeof port === 'number')
        }),
    )
  return {
    address() {
      const used = usedAddresses()
      const low = size > reserved * 2 ? reserved : 2
      const span = size - 1 - low
      const start = randomInt(span)
      for (let step = 0; step < span; step++) {
        const candidate = addressText(first + low + ((start + step) % span))
        if (!used.has(candidate)) return candidate
      }
      throw new Error('range is full')
    },
    addressProblem(address, self) {
      const value = addressNumber(address)
      if (value === undefined || value <= first || value >= first + size - 1)
        return 'the provided network does not match the current range'
      return usedAddresses(self).has(address) ? 'provided IP is already allocated' : undefined
    },
    nodePort(also) {
      const used = usedPorts()
      const span = NODE_PORTS.last - NODE_PORTS.first + 1
      const start = randomInt(span)
      for (let step = 0; step < span; step++) {
        const candidate = NODE_PORTS.first + ((start + step) % span)
        if (!used.has(candidate) && !also.has(candidate)) return candidate
      }
      throw new Error('range is full')
    },
    portTaken: (port, self) => usedPorts(self).has(port),
  }
}
