import type { Machine } from '@fochista/api'

// What machines are looked up by, so that no question about a few costs a look at all: `world.machines.by(inPool, …)`.

const namespaceOf = ({ metadata: { namespace = 'default' } }: Machine): string => namespace

/** Machines of a pool, by `namespace/pool`. */
export const inPool = (machine: Machine): string[] => [`${namespaceOf(machine)}/${machine.spec.nodePoolName}`]

/** Machines of a namespace, by its name. */
export const inNamespace = (machine: Machine): string[] => [namespaceOf(machine)]

/** Machines with an id; more than one only if somebody copied a Machine. */
export const withId = ({ spec }: Machine): string[] => [spec.id]

/** Machines that have a VMID, or have given it up, by `Proxmox cluster/VMID`. */
export const withVmid = ({ spec, status }: Machine): string[] =>
  [...(spec.vmid === undefined ? [] : [spec.vmid]), ...(status?.vmidsGivenUp ?? [])].map(
    (vmid) => `${spec.proxmoxCluster}/${vmid}`,
  )

/** Machines of a Proxmox cluster, by its name. */
export const inProxmoxCluster = ({ spec }: Machine): string[] => [spec.proxmoxCluster]
