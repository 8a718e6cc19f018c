import type { Machine } from '@fochista/api'
import type { Informer } from '@fochista/kubernetes'
import { keyOf } from './runtime/keys.ts'

/** Keys of Machines by what they depend on, kept as the Machines change: a change of a VM or a Node must not cost a look at all of them. */
export interface MachineIndex {
  ofPool(namespace: string, pool: string): string[]
  ofControlPlane(namespace: string, name: string): string[]
  ofProxmoxCluster(name: string): string[]
  /** The Machine of a VMID, and those whose template it is while they are being cloned. */
  ofVm(cluster: string, vmid: number): string[]
}

/** Makes the index of an informer's Machines. */
export function createMachineIndex(machines: Pick<Informer<Machine>, 'subscribe'>): MachineIndex {
  const groups = new Map<string, Set<string>>()
  const groupsOfMachine = new Map<string, string[]>()
  const put = (key: string, names: string[]): void => {
    for (const name of groupsOfMachine.get(key) ?? []) {
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
  machines.subscribe(({ type, object }) => put(keyOf(object), type === 'deleted' ? [] : groupsOf(object)))
  const keys = (...parts: (string | number)[]): string[] => [...(groups.get(parts.join('\0')) ?? [])]
  return {
    ofPool: (namespace, pool) => keys('pool', namespace, pool),
    ofControlPlane: (namespace, name) => keys('control plane', namespace, name),
    ofProxmoxCluster: (name) => keys('cluster', name),
    ofVm: (cluster, vmid) => keys('vm', cluster, vmid),
  }
}

function groupsOf({ metadata, spec }: Machine): string[] {
  const { namespace = 'default' } = metadata
  const { nodePoolName, clusterName, proxmoxCluster, vmid, template, made } = spec
  const groups: (string | number)[][] = [
    ['pool', namespace, nodePoolName],
    ['cluster', proxmoxCluster],
  ]
  if (clusterName !== undefined) groups.push(['control plane', namespace, clusterName])
  if (vmid !== undefined) groups.push(['vm', proxmoxCluster, vmid])
  if (template && !made) groups.push(['vm', proxmoxCluster, template.vmid])
  return groups.map((parts) => parts.join('\0'))
}
