import { parseMark, type Mark, type ProxmoxCluster } from '@fochista/api'
import {
  isConnectionError,
  isLocked,
  isNotFound,
  isPermissionDenied,
  orUndefined,
  parseUpid,
} from '@fochista/proxmox'
import type { ClusterConnection } from '../proxmox-cluster/connections.ts'
import { foreignDisks } from '../machine/disks.ts'
import { WritesForbiddenError, type VmConfig } from '../proxmox-cluster/hypervisor.ts'
import { timestampOf } from '../runtime/clock.ts'
import { withId, withVmid } from '../machine-groups.ts'
import type { World } from '../world.ts'

/** Pause between two VMs, milliseconds: the sweep shares the one request a second that we allow ourselves at rest. */
const VM_PAUSE_MS = 10_000
/** Pause between two rounds where there is next to nothing to read, milliseconds. */
const ROUND_PAUSE_MS = 60_000
/** A VM that still says `building` is left alone for so long after its mark was written, milliseconds. */
const BUILDING_AGE_MS = 3_600_000

/** Pause between two looks at the task of a removal, milliseconds. */
const TASK_PAUSE_MS = 2000

/** A VM that bears our mark and has no Machine. */
export interface Orphan {
  readonly node: string
  readonly vmid: number
  readonly mark: Mark
  readonly config: VmConfig
}

/** What the sweep tells. */
export interface SweepListener {
  /** A full round of a Proxmox cluster has ended. */
  roundEnded(cluster: string, at: string, orphans: readonly Orphan[]): void
  /** The VM of a Machine is not as we left it: its mark is gone. */
  drifted(machineKey: string): void
}

/**
 * Goes through the VMs of a Proxmox cluster for ever, slowly: reads the description of each in our range that no Machine has, and of each
 * of our own. An orphan is reported; by itself the sweep removes only what a controller that died has left half made.
 */
export async function sweep(
  world: World,
  clusterName: string,
  listener: SweepListener,
  signal: AbortSignal,
): Promise<void> {
  const { clock, logger } = world
  while (!signal.aborted) {
    try {
      await round(world, clusterName, listener, signal)
    } catch (error) {
      if (signal.aborted) return
      logger.warn({ cluster: clusterName, err: error }, 'the sweep was interrupted, it begins anew')
    }
    await clock.sleep(ROUND_PAUSE_MS, signal).catch(() => undefined)
  }
}

async function round(
  world: World,
  clusterName: string,
  listener: SweepListener,
  signal: AbortSignal,
): Promise<void> {
  const cluster = world.caches.proxmoxClusters.get(undefined, clusterName)
  const connection = world.connections.get(clusterName)
  if (!cluster || !connection || connection.observer.error !== undefined) return
  const orphans: Orphan[] = []
  for (const { vmid, node } of vmsInRange(connection, cluster)) {
    await world.clock.sleep(VM_PAUSE_MS, signal)
    await connection.pacer.take(1, signal)
    const machine = machineOf(world, clusterName, vmid)
    const config = await orUndefined(isPassing, connection.hypervisor.config({ node, vmid }))
    if (!config) continue
    const mark = parseMark(config.description)
    if (machine) {
      if (machine.spec.made && !config.lock && mark?.id !== machine.spec.id)
        listener.drifted(`${machine.metadata.namespace ?? 'default'}/${machine.metadata.name}`)
      continue
    }
    if (mark?.installation !== world.installation || mark.released) continue
    // Asked again: between the two looks a Machine may have been given this VMID.
    if (machineOf(world, clusterName, vmid)) continue
    const orphan = { node, vmid, mark, config }
    if (!(await removeHalfMade(world, connection, orphan, signal))) orphans.push(orphan)
  }
  listener.roundEnded(clusterName, timestampOf(world.clock.now()), orphans)
}

function vmsInRange(
  { observer }: ClusterConnection,
  { spec }: ProxmoxCluster,
): { vmid: number; node: string }[] {
  const { start, end } = spec.vmidRange
  return observer
    .vms()
    .flatMap(({ type, vmid = 0, node, template }) =>
      type === 'qemu' && node !== undefined && !template && vmid >= start && vmid <= end
        ? [{ vmid, node }]
        : [],
    )
    .sort((a, b) => a.vmid - b.vmid)
}

const machineOf = (world: World, cluster: string, vmid: number) =>
  world.machines.by(withVmid, `${cluster}/${vmid}`).find(({ spec }) => spec.vmid === vmid)

/** What says nothing of a VM now: it went, moved, is not ours to read, or its host is silent. The next round looks again. */
const isPassing = (error: unknown): boolean =>
  isNotFound(error) || isPermissionDenied(error) || isConnectionError(error)

/**
 * Removes a VM of ours that is stopped, was never finished, is old enough, and that no task is at work on. What a person may have had a
 * hand in (another name, a disk of their own, protection) is left to a person. @returns whether it did
 */
async function removeHalfMade(
  world: World,
  { hypervisor, observer }: ClusterConnection,
  orphan: Orphan,
  signal: AbortSignal,
): Promise<boolean> {
  const { node, vmid, mark, config } = orphan
  if (!mark.building || config.lock || config.protection) return false
  // The mark's own time: the clone's `meta` is its template's.
  if (world.clock.now() - Date.parse(mark.time) < BUILDING_AGE_MS) return false
  // A clone or a restored backup made by a person has the mark too: of a Machine that is there only what it gave up is its own.
  const [machine] = world.machines.by(withId, mark.id)
  if (machine && !machine.status?.vmidsGivenUp?.includes(vmid)) return false
  if ((config.name ?? mark.machine) !== mark.machine || foreignDisks(config, vmid, undefined).length > 0)
    return false
  // A task that has ended says when; the schema names no more of it than its UPID.
  const isBusy = observer
    .tasks()
    .some((task) => !('endtime' in task) && parseUpid(task.upid).id === String(vmid))
  if (isBusy || (await hypervisor.status({ node, vmid }))?.status !== 'stopped') return false
  const isPut = (error: unknown): boolean => isLocked(error) || error instanceof WritesForbiddenError
  const upid = await orUndefined(isPut, hypervisor.destroy({ node, vmid }))
  if (upid === undefined) return false
  for (;;) {
    const task = await hypervisor.task(upid)
    if (task?.state === 'failed') return false
    if (task?.state !== 'running') break
    await world.clock.sleep(TASK_PAUSE_MS, signal)
  }
  world.logger.info({ vmid, node, machine: mark.machine, upid }, 'a VM that was left half made is removed')
  return true
}
