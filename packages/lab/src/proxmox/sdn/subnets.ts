import { BlockList } from 'node:net'
import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import type { Section } from '../sections.ts'
import { appliedHandlers } from './applied-file.ts'
import { writtenFile } from './running.ts'
import { requireNetwork } from './vnets.ts'

const LIST = '/cluster/sdn/vnets/{vnet}/subnets'

const subnets = appliedHandlers('subnets', {
  list: LIST,
  id: 'subnet',
  idOf,
  lock: 'sdn_subnets_cfg',
  noun: 'sdn subnet object',
  exists: (subnet) => die(`sdn subnet object ID '${subnet}' already defined`),
  missing: (subnet) => die(`sdn subnet '${subnet}' does not exist`),
  check: (call, subnet, section) => {
    const { cidr } = partsOf(subnet)
    if (!writtenFile(call.world, 'vnets').has(call.text('vnet')))
      die(`vnet '${call.text('vnet')}' does not exist`)
    const gateway = section['gateway']
    if (typeof gateway === 'string' && !isIn(gateway, cidr))
      die(`gateway ${gateway} is not in subnet ${cidr}`)
    for (const range of [section['dhcp-range'] ?? []].flat())
      for (const [, address = ''] of range.matchAll(/(?:start|end)-address=([^,]+)/g))
        if (!isIn(address, cidr)) die(`DHCP range address ${address} is not in subnet ${cidr}`)
  },
  facts: (_, subnet, section) => ({ ...partsOf(subnet), type: 'subnet', vnet: section['vnet'] }),
  sees: (call, _, section) => section['vnet'] === call.text('vnet'),
})

/** Ranges of addresses of networks. */
export const subnetHandlers: Handlers = Object.fromEntries(
  Object.entries(subnets).map(([key, handler]) => [
    key,
    (call: Call) => {
      requireNetwork(call, key.startsWith('GET ') ? ['SDN.Audit', 'SDN.Allocate'] : ['SDN.Allocate'])
      return handler(call)
    },
  ]),
)

/** Name of a subnet: its zone, and its network with a `-` before the bits. */
function idOf(call: Call): string {
  const given = call.text('subnet')
  if (!given.includes('/')) return given
  const zone = writtenFile(call.world, 'vnets').get(call.text('vnet'))?.['zone']
  if (zone === undefined) return die(`vnet '${call.text('vnet')}' does not exist`)
  return `${String(zone)}-${given.replace('/', '-')}`
}

/** What the name of a subnet says. */
export function partsOf(subnet: string): { zone: string; network: string; mask: string; cidr: string } {
  const [, zone = '', network = '', mask = ''] = /^([^-]+)-(.+)-(\d+)$/.exec(subnet) ?? []
  return { zone, network, mask, cidr: `${network}/${mask}` }
}

/** Whether an address is in a network. */
export function isIn(address: string, cidr: string): boolean {
  const [network = '', mask = ''] = cidr.split('/')
  const family = network.includes(':') ? 'ipv6' : 'ipv4'
  if (address.includes(':') !== network.includes(':')) return false
  const list = new BlockList()
  try {
    list.addSubnet(network, Number(mask), family)
    return list.check(address, family)
  } catch {
    return false
  }
}

/** The subnets of a zone that hold an address. */
export function subnetOf(
  sections: Iterable<[string, Section]>,
  zone: string,
  address: string,
): string | undefined {
  for (const [subnet] of sections) {
    const parts = partsOf(subnet)
    if (parts.zone === zone && isIn(address, parts.cidr)) return subnet
  }
  return undefined
}
