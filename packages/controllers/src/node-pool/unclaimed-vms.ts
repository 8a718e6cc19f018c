import { parseMark, type NodePool, type ProxmoxCluster } from '@fochista/api'
import { isNotFound, isPermissionDenied, orUndefined } from '@fochista/proxmox'
import { smbiosUuid } from '../machine/context.ts'
import { poolNameOf, type ClusterConnection } from '../proxmox-cluster/connections.ts'
import type { World } from '../world.ts'

/**
 * VMs that bear the mark of a pool and that no Machine has: what a restored management cluster finds when its Machines were lost, or are
 * not restored yet. Read at once where they must be: in the Proxmox pool of the namespace, or named after the pool. Beside Machines of the
 * pool a copy that a person made of one of their VMs is none.
 */
export async function unclaimedVms(
  world: World,
  connection: ClusterConnection,
  cluster: ProxmoxCluster,
  pool: NodePool,
): Promise<number[]> {
  const { name, namespace = 'default' } = pool.metadata
  const here = world.machines.list().filter(({ spec }) => spec.proxmoxCluster === cluster.metadata.name)
  const claimed = new Set(here.map(({ spec }) => spec.vmid))
  const ownIds = new Set(
    here
      .filter(
        ({ spec, metadata }) => spec.nodePoolName === name && (metadata.namespace ?? 'default') === namespace,
      )
      .map(({ spec }) => spec.id),
  )
  const proxmoxPool = poolNameOf(cluster, namespace)
  const candidates = connection.observer
    .vms()
    .filter((vm) => vm.vmid !== undefined && vm.node !== undefined && !claimed.has(vm.vmid))
    .filter((vm) => vm.pool === proxmoxPool || vm.name?.startsWith(`${name}-`))
  const found: number[] = []
  for (const { node = '', vmid = 0 } of candidates) {
    const config = await orUndefined(
      (error) => isPermissionDenied(error) || isNotFound(error),
      connection.hypervisor.config({ node, vmid }),
    )
    const mark = parseMark(config?.description)
    if (
      mark?.installation === world.installation &&
      mark.namespace === namespace &&
      mark.pool === name &&
      !mark.released &&
      // The VM of a Machine that does not name it is looked for by that Machine. With no Machine at all nobody can say what is a copy.
      (ownIds.size === 0 || (!ownIds.has(mark.id) && (mark.building || smbiosUuid(config) === mark.id)))
    )
      found.push(vmid)
  }
  return found
}
