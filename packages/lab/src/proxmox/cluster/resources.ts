import type { Call } from '../handler.ts'
import { containerSummary } from '../lxc/status.ts'
import { figuresOf, hostStatus } from '../nodes/figures.ts'
import { can } from '../permissions.ts'
import { reachesHost, runningFile } from '../sdn/running.ts'
import { isEnabledOn, usageOf } from '../storage/usage.ts'
import type { Host, ProxmoxWorld, Storage } from '../world.ts'

/** An entry of the list of resources. */
export type Resource = Record<string, unknown>

/** Lists pools, guests, hosts, storages and networks that the caller may see. */
export function listResources(call: Call): Resource[] {
  const { world, identity } = call
  const type = call.optional('type')
  const sees = (path: string, ...privileges: string[]): boolean =>
    can(world, identity, path, privileges, true)
  const pools = poolsByVm(world)
  const list: Resource[] = []
  if (type === undefined)
    for (const pool of [...world.pools.keys()].sort())
      if (sees(`/pool/${pool}`, 'Pool.Audit')) list.push(poolResource(world, pool))
  if (type === undefined || type === 'vm')
    for (const vmid of [...world.vms.keys(), ...world.cluster.containers.keys()].sort((a, b) => a - b)) {
      if (!sees(`/vms/${vmid}`, 'VM.Audit')) continue
      const guest = guestResource(world, vmid, pools.get(vmid))
      if (guest !== undefined) list.push(guest)
    }
  if (type === undefined || type === 'node')
    for (const host of world.hosts.values())
      list.push(nodeResource(world, host, sees(`/nodes/${host.name}`, 'Sys.Audit')))
  if (type === undefined || type === 'storage')
    for (const storage of world.storages.values())
      if (
        sees(`/storage/${storage.name}`, 'Datastore.Audit', 'Datastore.AllocateSpace', 'Datastore.Allocate')
      )
        list.push(...storageResources(world, storage))
  if (type === undefined)
    for (const host of world.hosts.values())
      for (const zone of ['localnetwork', ...runningFile(world, 'zones').keys()])
        if (
          (zone === 'localnetwork' || reachesHost(world, zone, host.name)) &&
          sees(`/sdn/zones/${zone}`, 'SDN.Audit', 'SDN.Use', 'SDN.Allocate')
        )
          list.push(networkResource(host.name, 'zone', zone))
  if (type === undefined)
    for (const id of runningFile(world, 'fabric-nodes').keys()) {
      const [fabric = '', node = ''] = id.split('/')
      if (sees(`/sdn/fabrics/${fabric}`, 'SDN.Audit', 'SDN.Allocate'))
        list.push(networkResource(node, 'fabric', fabric))
    }
  return list
}

function poolsByVm(world: ProxmoxWorld): Map<number, string> {
  const pools = new Map<number, string>()
  for (const [pool, { vms }] of world.pools) for (const vmid of vms) pools.set(vmid, pool)
  return pools
}

/** A guest, as it was broadcast last; tags, lock and pool as they are. Undefined when there is none of this id. */
export function guestResource(world: ProxmoxWorld, vmid: number, pool?: string): Resource | undefined {
  const container = world.cluster.containers.get(vmid)
  if (container !== undefined) {
    const { cpus, maxswap: _, swap: __, pid: ___, ...facts } = containerSummary(world, container)
    return {
      ...facts,
      id: `lxc/${vmid}`,
      node: container.node,
      template: facts['template'] ?? 0,
      maxcpu: cpus,
      memhost: facts['mem'],
      pool,
    }
  }
  const vm = world.vms.get(vmid)
  if (vm === undefined) return undefined
  const { tags, lock } = vm.config
  const base = { id: `qemu/${vmid}`, vmid, node: vm.node, type: 'qemu', pool, tags, lock }
  const { published } = vm
  if (published === undefined || !world.hosts.get(vm.node)?.online) return { ...base, status: 'unknown' }
  const { template, mem, ...facts } = published
  return { ...base, ...idle, ...facts, template: template ? 1 : 0, mem, memhost: mem }
}

const idle = {
  uptime: 0,
  cpu: 0,
  mem: 0,
  memhost: 0,
  disk: 0,
  netin: 0,
  netout: 0,
  diskread: 0,
  diskwrite: 0,
}

function poolResource(world: ProxmoxWorld, pool: string): Resource {
  const sums = { uptime: 0, mem: 0, maxmem: 0, cpu: 0, maxcpu: 0 }
  let used = 0
  let runs = false
  for (const vmid of world.pools.get(pool)?.vms ?? []) {
    const published = world.vms.get(vmid)?.published
    if (published === undefined || published.status === 'stopped') continue
    runs = true
    sums.uptime = Math.max(sums.uptime, published.uptime)
    sums.mem += published.mem
    sums.maxmem += published.maxmem
    sums.maxcpu += published.maxcpu
    used += published.cpu * published.maxcpu
  }
  if (runs) sums.cpu = used / sums.maxcpu
  return { id: `/pool/${pool}`, pool, type: 'pool', ...(runs && sums) }
}

/** A host; numbers only for who may audit it. */
export function nodeResource(world: ProxmoxWorld, host: Host, audits: boolean): Resource {
  const status = hostStatus(host)
  const { name } = host
  const base = { id: `node/${name}`, node: name, type: 'node', status }
  if (status === 'unknown') return base
  const known = { ...base, level: '', ...(status === 'online' && { 'cgroup-mode': host.cgroupMode ?? 2 }) }
  if (!audits) return known
  const { uptime, cpu, mem, disk, maxcpu, maxmem, maxdisk } = figuresOf(world, host)
  const sizes = { maxcpu, maxmem, maxdisk }
  if (status === 'offline') return { ...known, ...sizes }
  return { ...known, ...sizes, uptime, cpu, mem, disk }
}

/** A storage on each host that has it. */
export function storageResources(world: ProxmoxWorld, storage: Storage): Resource[] {
  const list: Resource[] = []
  for (const host of world.hosts.values()) {
    if (!isEnabledOn(storage, host.name)) continue
    const usage = host.online ? usageOf(world, host.name, storage) : undefined
    list.push({
      id: `storage/${host.name}/${storage.name}`,
      storage: storage.name,
      node: host.name,
      type: 'storage',
      plugintype: storage.type,
      status: usage === undefined ? 'unknown' : 'available',
      shared: storage.shared ? 1 : 0,
      content: storage.content.join(','),
      ...(usage && { disk: usage.used, maxdisk: usage.total }),
    })
  }
  return list
}

function networkResource(node: string, kind: 'zone' | 'fabric', network: string): Resource {
  return {
    id: `network/${node}/${kind}/${network}`,
    type: 'network',
    'network-type': kind,
    network,
    node,
    status: 'ok',
  }
}
