import type { MachineClass, ProxmoxCluster } from '@fochista/api'
import type { ClusterResource, Proxmox } from '@fochista/proxmox'

/** A Proxmox cluster that answers, and what the management cluster says of it. */
export interface Target {
  readonly name: string
  readonly cluster: ProxmoxCluster
  readonly proxmox: Proxmox
  /** `user@realm!name`. */
  readonly tokenId: string
  /** Classes whose machines are made there. */
  readonly classes: readonly MachineClass[]
  /** Hosts that answer. */
  readonly hosts: readonly string[]
  /** What `/cluster/resources` shows to the token. */
  readonly resources: readonly ClusterResource[]
}

/** Hosts that answer and on which a class may have machines. */
export function hostsOf({ hosts }: Target, { spec }: MachineClass): readonly string[] {
  return hosts.filter((host) => spec.nodes === undefined || spec.nodes.includes(host))
}

/** Names, of which a message shows a few. */
export function few(names: Iterable<string>): string {
  const all = [...new Set(names)].sort()
  return all.length <= 5 ? all.join(', ') : `${all.slice(0, 5).join(', ')} … (${all.length})`
}
