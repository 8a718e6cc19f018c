// Every word that conditions, events and programs agree on. A reason is for programs and never changes its meaning; what people read is
// the message beside it.

/** Types of conditions beside the steps of a machine's way (MACHINE_STEPS). */
export const CONDITION = {
  /** All kinds: whether the object is what its spec asks for. */
  ready: 'Ready',
  /** ProxmoxCluster: some endpoint answers. */
  reachable: 'Reachable',
  /** ProxmoxCluster: the token has every right it needs; the message names what is missing. */
  authorized: 'Authorized',
  /** ProxmoxCluster: another copy of this installation is at work there, so nothing is written. */
  fenced: 'Fenced',
  /** ProxmoxCluster: more machines vanished at once than can be believed, so nothing is replaced. */
  inventorySuspect: 'InventorySuspect',
} as const

/** Reasons of conditions and events. */
export const REASON = {
  /** NodePool: the class does not allow what it asks for; the message gives field, value and rule. */
  notAllowed: 'NotAllowed',
  /** NodePool: its TenantControlPlane is not there yet. */
  clusterNotFound: 'ClusterNotFound',
  /** NodePool: a TenantControlPlane of that name with another UID and another CA. */
  clusterReplaced: 'ClusterReplaced',
  /** NodePool: machines of its name belong to another cluster than it names now: a pool was made anew under an old name. */
  machinesOfOtherCluster: 'MachinesOfOtherCluster',
  /** NodePool: VMs bear its mark and no Machine has them, so it makes none. */
  vmsWithoutMachine: 'VMsWithoutMachine',
  /** NodePool: the third machine in a row failed to join. */
  joinFailing: 'JoinFailing',
  /** NodePool: its own taints keep the add-ons from every Node. */
  addonsHaveNoNode: 'AddonsHaveNoNode',
  /** Machine: its NodePool is not there; it keeps running. */
  poolNotFound: 'PoolNotFound',
  /** Machine: its VM is locked and no task runs that could end it. */
  stuckLock: 'StuckLock',
  /** Machine: its Node is not Ready because no network plugin runs in the tenant cluster. */
  waitingForNetwork: 'WaitingForNetwork',
  /** Machine: its VM is on no host any more. */
  vanished: 'Vanished',
  /** Machine: it was started and did not join in time. */
  joinFailed: 'JoinFailed',
  /** Machine: its Node is not Ready, and has time left to come round. */
  nodeNotReady: 'NodeNotReady',
  /** Machine: its Node was Ready once and has not been for longer than the pool allows. */
  nodeUnhealthy: 'NodeUnhealthy',
  /** NodePool: more machines are unhealthy than it allows, so nothing is replaced. */
  tooManyUnhealthy: 'TooManyUnhealthy',
  /** NodePool: more were unhealthy than it allows, and those that still are have a minute to come round. */
  recovering: 'Recovering',
  /** Machine: its host is no member of the Proxmox cluster any more. */
  hostGone: 'HostGone',
  /** NodePool: a machine could not be given its new shape, so no further one is changed. */
  rolloutStopped: 'RolloutStopped',
  /** Machine: its VM has another shape than it was given; a person has changed it. */
  shapeDiffers: 'ShapeDiffers',
  /** Machine: its VM holds a disk that neither template nor pool gave. */
  foreignDisk: 'ForeignDisk',
  /** ProxmoxCluster: see the condition of the same name. */
  fenced: 'Fenced',
  /** ProxmoxCluster: see the condition of the same name. */
  inventorySuspect: 'InventorySuspect',
} as const

/** One of the reasons. */
export type Reason = (typeof REASON)[keyof typeof REASON]
