import type { Machine } from '@fochista/api'
import type { Informer } from '@fochista/kubernetes'
import { keyOf } from './runtime/keys.ts'

/** Keys of Machines by what they depend on, kept as the Machines change: a change of a VM or a Node must not cost a look at all of them. */
export interface MachineIndex {
  ofPool(namespace: string, pool: string): string[]
  ofControlPlane(namespace: string, name: string): string[]
  ofProxmoxCluster(name: string): string[]
  /** The Machine of a VMID. */
  ofVm(cluster: string, vmid: number): string[]
  /** The Machine whose task in flight it is. */
  ofTask(upid: string): string[]
  /** Machines of a class that have no VM yet. */
  unmadeOfClass(name: string): string[]
}

/** Makes the index of an informer's Machines. */
export function createMachineIndex(machines: Pick<Informer<Machine>, 'subscribe'>): MachineIndex {
  const groups = new Map<string, Set<string>>()
  const groupsOfMachine = new Map<string, string[]>()
  const put = (key: string, names: string[]): void => {
    const before = groupsOfMachine.get(key)
    if (before?.length === names.length && before.every((name, at) => name === names[at])) return
    for (const name of before ?? []) {
      const group = groups.get(name)
      group?.delete(key)
      if (group?.size === 0) groups.delete(name)
    }
    groupsOfMachine.set(key, names)
    for (const name of names) {
      const group = groups.get(name) ?? new Set()
      groups.set(name, group.add(key))
    }
    if (names.length === 0) groupsOfMachine.delete(key)
  }
  machines.subscribe((change) => {
    const { type, object } = change
    // Most changes are of what is said of a Machine.
    if (type === 'modified' && isGroupedAlike(object, change.old)) return
    put(keyOf(object), type === 'deleted' ? [] : groupsOf(object))
  })
  const keys = (...parts: (string | number)[]): string[] => [...(groups.get(parts.join('\0')) ?? [])]
  return {
    ofPool: (namespace, pool) => keys('pool', namespace, pool),
    ofControlPlane: (namespace, name) => keys('control plane', namespace, name),
    ofProxmoxCluster: (name) => keys('cluster', name),
    ofVm: (cluster, vmid) => keys('vm', cluster, vmid),
    ofTask: (upid) => keys('task', upid),
    unmadeOfClass: (name) => keys('class', name),
  }
}

const grouping = ['nodePoolName', 'clusterName', 'className', 'proxmoxCluster', 'vmid', 'made'] as const

/** Whether two states of a Machine belong to the same groups. */
const isGroupedAlike = (one: Machine, other: Machine): boolean =>
  one.status?.task === other.status?.task && grouping.every((field) => one.spec[field] === other.spec[field])

function groupsOf({ metadata, spec, status }: Machine): string[] {
  const { namespace = 'default' } = metadata
  const { nodePoolName, clusterName, className, proxmoxCluster, vmid, made } = spec
  const groups: (string | number)[][] = [
    ['pool', namespace, nodePoolName],
    ['cluster', proxmoxCluster],
  ]
  if (clusterName !== undefined) groups.push(['control plane', namespace, clusterName])
  if (vmid !== undefined) groups.push(['vm', proxmoxCluster, vmid])
  if (status?.task !== undefined) groups.push(['task', status.task])
  if (className !== undefined && !made) groups.push(['class', className])
  return groups.map((parts) => parts.join('\0'))
}
