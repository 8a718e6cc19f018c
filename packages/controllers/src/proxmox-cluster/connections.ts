import type { ProxmoxCluster } from '@fochista/api'
import {
  createPacer,
  parseUpid,
  type ClusterResource,
  type ClusterTask,
  type Observer,
  type Pacer,
} from '@fochista/proxmox'
import { createCloneSlots, type CloneSlots } from '../placement/slots.ts'
import { createTaskTimes, type TaskTimes } from './task-times.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Hypervisor, StorageConfig, VmConfig } from './hypervisor.ts'

/** A Proxmox cluster that we are connected to. */
export interface ClusterConnection {
  readonly name: string
  readonly hypervisor: Hypervisor
  /** One for all who read. */
  readonly observer: Observer
  /** Whom to ask before a request that nobody waits for. */
  readonly pacer: Pacer
  readonly slots: CloneSlots
  /** Who may destroy a VM now: removing disks takes the lock of their storage too, and one that does not get it leaves its disk behind. */
  readonly removals: CloneSlots
  readonly taskTimes: TaskTimes
  /** Configuration of a template, at most a minute old. */
  template(node: string, vmid: number): Promise<VmConfig | undefined>
  /** Storages with what they may hold, as last seen. */
  storages(): readonly StorageConfig[]
}

/** The connections of all ProxmoxClusters, by name. */
export interface Connections {
  /** Undefined while there is none: unknown, not reachable yet, or without rights. */
  get(name: string): ClusterConnection | undefined
  /** All there are. */
  list(): readonly ClusterConnection[]
  /** Hears of what happens in any of them. @returns what ends it */
  subscribe(listener: (event: ConnectionEvent) => void): () => void
}

/** What those who depend on a Proxmox cluster want to hear. */
export type ConnectionEvent =
  /** A connection was made, or lost, or answers again after a while: everybody looks now, and not when its pause is over. */
  | { readonly type: 'connection'; readonly cluster: string }
  /** It has just stopped to answer as it should. */
  | { readonly type: 'silence'; readonly cluster: string }
  /** Something about a VM has changed: the VM itself, or a task of it. */
  | { readonly type: 'vm'; readonly cluster: string; readonly vmid: number }
  /** A task has begun or ended. */
  | { readonly type: 'task'; readonly cluster: string; readonly upid: string }
  /** A place in the queue of clones or of removals has become free for the Machine of this key. */
  | { readonly type: 'slot'; readonly cluster: string; readonly key: string }

/** The connections, for the controller that makes them. */
export interface ConnectionRegistry extends Connections {
  set(connection: ClusterConnection): void
  remove(name: string): void
  emit(event: ConnectionEvent): void
}

/** Makes an empty registry. */
export function createConnections(): ConnectionRegistry {
  const connections = new Map<string, ClusterConnection>()
  const listeners = new Set<(event: ConnectionEvent) => void>()
  const emit: ConnectionRegistry['emit'] = (event) => {
    for (const listener of listeners) listener(event)
  }
  return {
    get: (name) => connections.get(name),
    list: () => [...connections.values()],
    set: (connection) => {
      connections.set(connection.name, connection)
      emit({ type: 'connection', cluster: connection.name })
    },
    remove: (cluster) => {
      if (connections.delete(cluster)) emit({ type: 'connection', cluster })
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    emit,
  }
}

/** How long a template's configuration is believed, milliseconds. */
const TEMPLATE_AGE_MS = 60_000

/** Makes a connection of its parts, and tells of what its observer sees. */
export function createConnection(config: {
  name: string
  hypervisor: Hypervisor
  observer: Observer
  /** The observer's own; by default one that nobody shares. */
  pacer?: Pacer
  storages: () => readonly StorageConfig[]
  clock: Clock
  emit: (event: ConnectionEvent) => void
}): ClusterConnection {
  const { name, hypervisor, observer, storages, clock, emit } = config
  const { pacer = createPacer({ clock }) } = config
  const templates = new Map<string, { at: number; config: Promise<VmConfig | undefined> }>()
  observer.subscribe(({ kind, key, before, after }) => {
    if (kind === 'task') emit({ type: 'task', cluster: name, upid: key })
    for (const vmid of kind === 'vm'
      ? vmidsOf(before, after)
      : kind === 'task'
        ? taskVmids(after ?? before)
        : [])
      emit({ type: 'vm', cluster: name, vmid })
  })
  return {
    name,
    hypervisor,
    observer,
    pacer,
    storages,
    taskTimes: createTaskTimes(),
    slots: createCloneSlots((key) => emit({ type: 'slot', cluster: name, key })),
    removals: createCloneSlots((key) => emit({ type: 'slot', cluster: name, key })),
    template: (node, vmid) => {
      const key = `${node}/${vmid}`
      const known = templates.get(key)
      if (known && clock.now() - known.at < TEMPLATE_AGE_MS) return known.config
      const asked = hypervisor.config({ node, vmid })
      templates.set(key, { at: clock.now(), config: asked })
      asked.catch(() => templates.delete(key))
      return asked
    },
  }
}

function vmidsOf(...states: unknown[]): number[] {
  return [...new Set(states.flatMap((state) => (state as ClusterResource | undefined)?.vmid ?? []))]
}

/** A task's id is a VMID in most cases that matter; of a clone it is the source. */
function taskVmids(task: unknown): number[] {
  const { id } = parseUpid((task as ClusterTask).upid)
  return /^\d+$/.test(id) ? [Number(id)] : []
}

/** Name of the Proxmox pool that holds the VMs of a namespace. */
export function poolNameOf(cluster: ProxmoxCluster, namespace: string): string {
  return (cluster.spec.poolName ?? 'fochista-{namespace}').replaceAll('{namespace}', namespace)
}
