import { parseMark, type Mark, type NodePool, type ProxmoxCluster } from '@fochista/api'
import { isConnectionError, isNotFound, isPermissionDenied, isTimeout, orUndefined } from '@fochista/proxmox'
import { inPool, withVmid } from '../machine-groups.ts'
import { smbiosUuid } from '../machine/ownership.ts'
import { inventoryOf } from '../placement/inventory.ts'
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
  const ownIds = new Set(
    world.machines
      .by(inPool, `${namespace}/${name}`)
      .filter(({ spec }) => spec.proxmoxCluster === cluster.metadata.name)
      .map(({ spec }) => spec.id),
  )
  const isClaimed = (vmid: number): boolean =>
    world.machines.by(withVmid, `${cluster.metadata.name}/${vmid}`).some(({ spec }) => spec.vmid === vmid)
  const candidates = inventoryOf(connection.observer.vms())
    .inPoolOrNamedAfter(poolNameOf(cluster, namespace), name)
    .filter((vm) => vm.vmid !== undefined && vm.node !== undefined && !isClaimed(vm.vmid))
  const isKnown = pool.status?.cluster !== undefined
  const isUnclaimed = (mark: Mark, uuid: string | undefined): boolean => {
    // The VM of a Machine that does not name it is looked for by that Machine; other VMs with its mark are copies.
    if (ownIds.has(mark.id)) return false
    // A pool with memory waits for workers that were finished, not for what its controllers may have left half made.
    if (isKnown) return uuid === mark.id
    // With no Machine at all nobody can say what is a copy.
    return ownIds.size === 0 || mark.building === true || uuid === mark.id
  }
  const found: number[] = []
  for (const { node = '', vmid = 0 } of candidates) {
    const config = await orUndefined(
      // The VM of a host that is dead or silent must not keep a pool for ever that has long had its machines.
      (error) =>
        isPermissionDenied(error) ||
        isNotFound(error) ||
        (isKnown && (isConnectionError(error) || isTimeout(error))),
      connection.hypervisor.config({ node, vmid }),
    )
    const mark = parseMark(config?.description)
    if (
      mark?.installation === world.installation &&
      mark.namespace === namespace &&
      mark.pool === name &&
      !mark.released &&
      isUnclaimed(mark, smbiosUuid(config))
    )
      found.push(vmid)
  }
  return found
}
