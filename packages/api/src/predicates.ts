import type { Machine } from './resources/machine.ts'
import type { MachineClass } from './resources/machine-class.ts'
import type { NodePool } from './resources/node-pool.ts'
import type { ProxmoxCluster } from './resources/proxmox-cluster.ts'

/**
 * Whether something may be done, and if not, why: `machineCan.delete(machine)` and `machineCan.delete.reason(machine)`. A front end
 * disables what may not be done and shows the reason.
 */
export interface Predicate<Arguments extends readonly unknown[]> {
  (...given: Arguments): boolean
  /** One sentence for people; undefined if it may be done. */
  reason(...given: Arguments): string | undefined
}

function predicate<Arguments extends readonly unknown[]>(
  reason: (...given: Arguments) => string | undefined,
): Predicate<Arguments> {
  return Object.assign((...given: Arguments) => reason(...given) === undefined, { reason })
}

const alreadyLeaving = ({
  kind,
  metadata,
}: {
  kind: string
  metadata: { name: string; deletionTimestamp?: string }
}): string | undefined =>
  metadata.deletionTimestamp ? `${kind} "${metadata.name}" is being deleted already` : undefined

/** What may be done with a Machine. */
export const machineCan = {
  /** Empty its Node and destroy its VM. */
  delete: predicate((machine: Machine) => alreadyLeaving(machine)),
  /** Let it go and leave its VM where it is. */
  release: predicate((machine: Machine) =>
    // One that is leaving already may be held up before anybody has seen whether its VM was made.
    machine.spec.made || machine.metadata.deletionTimestamp
      ? undefined
      : `Machine "${machine.metadata.name}" has no VM yet that could be left behind; delete it`,
  ),
}

/** What may be done with a NodePool. */
export const nodePoolCan = {
  delete: predicate((pool: NodePool) => alreadyLeaving(pool)),
  /** Ask for another number of machines. */
  scale: predicate((pool: NodePool) => alreadyLeaving(pool)),
}

/** What may be done with a MachineClass. */
export const machineClassCan = {
  /** It does not go while pools use it. */
  delete: predicate((machineClass: MachineClass, pools: readonly NodePool[]) => {
    const { name } = machineClass.metadata
    const users = pools.filter((pool) => (pool.spec.className ?? pool.status?.className) === name)
    return alreadyLeaving(machineClass) ?? inUse(`MachineClass "${name}"`, 'pools', users)
  }),
}

/** What may be done with a ProxmoxCluster. */
export const proxmoxClusterCan = {
  /** It does not go while Machines use it. */
  delete: predicate((cluster: ProxmoxCluster, machines: readonly Machine[]) => {
    const { name } = cluster.metadata
    const users = machines.filter((machine) => machine.spec.proxmoxCluster === name)
    return alreadyLeaving(cluster) ?? inUse(`ProxmoxCluster "${name}"`, 'machines', users)
  }),
}

const MOST_NAMED = 5

function inUse(
  what: string,
  kinds: string,
  users: readonly { metadata: { name: string; namespace?: string } }[],
): string | undefined {
  if (users.length === 0) return undefined
  const names = users
    .map(({ metadata }) => [metadata.namespace, metadata.name].filter(Boolean).join('/'))
    .sort()
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''
  return `${what} is in use by ${kinds} ${names.slice(0, MOST_NAMED).join(', ')}${more}`
}
