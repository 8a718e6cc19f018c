import type { Machine, MachineClass, NodePool, ProxmoxCluster } from '@fochista/api'
import type { DrainResult, TenantControlPlane } from '@fochista/kamaji'
import type { Informer, Kubernetes, Namespace } from '@fochista/kubernetes'
import type { Retries } from './machine/retries.ts'
import type { MissingVms } from './machine/vanished.ts'
import type { Connections } from './proxmox-cluster/connections.ts'
import type { Background } from './runtime/background.ts'
import type { Clock } from './runtime/clock.ts'
import type { Voice } from './runtime/conditions.ts'
import type { FreshReader } from './runtime/fresh.ts'
import type { KeyedMutex } from './runtime/mutex.ts'
import type { Logger } from './runtime/logger.ts'
import type { Tenants } from './tenants/tenants.ts'

/** Follows what the controllers read of the management cluster; shared by all of them. */
export interface Caches {
  readonly proxmoxClusters: Informer<ProxmoxCluster>
  readonly machineClasses: Informer<MachineClass>
  readonly nodePools: Informer<NodePool>
  readonly machines: Informer<Machine>
  readonly controlPlanes: Informer<TenantControlPlane>
  readonly namespaces: Informer<Namespace>
}

/** Everything a reconciler is given from outside. */
export interface World {
  readonly kubernetes: Kubernetes
  /** UUID of this installation: half of what makes a VM ours. */
  readonly installation: string
  readonly clock: Clock
  readonly logger: Logger
  readonly voice: Voice
  readonly caches: Caches
  /** Machines, never older than what we wrote ourselves. */
  readonly machines: FreshReader<Machine>
  /** NodePools, never older than what we wrote ourselves. */
  readonly nodePools: FreshReader<NodePool>
  readonly connections: Connections
  readonly tenants: Tenants
  /** Drains under way, by key of the Machine. */
  readonly drains: Background<DrainResult>
  /** Machines that have failed at a task, or found no room, and are called when it is their turn to try again. */
  readonly retries: Retries
  /** VMs of ours that were not found. */
  readonly missing: MissingVms
  /** Keys of Machines whose VM was found changed: their next look asks Proxmox even if all seems well. */
  readonly drifted: Set<string>
  /** One placement at a time in a Proxmox cluster: each must see what the one before has promised. */
  readonly placing: KeyedMutex
}
