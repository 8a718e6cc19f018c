import { createHash } from 'node:crypto'
import { ApiError } from '../api-error.ts'
import type { Handlers } from '../handler.ts'
import { VERSION } from '../nodes/version.ts'
import type { ProxmoxWorld } from '../world.ts'
import { hasQuorum } from './quorum.ts'

/** State of the cluster and its version. */
export const statusHandlers: Handlers = {
  'GET /version': ({ world }) => {
    const { console } = world.cluster.datacenter
    return console === undefined ? VERSION : { ...VERSION, console }
  },
  'GET /cluster/status': ({ world, contact }) => {
    const hosts = [...world.hosts.values()]
    const isCluster = hosts.length > 1
    const nodes = hosts.map((host) => ({
      type: 'node',
      id: `node/${host.name}`,
      name: host.name,
      nodeid: isCluster ? host.id : 0,
      local: host.name === contact ? 1 : 0,
      online: host.online ? 1 : 0,
      ip: host.address,
      level: '',
    }))
    if (!isCluster) return nodes
    const cluster = {
      type: 'cluster',
      id: 'cluster',
      name: world.clusterName,
      version: hosts.length,
      nodes: hosts.length,
      quorate: hasQuorum(world) ? 1 : 0,
    }
    return [cluster, ...nodes]
  },
  'GET /cluster/config/nodes': ({ world }) =>
    world.hosts.size < 2
      ? []
      : [...world.hosts.values()].map(({ name, id, address }) => ({
          node: name,
          name,
          nodeid: String(id),
          quorum_votes: '1',
          ring0_addr: address,
        })),
  'GET /cluster/config/join': ({ world }) => {
    if (world.hosts.size < 2) throw new ApiError(424, 'node is not in a cluster, no join info available!')
    const nodelist = [...world.hosts.values()].map(({ name, id, address }) => ({
      name,
      nodeid: String(id),
      quorum_votes: '1',
      ring0_addr: address,
      pve_addr: address,
      pve_fp: world.cluster.fingerprints.get(name),
    }))
    return {
      nodelist,
      preferred_node: nodelist[0]?.name,
      totem: totemOf(world),
      config_digest: createHash('sha1')
        .update(JSON.stringify([nodelist, totemOf(world)]))
        .digest('hex'),
    }
  },
  'GET /cluster/config/totem': ({ world }) => (world.hosts.size < 2 ? {} : totemOf(world)),
  // No other device has a vote.
  'GET /cluster/config/qdevice': () => ({}),
  'GET /cluster/log': (call) =>
    call.world.cluster.log
      .slice(-(call.number('max') ?? 50))
      .reverse()
      .map(({ id, ...line }) => ({ ...line, id: `${id}:${line.node}`, uid: String(id) })),
}

/** How the hosts of a cluster talk to each other. */
function totemOf(world: ProxmoxWorld): Record<string, unknown> {
  return {
    cluster_name: world.clusterName,
    config_version: String(world.hosts.size),
    interface: { 0: { linknumber: '0' } },
    ip_version: 'ipv4-6',
    link_mode: 'passive',
    secauth: 'on',
    version: '2',
  }
}
