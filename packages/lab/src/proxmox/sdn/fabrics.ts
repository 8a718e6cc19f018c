import { die, forbidden } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import type { Section } from '../sections.ts'
import type { ProxmoxWorld } from '../world.ts'
import { appliedHandlers } from './applied-file.ts'
import { writtenFile } from './running.ts'
import { isIn } from './subnets.ts'

const PATH = '/cluster/sdn/fabrics'
const NODES = `${PATH}/node/{fabric_id}`

/** What each protocol's fabrics must have. */
const NEEDED: Readonly<Record<string, readonly string[]>> = { ospf: ['area'] }

const fabrics = appliedHandlers('fabrics', {
  list: `${PATH}/fabric`,
  id: 'id',
  lock: 'sdn_fabrics_cfg',
  exists: (id) => die(`fabric '${id}' already exists`),
  missing: (id) => die(`fabric '${id}' does not exist`),
  facts: (_, __, { protocol }) => ({ protocol }),
  sees: (call, id) => mayLook(call, id),
  check: ({ world }, id, section, before) => {
    for (const name of NEEDED[String(section['protocol'])] ?? [])
      if (section[name] === undefined) die(`missing field \`${name}\``)
    if (before !== undefined && before['protocol'] !== section['protocol'])
      die(`fabric '${id}' has the protocol ${String(before['protocol'])}`)
    for (const [, node] of nodesOf(world, id)) checkAddresses(section, node)
  },
  changed: ({ world }, id, section) => {
    // Its hosts' entries go with it.
    if (section === undefined)
      for (const [key] of nodesOf(world, id)) writtenFile(world, 'fabric-nodes').delete(key)
  },
})

const nodes = appliedHandlers('fabric-nodes', {
  list: NODES,
  id: 'node_id',
  idOf: (call) => `${call.text('fabric_id')}/${call.text('node_id')}`,
  lock: 'sdn_fabrics_cfg',
  exists: (id) => die(`node '${id.split('/')[1]}' already exists in fabric '${id.split('/')[0]}'`),
  missing: (id) => die(`node '${id.split('/')[1]}' does not exist in fabric '${id.split('/')[0]}'`),
  facts: (_, id, { protocol }) => ({ fabric_id: id.split('/')[0], node_id: id.split('/')[1], protocol }),
  sees: (call, id) => {
    const [fabric = '', node = ''] = id.split('/')
    return (
      [undefined, fabric].includes(call.optional('fabric_id')) &&
      mayLook(call, fabric) &&
      can(call.world, call.identity, `/nodes/${node}`, ['Sys.Audit', 'Sys.Modify'], true)
    )
  },
  check: (call, id, section) => {
    const { world } = call
    const [fabric = '', node = ''] = id.split('/')
    const options = writtenFile(world, 'fabrics').get(fabric) ?? die(`fabric '${fabric}' does not exist`)
    if (!world.hosts.has(node)) die(`node '${node}' does not exist`)
    if (options['protocol'] !== section['protocol'])
      die(`fabric '${fabric}' has the protocol ${String(options['protocol'])}`)
    checkAddresses(options, section)
    for (const [other, { ip, ip6 }] of nodesOf(world, fabric))
      if (other !== id)
        for (const [mine, theirs] of [
          [section['ip'], ip],
          [section['ip6'], ip6],
        ])
          if (mine !== undefined && mine === theirs)
            die(`IP ${String(mine)} is already used by node '${other.split('/')[1]}'`)
  },
})

/** Fabrics: hosts that tell each other their routes. What is written waits until it is applied; no route is exchanged. */
export const fabricHandlers: Handlers = {
  ...fabrics,
  ...nodes,
  [`GET ${PATH}`]: () => ['fabric', 'node', 'all'].map((subdir) => ({ subdir })),
  [`GET ${PATH}/all`]: async (call) => ({
    fabrics: await fabrics[`GET ${PATH}/fabric`]?.(call),
    nodes: await nodes[`GET ${NODES}`]?.(call),
  }),
  [`GET ${PATH}/node`]: (call) => nodes[`GET ${NODES}`]?.(call),
  [`GET ${NODES}`]: (call) => {
    const fabric = call.text('fabric_id')
    if (!mayLook(call, fabric)) forbidden(`/sdn/fabrics/${fabric}, SDN.Audit`)
    return nodes[`GET ${NODES}`]?.(call)
  },
}

function mayLook({ world, identity }: Call, fabric: string): boolean {
  return can(world, identity, `/sdn/fabrics/${fabric}`, ['SDN.Audit', 'SDN.Allocate'], true)
}

/** Entries of a fabric's hosts as they are written. */
function nodesOf(world: ProxmoxWorld, fabric: string): [id: string, section: Section][] {
  return [...writtenFile(world, 'fabric-nodes')].filter(([id]) => id.startsWith(`${fabric}/`))
}

/** A host's own addresses lie in its fabric's networks. */
function checkAddresses(fabric: Section, node: Section): void {
  for (const [name, prefix] of [
    ['ip', 'ip_prefix'],
    ['ip6', 'ip6_prefix'],
  ] as const) {
    const [address, network] = [node[name], fabric[prefix]]
    if (typeof address === 'string' && typeof network === 'string' && !isIn(address, network))
      die(`${name} ${address} is not in ${prefix} ${network}`)
  }
}
