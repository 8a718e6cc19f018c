import { die } from '../api-error.ts'
import type { Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { listOf } from '../sections.ts'
import { appliedHandlers } from './applied-file.ts'
import { writtenFile } from './running.ts'

/** Zones: what networks of guests have in common, and which hosts they reach. */
export const zoneHandlers: Handlers = appliedHandlers('zones', {
  list: '/cluster/sdn/zones',
  id: 'zone',
  lock: 'sdn_zones_cfg',
  noun: 'sdn zone object',
  exists: (zone) => die(`sdn zone object ID '${zone}' already defined`),
  missing: (zone) => die(`sdn '${zone}' does not exist`),
  required: {
    vlan: ['bridge'],
    qinq: ['tag', 'bridge'],
    vxlan: [],
    evpn: ['controller', 'vrf-vxlan'],
    faucet: ['dp-id'],
    simple: [],
  },
  check: ({ world }, zone, { nodes, controller, type }) => {
    if (!/^[a-z][a-z0-9]{0,7}$/.test(zone)) die(`zone ID '${zone}' contains illegal characters`)
    const stranger = listOf(nodes).find((node) => !world.hosts.has(node))
    if (stranger !== undefined) die(`node '${stranger}' does not exist`)
    if (type === 'evpn' && !writtenFile(world, 'controllers').has(String(controller)))
      die(`controller ${String(controller)} don't exist`)
  },
  sees: (call, zone, { type }) =>
    [undefined, type].includes(call.optional('type')) &&
    can(call.world, call.identity, `/sdn/zones/${zone}`, ['SDN.Audit', 'SDN.Use', 'SDN.Allocate'], true),
  checkRemoval: ({ world }, zone) => {
    const user = [...writtenFile(world, 'vnets')].find(([, vnet]) => vnet['zone'] === zone)?.[0]
    if (user !== undefined) die(`zone ${zone} is used by vnet ${user}`)
  },
})
