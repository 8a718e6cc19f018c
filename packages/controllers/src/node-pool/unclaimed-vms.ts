import { parseMark, type NodePool, type ProxmoxCluster } from '@fochista/api'
import { isNotFound, isPermissionDenied, orUndefined } from '@fochista/proxmox'
import { poolNameOf, type ClusterConnection } from '../proxmox-cluster/connections.ts'
import type { World } from '../world.ts'

/**
 * VMs that bear the mark of a pool and that no Machine has: what a restored management cluster finds when its Machines were lost. Read at
 * once where they must be: in the Proxmox pool of the namespace, or named after the pool.
 */
export async function unclaimedVms(
  world: World,
  connection: ClusterConnection,
  cluster: ProxmoxCluster,
  pool: NodePool,
): Promise<number[]> {
  const { name, namespace = 'default' } = pool.metadata
  const claimed = new Set(world.machines.list().map(({ spec }) => spec.vmid))
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
      !mark.released
    )
      found.push(vmid)
  }
  return found
}
