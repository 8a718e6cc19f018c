import type { Machine } from '@fochista/api'

// What machines are looked up by, so that no question about a few, nor a change that concerns a few, costs a look at all:
// `world.machines.by(inPool, …)`.

/** Most machines are in none of some groups. */
const NONE: string[] = []

const namespaceOf = ({ metadata: { namespace = 'default' } }: Machine): string => namespace

/** Machines of a pool, by `namespace/pool`. */
export const inPool = (machine: Machine): string[] => [`${namespaceOf(machine)}/${machine.spec.nodePoolName}`]

/** Machines of a namespace, by its name. */
export const inNamespace = (machine: Machine): string[] => [namespaceOf(machine)]

/** Machines with an id; more than one only if somebody copied a Machine. */
export const withId = ({ spec }: Machine): string[] => [spec.id]

/** Machines that have a VMID, or have given it up, by `Proxmox cluster/VMID`. */
export function withVmid({ spec, status }: Machine): string[] {
  const own = spec.vmid === undefined ? NONE : [`${spec.proxmoxCluster}/${spec.vmid}`]
  const given = status?.vmidsGivenUp ?? NONE
  return given.length === 0 ? own : [...own, ...given.map((vmid) => `${spec.proxmoxCluster}/${vmid}`)]
}

/** Machines of a Proxmox cluster, by its name. */
export const inProxmoxCluster = ({ spec }: Machine): string[] => [spec.proxmoxCluster]

/** Machines of a control plane, by `namespace/name`. */
export const ofControlPlane = (machine: Machine): string[] =>
  machine.spec.clusterName === undefined ? NONE : [`${namespaceOf(machine)}/${machine.spec.clusterName}`]

/** Machines whose task is in flight, by its UPID. */
export const withTask = ({ status }: Machine): string[] => (status?.task === undefined ? NONE : [status.task])

/** Machines that have no VM yet, by the name of their class. */
export const unmadeOfClass = ({ spec }: Machine): string[] =>
  spec.className === undefined || spec.made ? NONE : [spec.className]
