import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { sectionsOf, type Sections } from '../sections.ts'
import type { ProxmoxWorld } from '../world.ts'
import { lockedHandlers } from './applied-file.ts'
import { writtenFile } from './running.ts'
import { partsOf, subnetOf } from './subnets.ts'

const IPS = '/cluster/sdn/vnets/{vnet}/ips'
const LIST = '/cluster/sdn/ipams'
const DNS = '/cluster/sdn/dns'

/** The manager of addresses that is there from the start, and keeps its list itself. */
const BUILT_IN = 'pve'

/** Managers of addresses and of names, and the addresses that are taken. */
export const addressHandlers: Handlers = {
  ...lockedHandlers({
    list: LIST,
    id: 'ipam',
    sections: ipamFile,
    lock: 'sdn_ipams_cfg',
    noun: 'sdn ipam object',
    exists: (ipam) => die(`sdn ipam object ID '${ipam}' already defined`),
    missing: (ipam) => die(`sdn '${ipam}' does not exist`),
    required: { netbox: ['url', 'token'], phpipam: ['url', 'token', 'section'], pve: [] },
    sees: (call, ipam, { type }) =>
      [undefined, type].includes(call.optional('type')) && sees(call, `/sdn/ipams/${ipam}`),
    checkRemoval: ({ world }, ipam) => {
      if (ipam === BUILT_IN) die(`the built-in ipam '${ipam}' cannot be deleted`)
      const user = [...writtenFile(world, 'zones')].find(([, zone]) => zone['ipam'] === ipam)?.[0]
      if (user !== undefined) die(`ipam ${ipam} is used by zone ${user}`)
    },
  }),
  ...lockedHandlers({
    list: DNS,
    id: 'dns',
    sections: (world) => sectionsOf(world, 'sdn/dns'),
    lock: 'sdn_dns_cfg',
    noun: 'sdn dns object',
    exists: (dns) => die(`sdn dns object ID '${dns}' already defined`),
    missing: (dns) => die(`sdn '${dns}' does not exist`),
    sees: (call, dns, { type }) =>
      [undefined, type].includes(call.optional('type')) && sees(call, `/sdn/dns/${dns}`),
    checkRemoval: ({ world }, dns) => {
      const user = [...writtenFile(world, 'zones')].find(([, zone]) => zone['dns'] === dns)?.[0]
      if (user !== undefined) die(`dns ${dns} is used by zone ${user}`)
    },
  }),
  [`GET ${LIST}/{ipam}/status`]: (call) => {
    const ipam = call.text('ipam')
    const { type } = ipamFile(call.world).get(ipam) ?? die(`sdn '${ipam}' does not exist`)
    if (type !== 'pve') return die(`ipam '${ipam}' keeps its list elsewhere`)
    return [...gateways(call.world), ...ipFile(call.world).values()].filter(({ zone, vnet }) =>
      sees(call, `/sdn/zones/${String(zone)}/${String(vnet)}`),
    )
  },
  [`POST ${IPS}`]: (call) => {
    const { key, subnet } = placeOf(call)
    if (ipFile(call.world).has(key)) die(`IP '${call.text('ip')}' already exist`)
    ipFile(call.world).set(key, entryOf(call, subnet))
    return null
  },
  [`PUT ${IPS}`]: (call) => {
    const { key, subnet } = placeOf(call)
    // The card that had another address gives that one up.
    for (const [other, { mac, vnet }] of ipFile(call.world))
      if (other !== key && mac !== undefined && mac === call.optional('mac') && vnet === call.text('vnet'))
        ipFile(call.world).delete(other)
    ipFile(call.world).set(key, entryOf(call, subnet))
    return null
  },
  [`DELETE ${IPS}`]: (call) => {
    const { key } = placeOf(call)
    if (!ipFile(call.world).delete(key)) die(`IP '${call.text('ip')}' does not exist in IPAM DB`)
    return null
  },
}

function ipamFile(world: ProxmoxWorld): Sections {
  const sections = sectionsOf(world, 'sdn/ipams')
  if (!sections.has(BUILT_IN)) sections.set(BUILT_IN, { type: 'pve' })
  return sections
}

/** Addresses that are taken, by zone and address. */
function ipFile(world: ProxmoxWorld): Sections {
  return sectionsOf(world, 'sdn/addresses')
}

function sees({ world, identity }: Call, path: string): boolean {
  return can(world, identity, path, ['SDN.Audit', 'SDN.Use', 'SDN.Allocate'], true)
}

/** Where an address of a call belongs. Throws when no subnet of its zone holds it. */
function placeOf(call: Call): { key: string; subnet: string } {
  const [zone, vnet, ip] = [call.text('zone'), call.text('vnet'), call.text('ip')]
  if (writtenFile(call.world, 'vnets').get(vnet)?.['zone'] !== zone)
    die(`vnet '${vnet}' does not exist in zone '${zone}'`)
  const subnet = subnetOf(writtenFile(call.world, 'subnets'), zone, ip)
  return subnet === undefined ? die(`can't find any subnet for ip ${ip}`) : { key: `${zone}/${ip}`, subnet }
}

function entryOf(call: Call, subnet: string): Record<string, string> {
  const [mac, vmid] = [call.optional('mac'), call.optional('vmid')]
  return {
    zone: call.text('zone'),
    vnet: call.text('vnet'),
    subnet: partsOf(subnet).cidr,
    ip: call.text('ip'),
    ...(mac !== undefined && { mac }),
    ...(vmid !== undefined && { vmid }),
  }
}

function gateways(world: ProxmoxWorld): Record<string, unknown>[] {
  return [...writtenFile(world, 'subnets')].flatMap(([subnet, { gateway, vnet }]) =>
    gateway === undefined ? [] : [{ ...pick(subnet), vnet, ip: gateway, gateway: 1 }],
  )
}

function pick(subnet: string): { zone: string; subnet: string } {
  const { zone, cidr } = partsOf(subnet)
  return { zone, subnet: cidr }
}
