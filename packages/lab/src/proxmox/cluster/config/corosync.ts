import { createHash } from 'node:crypto'
import { sectionsOf } from '../../sections.ts'
import type { ProxmoxWorld } from '../../world.ts'

/** A host as `corosync.conf` has it. */
interface Member {
  readonly name: string
  readonly nodeid: string
  readonly quorum_votes: string
  readonly ring0_addr: string
}

const CONF = 'corosync'
const TOTEM = 'totem'

/** Whether the hosts are a cluster: one alone is none before somebody makes it one. */
export function isCluster(world: ProxmoxWorld): boolean {
  return world.hosts.size > 1 || sectionsOf(world, CONF).has(TOTEM)
}

/** What the cluster is called. */
export function clusterNameOf(world: ProxmoxWorld): string {
  return String(sectionsOf(world, CONF).get(TOTEM)?.['cluster_name'] ?? world.clusterName)
}

/** Writes the configuration anew: it is a cluster from now on. @param name of a new cluster. */
export function writeConfig(world: ProxmoxWorld, name = clusterNameOf(world)): void {
  sectionsOf(world, CONF).set(TOTEM, { cluster_name: name, config_version: String(versionOf(world) + 1) })
}

/** How often the configuration was written: once for each host that was there from the start. */
export function versionOf(world: ProxmoxWorld): number {
  return Number(sectionsOf(world, CONF).get(TOTEM)?.['config_version'] ?? world.hosts.size)
}

/** Gives a host its votes and address on the cluster's own network; undefined forgets it. */
export function setMember(
  world: ProxmoxWorld,
  name: string,
  facts: { votes: number; address: string } | undefined,
): void {
  const members = sectionsOf(world, `${CONF}/nodes`)
  if (facts === undefined) members.delete(name)
  else members.set(name, { votes: String(facts.votes), address: facts.address })
}

/** Hosts of the cluster. */
export function membersOf(world: ProxmoxWorld): Member[] {
  const kept = sectionsOf(world, `${CONF}/nodes`)
  return [...world.hosts.values()].map(({ name, id, address }) => ({
    name,
    nodeid: String(id),
    quorum_votes: String(kept.get(name)?.['votes'] ?? 1),
    ring0_addr: String(kept.get(name)?.['address'] ?? address),
  }))
}

/** How the hosts of a cluster talk to each other. */
export function totemOf(world: ProxmoxWorld): Block {
  return {
    cluster_name: clusterNameOf(world),
    config_version: String(versionOf(world)),
    interface: { 0: { linknumber: '0' } },
    ip_version: 'ipv4-6',
    link_mode: 'passive',
    secauth: 'on',
    version: '2',
  }
}

/** The file `corosync.conf`. */
export function configText(world: ProxmoxWorld): string {
  return [
    block('logging', { debug: 'off', to_syslog: 'yes' }),
    block('nodelist', {
      node: Object.fromEntries(membersOf(world).map((member) => [member.name, { ...member }])),
    }),
    block('quorum', { provider: 'corosync_votequorum' }),
    block('totem', totemOf(world)),
  ].join('\n')
}

/** What stands in a block: values, and inner blocks of one name. */
interface Block {
  readonly [key: string]: string | Readonly<Record<string, Block>>
}

function block(name: string, values: Block, indent = ''): string {
  const lines = Object.entries(values).map(([key, value]) =>
    typeof value === 'string'
      ? `${indent}  ${key}: ${value}\n`
      : Object.values(value)
          .map((inner) => block(key, inner, `${indent}  `))
          .join(''),
  )
  return `${indent}${name} {\n${lines.join('')}${indent}}\n`
}

/** SHA-1 of that file. */
export function configDigest(world: ProxmoxWorld): string {
  return createHash('sha1').update(configText(world)).digest('hex')
}
