import { getCondition, isTrue, MACHINE_STEPS, type MachineStep } from '../conditions.ts'
import type { Machine } from '../resources/machine.ts'
import type { NodePool } from '../resources/node-pool.ts'

/** What of a TenantControlPlane the view shows. */
export interface ControlPlane {
  metadata: { name: string; namespace?: string; deletionTimestamp?: string }
  spec: { kubernetes: { version: string } }
  status?: { controlPlaneEndpoint?: string; kubernetesResources?: { version?: { status?: string } } }
}

/** A cluster with its pools and their machines. */
export interface ClusterView {
  readonly name: string
  readonly namespace: string
  readonly version: string
  /** Kamaji's word for its state, such as `Ready` or `Provisioning`; `Deleting` while it goes. */
  readonly state: string
  readonly endpoint: string | undefined
  readonly pools: readonly PoolView[]
}

/** A pool with its machines. */
export interface PoolView {
  readonly name: string
  readonly wanted: number
  /** Machines there are, those on their way out not counted. */
  readonly present: number
  readonly ready: number
  readonly machines: readonly Machine[]
}

/** One step of a machine's way. */
export interface MachineStepView {
  readonly step: MachineStep
  readonly state: 'done' | 'current' | 'ahead'
  readonly since: string | undefined
  readonly reason: string | undefined
  /** Of the current step: what the machine waits for. */
  readonly message: string | undefined
}

/** Joins a cluster with the pools and machines that are its own among those given. */
export function clusterView(
  cluster: ControlPlane,
  pools: readonly NodePool[],
  machines: readonly Machine[],
): ClusterView {
  const { name, namespace = 'default', deletionTimestamp } = cluster.metadata
  const state = cluster.status?.kubernetesResources?.version?.status
  return {
    name,
    namespace,
    version: cluster.spec.kubernetes.version,
    state: deletionTimestamp ? 'Deleting' : (state ?? 'Pending'),
    endpoint: cluster.status?.controlPlaneEndpoint,
    pools: pools
      .filter(
        (pool) => pool.spec.clusterName === name && (pool.metadata.namespace ?? 'default') === namespace,
      )
      .sort(byName)
      .map((pool) => poolView(pool, machines)),
  }
}

/** Joins a pool with the machines that are its own among those given, counted as they are and not as its status last said. */
export function poolView(pool: NodePool, machines: readonly Machine[]): PoolView {
  const { name, namespace = 'default' } = pool.metadata
  const own = machines
    .filter(
      (machine) =>
        machine.spec.nodePoolName === name && (machine.metadata.namespace ?? 'default') === namespace,
    )
    .sort(byName)
  const staying = own.filter((machine) => !machine.metadata.deletionTimestamp)
  return {
    name,
    wanted: pool.spec.replicas ?? 1,
    present: staying.length,
    ready: staying.filter((machine) => isTrue(machine, 'Ready')).length,
    machines: own,
  }
}

/** The seven steps of a machine with what is known of each: done, the one it stands at, or ahead. */
export function timelineOf(machine: Machine): MachineStepView[] {
  const at = MACHINE_STEPS.findIndex((step) => !isTrue(machine, step))
  return MACHINE_STEPS.map((step, index) => {
    const said = getCondition(machine, step)
    return {
      step,
      state: at === -1 || index < at ? 'done' : index === at ? 'current' : 'ahead',
      since: said?.lastTransitionTime,
      reason: said?.reason,
      message: said?.message,
    }
  })
}

function byName(one: { metadata: { name: string } }, other: { metadata: { name: string } }): number {
  return one.metadata.name < other.metadata.name ? -1 : 1
}
