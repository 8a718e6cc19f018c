/** API group of our kinds. */
export const GROUP = 'fochista.dev'
/** Version of our kinds. */
export const VERSION = 'v1alpha1'
/** Group and version of our kinds. */
export const API_VERSION = `${GROUP}/${VERSION}`

/** Namespace of the controllers: Proxmox credentials, Leases, the installation's identity. */
export const SYSTEM_NAMESPACE = 'fochista-system'
/** ConfigMap in the system namespace whose `data.id` is the installation's UUID. */
export const INSTALLATION_CONFIG_MAP = 'fochista-installation'
/** Service account of the controllers in the system namespace. */
export const CONTROLLERS_ACCOUNT = 'fochista'
/** Finalizer on everything of ours whose deletion must first undo something outside. */
export const FINALIZER = 'fochista.dev/finalizer'

/** Label of a Machine: its NodePool's name. */
export const LABEL_POOL = 'fochista.dev/pool'
/** Label of a Machine: its cluster's (TenantControlPlane's) name. */
export const LABEL_CLUSTER = 'fochista.dev/cluster'
/** Annotation that stops us on one Machine; presence alone counts. */
export const ANNOTATION_PAUSED = 'fochista.dev/paused'
/** Annotation that makes a scale-down pick this Machine first; presence alone counts. */
export const ANNOTATION_DELETE_FIRST = 'fochista.dev/delete-first'
/** Annotation of a Machine that is being deleted: let it go and leave its VM where it is; presence alone counts. */
export const ANNOTATION_RELEASE = 'fochista.dev/release'
/** Annotation of a Machine that is being deleted: destroy its VM with the disks that others attached; presence alone counts. */
export const ANNOTATION_WITH_DISKS = 'fochista.dev/with-disks'
/** Annotation of a Machine that is being deleted: a person says that its host is dead, so that its VM cannot run; presence alone counts. */
export const ANNOTATION_HOST_IS_DEAD = 'fochista.dev/host-is-dead'
/** Annotation of a fenced ProxmoxCluster: a person says that only this installation is at work there; presence alone counts. */
export const ANNOTATION_UNFENCE = 'fochista.dev/unfence'
/**
 * Annotation of a Machine whose VM is to get the shape that its spec says. Its pool writes it with the shape and its own controller takes
 * it off once that is so; without it a VM of another shape was changed by a person, and is left alone. `live`: what can be done while the
 * VM runs; `refused`: more cannot, the pool is to say when it may be rebooted; `reboot`: it may be drained and rebooted.
 */
export const ANNOTATION_RESHAPE = 'fochista.dev/reshape'
/**
 * Annotation of a Machine that its pool made beyond its number, so that none is missed while the others are rebooted: it goes once they are.
 * Presence alone counts; without it the Machine is one like the others.
 */
export const ANNOTATION_STAND_IN = 'fochista.dev/stand-in'
/** Annotation of the MachineClass that pools without a class get; the value must be "true". */
export const ANNOTATION_DEFAULT_CLASS = 'machineclass.fochista.dev/is-default-class'

/** The provider id of a Node: how a Node, a VM and a Machine are known to be one. */
export function providerId(proxmoxCluster: string, vmid: number): string {
  return `proxmox://${proxmoxCluster}/${vmid}`
}
