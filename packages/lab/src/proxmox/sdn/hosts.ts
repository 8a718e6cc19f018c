import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { reachesHost, runningFile, zoneOfNetwork } from './running.ts'
import { partsOf } from './subnets.ts'

const PATH = '/nodes/{node}/sdn'
const ZONE = `${PATH}/zones/{zone}`

/** Networks as a host has them. */
export const sdnHostHandlers: Handlers = {
  [`GET ${PATH}`]: () => ['fabrics', 'vnets', 'zones'].map((name) => ({ name })),
  [`GET ${PATH}/zones`]: (call) => {
    const { world, identity } = call
    const node = call.text('node')
    return ['localnetwork', ...runningFile(world, 'zones').keys()]
      .filter((zone) => zone === 'localnetwork' || reachesHost(world, zone, node))
      .filter((zone) => can(world, identity, `/sdn/zones/${zone}`, ['SDN.Audit', 'SDN.Allocate'], true))
      .map((zone) => ({ zone, status: 'available' }))
  },
  [`GET ${ZONE}`]: () => ['bridges', 'content', 'ip-vrf'].map((subdir) => ({ subdir })),
  [`GET ${PATH}/vnets/{vnet}`]: () => [{ subdir: 'mac-vrf' }],
  // No packet goes through the networks: nobody has learned an address.
  [`GET ${PATH}/vnets/{vnet}/mac-vrf`]: (call) => {
    const vnet = call.text('vnet')
    const zone = zoneOfNetwork(call.world, vnet) ?? die(`vnet '${vnet}' does not exist`)
    requireEvpn(call, zone)
    return []
  },
  // Routes of a zone are its own networks.
  [`GET ${ZONE}/ip-vrf`]: (call) => {
    const zone = call.text('zone')
    requireEvpn(call, zone)
    return [...runningFile(call.world, 'subnets')]
      .filter(([subnet]) => partsOf(subnet).zone === zone)
      .map(([subnet, { vnet }]) => ({
        ip: partsOf(subnet).cidr,
        metric: 0,
        nexthops: [String(vnet)],
        protocol: 'kernel',
      }))
  },
  [`GET ${ZONE}/content`]: (call) => networksOf(call).map((vnet) => ({ vnet, status: 'available' })),
  [`GET ${ZONE}/bridges`]: (call) =>
    networksOf(call).map((name) => ({
      name,
      vlan_filtering: runningFile(call.world, 'vnets').get(name)?.['vlanaware'] === '1' ? '1' : '0',
      ports: portsOf(call, name),
    })),
}

function requireEvpn(call: Call, zone: string): void {
  const type = runningFile(call.world, 'zones').get(zone)?.['type'] ?? die(`zone '${zone}' does not exist`)
  if (type !== 'evpn') die(`zone '${zone}' is not an EVPN zone`)
  if (!reachesHost(call.world, zone, call.text('node'))) die(`could not find zone '${zone}'`)
}

/** The networks of a call's zone: of a host's own its bridges. */
function networksOf(call: Call): string[] {
  const { world } = call
  const [node, zone] = [call.text('node'), call.text('zone')]
  if (zone === 'localnetwork') return [...world.bridges]
  if (!reachesHost(world, zone, node)) die(`could not find zone '${zone}'`)
  return [...runningFile(world, 'vnets')].flatMap(([vnet, section]) =>
    section['zone'] === zone ? [vnet] : [],
  )
}

/** Cards of running guests that are plugged into a bridge. */
function portsOf(call: Call, bridge: string): Record<string, unknown>[] {
  const { world } = call
  const node = call.text('node')
  const of = (
    kind: string,
    vmid: number,
    config: Readonly<Record<string, string>>,
  ): Record<string, unknown>[] =>
    Object.entries(config)
      .filter(([key, value]) => /^net\d+$/.test(key) && value.split(',').includes(`bridge=${bridge}`))
      .map(([key]) => ({ name: `${kind}${vmid}i${key.slice(3)}`, vmid, index: key.slice(3) }))
  return [
    ...[...world.vms.values()].flatMap((vm) =>
      vm.running && vm.node === node ? of('tap', vm.vmid, vm.config) : [],
    ),
    ...[...world.cluster.containers.values()].flatMap((container) =>
      container.running && container.node === node ? of('veth', container.vmid, container.config) : [],
    ),
  ]
}
