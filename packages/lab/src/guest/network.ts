import { isIP } from 'node:net'
import { asText, isObject } from '../kubernetes/rest/json.ts'
import type { Json, JsonObject } from '../kubernetes/resources.ts'
import type { Vm } from '../proxmox/world.ts'

/** A network card as the guest has set it up. */
export interface Interface {
  name: string
  mac: string
  mtu: number
  addresses: { address: string; prefix: number }[]
  gateway: string | undefined
  dns: string[]
  search: string[]
}

/** Cards of a VM's configuration, in order. */
export function cardsOf(vm: Vm): { key: string; mac: string }[] {
  return Object.keys(vm.config)
    .filter((key) => /^net\d+$/.test(key))
    .toSorted((a, b) => Number(a.slice(3)) - Number(b.slice(3)))
    .map((key) => {
      const match =
        /(?:^|,)(?:virtio|e1000e?|rtl8139|vmxnet3|macaddr|model=[^,]*,macaddr)=([0-9A-Fa-f:]{17})/.exec(
          vm.config[key] ?? '',
        )
      return { key, mac: (match?.[1] ?? '').toLowerCase() }
    })
}

/** Addresses that the lab's network has for cards, and how many of its first ones are not given out. */
const ADDRESSES = 250 * 256
const RESERVED = 10

/** Gives out addresses as a DHCP server of the lab's network does: the same card always gets the same, until it is no more. */
export class DhcpServer {
  readonly #leases: Map<string, string>
  readonly #given: Set<string>
  #next: number

  /** @param leases those that were given out already; new ones are added to it. */
  constructor(leases = new Map<string, string>()) {
    this.#leases = leases
    this.#given = new Set(leases.values())
    this.#next = leases.size
  }

  /** The address of a card, with its network's prefix length and gateway. Throws a RangeError when all are given out. */
  lease(mac: string): { address: string; prefix: number; gateway: string; dns: string } {
    const address = this.#leases.get(mac) ?? this.#give(mac)
    return { address, prefix: 16, gateway: '10.99.0.1', dns: '10.99.0.1' }
  }

  /** The card is no more; its address is given out again after all others. */
  release(mac: string): void {
    this.#given.delete(this.#leases.get(mac) ?? '')
    this.#leases.delete(mac)
  }

  #give(mac: string): string {
    for (let tries = 0; tries < ADDRESSES - RESERVED; tries += 1) {
      const number = RESERVED + (this.#next++ % (ADDRESSES - RESERVED))
      const address = `10.99.${Math.floor(number / 250)}.${(number % 250) + 2}`
      if (this.#given.has(address)) continue
      this.#given.add(address)
      this.#leases.set(mac, address)
      return address
    }
    throw new RangeError('the DHCP server of the lab has given all its addresses out')
  }
}

/**
 * Sets a guest's cards up as its network configuration (version 1 or 2) says; without one, the first card asks by DHCP. `problems`
 * collects what it cannot do.
 */
export function configureNetwork(
  vm: Vm,
  config: Json | undefined,
  dhcp: DhcpServer,
  problems: string[],
): Interface[] {
  const cards = cardsOf(vm)
  const interfaces = cards.map(({ mac }, index): Interface => ({
    name: `eth${index}`,
    mac,
    mtu: 1500,
    addresses: [],
    gateway: undefined,
    dns: [],
    search: [],
  }))
  const network = isObject(config) && isObject(config['network']) ? config['network'] : config
  if (!isObject(network)) {
    const first = interfaces[0]
    if (first !== undefined) askDhcp(first, dhcp)
    return interfaces
  }
  if (asText(network['version']) === '1') {
    setUpVersion1(interfaces, network['config'], dhcp, problems)
    return interfaces
  }
  if (asText(network['version']) !== '2') {
    problems.push(`network-config of version ${asText(network['version'])} is not emulated`)
    return interfaces
  }
  const ethernets = isObject(network['ethernets']) ? network['ethernets'] : {}
  for (const [key, entry] of Object.entries(ethernets)) {
    if (!isObject(entry)) continue
    const match = isObject(entry['match']) ? entry['match'] : {}
    const mac = asText(match['macaddress']).toLowerCase()
    const found =
      mac === ''
        ? interfaces.find((each) => each.name === (asText(match['name']) || key))
        : interfaces.find((each) => each.mac === mac)
    if (found === undefined) {
      problems.push(`no network card for "${key}"${mac === '' ? '' : ` (${mac})`}`)
      continue
    }
    setUp(found, entry, dhcp)
  }
  return interfaces
}

function setUp(card: Interface, entry: JsonObject, dhcp: DhcpServer): void {
  const name = asText(entry['set-name'])
  if (name !== '') card.name = name
  if (typeof entry['mtu'] === 'number') card.mtu = entry['mtu']
  for (const text of stringsOf(entry['addresses'])) {
    const [address = '', prefix = '24'] = text.split('/')
    if (isIP(address) !== 0) card.addresses.push({ address, prefix: Number(prefix) })
  }
  const routes = Array.isArray(entry['routes']) ? entry['routes'].filter(isObject) : []
  const byDefault = routes.find((route) => ['0.0.0.0/0', 'default'].includes(asText(route['to'])))
  const gateway = asText(entry['gateway4']) || asText(byDefault?.['via'])
  if (gateway !== '') card.gateway = gateway
  const names = isObject(entry['nameservers']) ? entry['nameservers'] : {}
  card.dns = stringsOf(names['addresses'])
  card.search = stringsOf(names['search'])
  if (entry['dhcp4'] === true) askDhcp(card, dhcp)
}

/** Version 1, as Proxmox's own drives have it: a list of cards with their subnets, and of name servers for all of them. */
function setUpVersion1(
  cards: Interface[],
  config: Json | undefined,
  dhcp: DhcpServer,
  problems: string[],
): void {
  const entries = Array.isArray(config) ? config.filter(isObject) : []
  for (const entry of entries.filter((each) => each['type'] === 'physical')) {
    const name = asText(entry['name'])
    const mac = asText(entry['mac_address']).toLowerCase()
    const card = cards.find((each) => (mac === '' ? each.name === name : each.mac === mac))
    if (card === undefined) {
      problems.push(`no network card for "${name}"${mac === '' ? '' : ` (${mac})`}`)
      continue
    }
    if (name !== '') card.name = name
    if (typeof entry['mtu'] === 'number') card.mtu = entry['mtu']
    const subnets = Array.isArray(entry['subnets']) ? entry['subnets'].filter(isObject) : []
    for (const subnet of subnets) addSubnet(card, subnet, dhcp)
  }
  for (const entry of entries) {
    const type = asText(entry['type'])
    if (type === 'nameserver')
      for (const card of cards) {
        if (card.addresses.length === 0) continue
        card.dns = [...card.dns, ...oneOrMore(entry['address'])]
        card.search = [...card.search, ...oneOrMore(entry['search'])]
      }
    else if (type !== 'physical') problems.push(`network-config: type "${type}" is not emulated`)
  }
}

function addSubnet(card: Interface, subnet: JsonObject, dhcp: DhcpServer): void {
  const type = asText(subnet['type'])
  if (type === 'dhcp' || type === 'dhcp4') askDhcp(card, dhcp)
  if (type !== 'static' && type !== 'static6') return
  const [address = '', prefix] = asText(subnet['address']).split('/')
  if (isIP(address) === 0) return
  const length = prefix ?? prefixOf(asText(subnet['netmask'])) ?? (isIP(address) === 6 ? 64 : 24)
  card.addresses.push({ address, prefix: Number(length) })
  const gateway = asText(subnet['gateway'])
  if (gateway !== '' && (card.gateway === undefined || isIP(gateway) === 4)) card.gateway = gateway
  card.dns = [...card.dns, ...oneOrMore(subnet['dns_nameservers'])]
  card.search = [...card.search, ...oneOrMore(subnet['dns_search'])]
}

/** Length of a netmask, which may be given as a length; undefined for none. */
function prefixOf(netmask: string): number | undefined {
  if (/^\d+$/.test(netmask)) return Number(netmask)
  if (isIP(netmask) !== 4) return undefined
  return netmask
    .split('.')
    .reduce((bits, part) => bits + Number(part).toString(2).replaceAll('0', '').length, 0)
}

function oneOrMore(value: Json | undefined): string[] {
  return typeof value === 'string' ? value.split(/[\s,]+/).filter(Boolean) : stringsOf(value)
}

function askDhcp(card: Interface, dhcp: DhcpServer): void {
  const lease = dhcp.lease(card.mac)
  card.addresses.push({ address: lease.address, prefix: lease.prefix })
  card.gateway ??= lease.gateway
  if (card.dns.length === 0) card.dns = [lease.dns]
}

function stringsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
