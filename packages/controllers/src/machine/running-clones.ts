import type { Machine, ProxmoxCluster } from '@fochista/api'
import type { CloneSlots, LockDomain } from '../placement/slots.ts'
import { storageDomain } from '../placement/storages.ts'
import type { ClusterConnection } from '../proxmox-cluster/connections.ts'
import { keyOf } from '../runtime/keys.ts'
import type { MachineContext } from './context.ts'

/** Where clones get into each other's way: Proxmox locks source and target storage, each host's own where it is local. */
export function lockDomains(
  { spec }: Machine,
  connection: ClusterConnection,
  proxmoxCluster: ProxmoxCluster | undefined,
): LockDomain[] {
  const { storage = '', host = '', template } = spec
  const limit = proxmoxCluster?.spec.limits?.clonesPerStorage ?? 1
  return [
    storageDomain(connection.storages(), storage, host, limit),
    { key: `template ${template?.vmid}`, label: `template ${template?.vmid}`, limit: Math.max(limit, 4) },
  ]
}

/** A clone that runs. */
export interface RunningClone {
  readonly upid: string
  /** The VMID that it makes; undefined while its log does not say it yet. */
  readonly target: number | undefined
}

/** Running clones of a template. The UPID names the source, the first line of the task's log the target. */
export async function runningClones(
  { hypervisor }: ClusterConnection,
  template: { readonly node: string; readonly vmid: number },
): Promise<RunningClone[]> {
  const found: RunningClone[] = []
  for (const { upid } of await hypervisor.runningTasks(template.node, 'qmclone', template.vmid)) {
    const target = /with ID (\d+)/.exec((await hypervisor.taskHead(upid)) ?? '')?.[1]
    found.push({ upid, target: target === undefined ? undefined : Number(target) })
  }
  return found
}

/** Slots in which the clones of an earlier process have been counted, or are being. */
const counted = new WeakMap<CloneSlots, Promise<void>>()

/**
 * Gives the clones that an earlier process has begun their slots, once for each connection and before the first slot is taken: else the
 * first machines to ask would clone beside those that run. Machines that are looked at later release them as all others do.
 */
export function countEarlierClones(context: MachineContext): Promise<void> {
  const { slots } = context.connection
  const known = counted.get(slots)
  if (known) return known
  const counting = count(context)
  counted.set(slots, counting)
  counting.catch(() => counted.delete(slots))
  return counting
}

async function count({ world, connection, proxmoxCluster }: MachineContext): Promise<void> {
  const unfinished = world.machines
    .list()
    .filter(({ spec }) => spec.proxmoxCluster === connection.name && spec.template && !spec.made)
  const templates = new Map(
    unfinished.flatMap(({ spec }) => (spec.template ? [[spec.template.vmid, spec.template] as const] : [])),
  )
  for (const template of templates.values()) {
    const running = await runningClones(connection, template)
    for (const machine of unfinished)
      if (
        machine.spec.template?.vmid === template.vmid &&
        running.some(({ target }) => target === machine.spec.vmid)
      )
        connection.slots.hold(keyOf(machine), lockDomains(machine, connection, proxmoxCluster))
  }
}
