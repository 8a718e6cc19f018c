import type { ProxmoxCluster } from '@fochista/api'
import type { Observer } from '@fochista/proxmox'
import type { CloneSlots } from '../placement/slots.ts'
import type { Hypervisor, VmConfig } from './hypervisor.ts'

/** A Proxmox cluster that we are connected to. */
export interface ClusterConnection {
  readonly name: string
  readonly hypervisor: Hypervisor
  /** One for all who read. */
  readonly observer: Pick<
    Observer,
    'vm' | 'vms' | 'nodes' | 'storages' | 'tasks' | 'refresh' | 'subscribe' | 'error' | 'age'
  >
  readonly slots: CloneSlots
  /** Configuration of a template, at most a minute old. */
  template(node: string, vmid: number): Promise<VmConfig | undefined>
  /** Storages with what they may hold, as last seen. */
  storages(): StorageFacts[]
}

/** What is known of a storage. */
export interface StorageFacts {
  readonly name: string
  readonly type: string
  readonly content: readonly string[]
  readonly isShared: boolean
  readonly nodes?: readonly string[]
}

/** The connections of all ProxmoxClusters, by name. */
export interface Connections {
  /** Undefined while there is none: unknown, not reachable yet, or without rights. */
  get(name: string): ClusterConnection | undefined
}

/** Name of the Proxmox pool that holds the VMs of a namespace. */
export function poolNameOf(cluster: ProxmoxCluster, namespace: string): string {
  return (cluster.spec.poolName ?? 'fochista-{namespace}').replaceAll('{namespace}', namespace)
}
