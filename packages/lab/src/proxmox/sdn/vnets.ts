import { die, forbidden } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import type { Section } from '../sections.ts'
import { appliedHandlers } from './applied-file.ts'
import { runningFile, writtenFile } from './running.ts'

const LIST = '/cluster/sdn/vnets'

/** Types of zones whose networks have a tag of their own. */
const TAGGED = new Set(['vlan', 'qinq', 'vxlan', 'evpn'])

const vnets = appliedHandlers('vnets', {
  list: LIST,
  id: 'vnet',
  lock: 'sdn_vnets_cfg',
  noun: 'sdn vnet object',
  exists: (vnet) => die(`sdn vnet object ID '${vnet}' already defined`),
  missing: (vnet) => die(`sdn '${vnet}' does not exist`),
  facts: () => ({ type: 'vnet' }),
  passedOver: ['type'],
  check,
  sees: (call, vnet, section) => mayUse(call, vnet, section, ['SDN.Audit', 'SDN.Use', 'SDN.Allocate']),
  checkRemoval: ({ world }, vnet) => {
    if ([...writtenFile(world, 'subnets').values()].some((subnet) => subnet['vnet'] === vnet))
      die("Can't delete vnet if subnets exists")
  },
})

/** Networks of guests: bridges on each host of their zone, once they are applied. */
export const vnetHandlers: Handlers = {
  ...vnets,
  [`GET ${LIST}/{vnet}`]: (call) => {
    requireNetwork(call, ['SDN.Audit', 'SDN.Allocate'])
    return vnets[`GET ${LIST}/{vnet}`]?.(call)
  },
  [`PUT ${LIST}/{vnet}`]: (call) => {
    requireNetwork(call, ['SDN.Allocate'])
    return vnets[`PUT ${LIST}/{vnet}`]?.(call)
  },
  [`DELETE ${LIST}/{vnet}`]: (call) => {
    requireNetwork(call, ['SDN.Allocate'])
    return vnets[`DELETE ${LIST}/{vnet}`]?.(call)
  },
}

/** Refuses who may do nothing with the network of a call; one that is not there is told of by the call itself. */
export function requireNetwork(call: Call, privileges: readonly string[]): void {
  const vnet = call.text('vnet')
  const section = writtenFile(call.world, 'vnets').get(vnet) ?? runningFile(call.world, 'vnets').get(vnet)
  if (section !== undefined && !mayUse(call, vnet, section, privileges))
    forbidden(`/sdn/zones/${String(section['zone'])}/${vnet}, ${privileges.join('|')}`)
  if (section === undefined && !can(call.world, call.identity, `/sdn/zones`, privileges, true))
    forbidden(`/sdn/zones/${vnet}, ${privileges.join('|')}`)
}

function mayUse(
  { world, identity }: Call,
  vnet: string,
  { zone }: Section,
  privileges: readonly string[],
): boolean {
  return can(world, identity, `/sdn/zones/${String(zone)}/${vnet}`, privileges, true)
}

function check({ world }: Call, vnet: string, section: Section): void {
  if (!/^[a-zA-Z][a-zA-Z0-9]{0,7}$/.test(vnet)) die(`vnet ID '${vnet}' contains illegal characters`)
  const zone = String(section['zone'])
  const type = writtenFile(world, 'zones').get(zone)?.['type'] ?? die(`zone ${zone} don't exist`)
  const isTagged = TAGGED.has(String(type))
  if (isTagged && section['tag'] === undefined) die(`missing vlan tag`)
  if (!isTagged && section['tag'] !== undefined) die(`vlan tag is not allowed on ${String(type)} zone`)
  for (const [other, { zone: itsZone, tag }] of writtenFile(world, 'vnets'))
    if (other !== vnet && itsZone === zone && tag !== undefined && tag === section['tag'])
      die(`tag ${String(tag)} already exist in zone ${zone} in vnet ${other}`)
}
