import type { Machine } from '@fochista/api'
import type { Informer } from '@fochista/kubernetes'
import { isAlike } from './runtime/alike.ts'
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
    if (isAlike(before, names)) return
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
    const facts = factsOf(object)
    // Most changes are of what is said of a Machine.
    if (type === 'modified' && isAlike(factsOf(change.old), facts)) return
    put(keyOf(object), type === 'deleted' ? [] : groupsOf(facts))
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

/** Everything of a Machine that decides which groups it is in. */
const factsOf = ({ metadata: { namespace = 'default' }, spec, status }: Machine) =>
  [
    namespace,
    spec.nodePoolName,
    spec.clusterName,
    spec.className,
    spec.proxmoxCluster,
    spec.vmid,
    spec.made,
    status?.task,
  ] as const

function groupsOf(facts: ReturnType<typeof factsOf>): string[] {
  const [namespace, nodePoolName, clusterName, className, proxmoxCluster, vmid, made, task] = facts
  const groups: (string | number)[][] = [
    ['pool', namespace, nodePoolName],
    ['cluster', proxmoxCluster],
  ]
  if (clusterName !== undefined) groups.push(['control plane', namespace, clusterName])
  if (vmid !== undefined) groups.push(['vm', proxmoxCluster, vmid])
  if (task !== undefined) groups.push(['task', task])
  if (className !== undefined && !made) groups.push(['class', className])
  return groups.map((parts) => parts.join('\0'))
}
