import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { reachesHost, runningFile } from './running.ts'

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
  [`GET ${ZONE}/content`]: (call) => networksOf(call).map((vnet) => ({ vnet, status: 'available' })),
  [`GET ${ZONE}/bridges`]: (call) =>
    networksOf(call).map((name) => ({
      name,
      vlan_filtering: runningFile(call.world, 'vnets').get(name)?.['vlanaware'] === '1' ? '1' : '0',
      ports: portsOf(call, name),
    })),
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
