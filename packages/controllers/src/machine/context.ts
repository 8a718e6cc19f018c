import type { Machine, MachineClass, NodePool, ProxmoxCluster } from '@fochista/api'
import type { TenantControlPlane } from '@fochista/kamaji'
import { Machines } from '../kinds.ts'
import type { ClusterConnection } from '../proxmox-cluster/connections.ts'
import type { VmConfig, VmRef } from '../proxmox-cluster/hypervisor.ts'
import { copyOf } from '../runtime/copy.ts'
import { keyOf } from '../runtime/keys.ts'
import { patchIfChanged } from '../runtime/patch.ts'
import type { World } from '../world.ts'

/** What a step says of itself. Its condition gets the same words. */
export type StepResult = Done | Holdup

/** The step is done. */
export interface Done {
  readonly state: 'done'
  readonly reason: string
  readonly message: string
}

/** The step is not done: it takes its time, or it cannot go on before something else changes and somebody should know. */
export interface Holdup {
  readonly state: 'waiting' | 'blocked'
  readonly reason: string
  readonly message: string
  /** When to look again though nothing was heard, milliseconds. */
  readonly lookAgainMs?: number
}

/** A step is done. */
export const done = (reason: string, message: string): Done => ({ state: 'done', reason, message })
/** A step takes its time. */
export const waiting = (reason: string, message: string, lookAgainMs?: number): Holdup => ({
  state: 'waiting',
  reason,
  message,
  ...(lookAgainMs === undefined ? {} : { lookAgainMs }),
})
/** A step cannot go on. */
export const blocked = (reason: string, message: string, lookAgainMs?: number): Holdup => ({
  state: 'blocked',
  reason,
  message,
  ...(lookAgainMs === undefined ? {} : { lookAgainMs }),
})

/** One machine during one look at it. */
export interface MachineContext {
  readonly world: World
  readonly signal: AbortSignal
  /** `namespace/name`. */
  readonly key: string
  readonly namespace: string
  /** As it is to be written; steps change it in place. */
  machine: Machine
  readonly pool: NodePool | undefined
  readonly machineClass: MachineClass | undefined
  readonly proxmoxCluster: ProxmoxCluster | undefined
  readonly controlPlane: TenantControlPlane | undefined
  /** The connection to its Proxmox cluster. Throws when there is none; `isConnected` asks. */
  readonly connection: ClusterConnection
  readonly isConnected: boolean
  /** Says what the step that runs now will say, before it ends: what is saved meanwhile is written along with it. */
  say: (said: StepResult) => void
  /** Writes what the steps have changed so far. Throws a conflict if somebody else changed the machine. */
  save(): Promise<void>
  /** Where the VM is, as far as it can be known without asking. */
  vm(): VmRef | undefined
  /** The VM's configuration, asked for once a look; undefined if no host has the VM. */
  config(): Promise<VmConfig | undefined>
  /** Forgets what was asked: something has been changed. */
  forgetConfig(): void
}

/** Makes the context of one look. */
export function createContext(world: World, before: Machine, signal: AbortSignal): MachineContext {
  const { caches } = world
  const connection = world.connections.get(before.spec.proxmoxCluster)
  const namespace = before.metadata.namespace ?? 'default'
  // Never older than what its pool has judged it by: what it takes from an older one would be wrong at once, and made anew for ever.
  const pool = world.nodePools.known(`${namespace}/${before.spec.nodePoolName}`)
  const clusterName = before.spec.clusterName ?? pool?.spec.clusterName
  let saved = before
  let config: Promise<VmConfig | undefined> | undefined
  const context: MachineContext = {
    world,
    signal,
    key: keyOf(before),
    namespace,
    machine: copyOf(before),
    pool,
    machineClass: caches.machineClasses.get(undefined, before.spec.className ?? ''),
    proxmoxCluster: caches.proxmoxClusters.get(undefined, before.spec.proxmoxCluster),
    controlPlane: clusterName === undefined ? undefined : caches.controlPlanes.get(namespace, clusterName),
    get connection() {
      if (!connection) throw new Error(`not connected to Proxmox cluster "${before.spec.proxmoxCluster}"`)
      return connection
    },
    isConnected: connection !== undefined,
    say: () => undefined,
    save: async () => {
      const written = await patchIfChanged(world.kubernetes, Machines, saved, context.machine)
      world.machines.wrote(written)
      saved = written
      context.machine = copyOf(written)
    },
    vm: () => {
      const { vmid, host } = context.machine.spec
      if (vmid === undefined) return undefined
      // The list may name the host that a VM has just left, which says of it that it does not exist.
      const node =
        foundOn.get(context) ?? connection?.observer.vm(vmid)?.node ?? context.machine.status?.node ?? host
      return node === undefined ? undefined : { node, vmid }
    },
    config: () => (config ??= findConfig(context)),
    forgetConfig: () => (config = undefined),
  }
  return context
}

/** Of looks that have found their VM: its host. */
const foundOn = new WeakMap<MachineContext, string>()

/** Of looks that could not ask for their VM: the host that was asked in vain. */
const unanswered = new WeakMap<MachineContext, string>()

/** The host that a machine stands or falls with: the one that was asked for its VM in vain, else where that was seen last or was to be made. */
export const hostInQuestion = (context: MachineContext): string | undefined =>
  unanswered.get(context) ?? context.machine.status?.node ?? context.machine.spec.host

/**
 * Asks for the VM's configuration where it was last seen, then where it was to be made, then where the list says it is now: a VM may
 * have been migrated, and a host answers of a VM it does not have that it does not exist.
 */
async function findConfig(context: MachineContext): Promise<VmConfig | undefined> {
  const { connection, machine } = context
  const { vmid, host } = machine.spec
  if (vmid === undefined) return undefined
  const asked = new Set<string>()
  foundOn.delete(context)
  const ask = async (node: string | undefined): Promise<VmConfig | undefined> => {
    if (node === undefined || asked.has(node)) return undefined
    asked.add(node)
    const config = await connection.hypervisor.config({ node, vmid }).catch((error: unknown) => {
      unanswered.set(context, node)
      throw error
    })
    if (config) {
      ;(machine.status ??= {}).node = node
      foundOn.set(context, node)
    }
    return config
  }
  const found =
    (await ask(context.vm()?.node)) ??
    (await ask(host)) ??
    // A clone that goes to another host is at first where its template is.
    (machine.spec.made ? undefined : await ask(machine.spec.template?.node))
  if (found) return found
  // A clone answers by itself if its VMID is taken wherever it may be: only what was made is searched for.
  if (!machine.spec.made && !machine.metadata.deletionTimestamp) return undefined
  await connection.observer.refresh()
  return ask(connection.observer.vm(vmid)?.node)
}

/** Keys of a configuration that match, with their texts. */
export function entriesOf(config: VmConfig, pattern: RegExp): [string, string][] {
  return Object.entries(config)
    .filter(([key, value]) => pattern.test(key) && typeof value === 'string')
    .map(([key, value]) => [key, String(value)])
}
