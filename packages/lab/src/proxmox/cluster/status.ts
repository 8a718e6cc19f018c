import type { Handlers } from '../handler.ts'
import { VERSION } from '../nodes/version.ts'
import { clusterNameOf, isCluster, versionOf } from './config/corosync.ts'
import { hasQuorum } from './quorum.ts'

/** State of the cluster and its version. */
export const statusHandlers: Handlers = {
  'GET /version': ({ world }) => {
    const { console } = world.cluster.datacenter
    return console === undefined ? VERSION : { ...VERSION, console }
  },
  'GET /cluster/status': ({ world, contact }) => {
    const hosts = [...world.hosts.values()]
    const clustered = isCluster(world)
    const nodes = hosts.map((host) => ({
      type: 'node',
      id: `node/${host.name}`,
      name: host.name,
      nodeid: clustered ? host.id : 0,
      local: host.name === contact ? 1 : 0,
      online: host.online ? 1 : 0,
      ip: host.address,
      level: '',
    }))
    if (!clustered) return nodes
    const cluster = {
      type: 'cluster',
      id: 'cluster',
      name: clusterNameOf(world),
      version: versionOf(world),
      nodes: hosts.length,
      quorate: hasQuorum(world) ? 1 : 0,
    }
    return [cluster, ...nodes]
  },
  'GET /cluster/log': (call) =>
    call.world.cluster.log
      .slice(-(call.number('max') ?? 50))
      .reverse()
      .map(({ id, ...line }) => ({ ...line, id: `${id}:${line.node}`, uid: String(id) })),
}
