import {
  CONDITION,
  getCondition,
  poolProblems,
  printProblem,
  REASON,
  type Machine,
  type MachineClass,
  type NodePool,
} from '@fochista/api'
import type { TenantControlPlane } from '@fochista/kamaji'
import type { World } from '../world.ts'
import { classOf } from './parents.ts'
import { unclaimedVms } from './unclaimed-vms.ts'
import type { Verdict } from './verdict.ts'
import { versionFor } from './version.ts'

/** What new machines are made of. */
export interface Blueprint {
  readonly machineClass: MachineClass
  readonly version: string
}

/** What new machines of a pool would be made of, or why none can be. Written into the pool's status. */
export async function blueprintOf(
  world: World,
  pool: NodePool,
  controlPlane: TenantControlPlane,
  machines: readonly Machine[],
): Promise<Blueprint | Verdict> {
  const machineClass = classOf(world, pool)
  const className = pool.spec.className ?? pool.status?.className
  if (!machineClass)
    return {
      reason: 'ClassNotFound',
      message: className
        ? `MachineClass "${className}" is not there. What runs stays; nothing is made or changed.`
        : 'The pool names no class and no MachineClass is marked as the default one. Set spec.className.',
    }
  const status = (pool.status ??= {})
  status.className = machineClass.metadata.name
  const name = pool.metadata.namespace ?? 'default'
  const labels = world.caches.namespaces.get(undefined, name)?.metadata.labels ?? {}
  const [problem] = poolProblems(pool, machineClass, { name, labels })
  if (problem) return { reason: REASON.notAllowed, message: printProblem(problem) }
  const { proxmoxClusterName } = machineClass.spec
  const cluster = world.caches.proxmoxClusters.get(undefined, proxmoxClusterName)
  const connection = world.connections.get(proxmoxClusterName)
  if (!cluster || !connection) {
    const why = cluster?.status?.conditions?.find(({ type }) => type === CONDITION.ready)?.message
    return {
      reason: 'ProxmoxUnreachable',
      message: cluster
        ? `Waiting for Proxmox cluster "${proxmoxClusterName}". ${why ?? ''}`.trim()
        : `ProxmoxCluster "${proxmoxClusterName}" is not there.`,
    }
  }
  const answer = versionFor(pool, machineClass, controlPlane, machines, connection.observer.vms())
  if ('reason' in answer) return answer
  status.version = answer.version
  // A pool without memory is new, or was restored; one without Machines may have lost them all. They may come back one after the other, so
  // that a pool which has begun to wait for them waits for all.
  const mayHaveLost =
    !status.cluster ||
    machines.length === 0 ||
    getCondition(pool, CONDITION.ready)?.reason === REASON.vmsWithoutMachine
  if (mayHaveLost && pool.spec.replicas !== 0) {
    const vmids = await unclaimedVms(world, connection, cluster, pool)
    if (vmids.length > 0)
      return {
        reason: REASON.vmsWithoutMachine,
        message: `VMs ${vmids.join(', ')} bear this pool's mark and no Machine has them, so no other is made. Restore their Machines, adopt them or delete them: \`fochista orphan list --proxmox ${proxmoxClusterName}\`.`,
      }
  }
  return { machineClass, version: answer.version }
}
