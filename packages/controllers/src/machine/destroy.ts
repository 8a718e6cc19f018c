import { ANNOTATION_WITH_DISKS, REASON, type Machine } from '@fochista/api'
import { isNotFound, isPermissionDenied, orUndefined, parseUpid } from '@fochista/proxmox'
import type { CloneSlots, LockDomain } from '../placement/slots.ts'
import { storageDomain } from '../placement/storages.ts'
import type { ClusterConnection } from '../proxmox-cluster/connections.ts'
import type { VmConfig, VmRef } from '../proxmox-cluster/hypervisor.ts'
import { keyOf } from '../runtime/keys.ts'
import { blocked, waiting, type Holdup, type MachineContext, type StepResult } from './context.ts'
import { foreignDisks } from './disks.ts'
import { isSilence } from './host.ts'
import { lockText } from './lock.ts'
import { noteTask, taskOf, type TaskState } from './task.ts'
import { commandOn } from './way-on.ts'

const PAUSE_MS = 5000

/** Destroys a VM that is stopped, unless it holds what is not ours to take along. */
export async function destroy(
  context: MachineContext,
  vm: VmRef,
  config: VmConfig,
): Promise<StepResult | undefined> {
  const { machine, connection } = context
  const foreign = await foreignDisksOf(context, config)
  if (foreign.length > 0 && machine.metadata.annotations?.[ANNOTATION_WITH_DISKS] === undefined)
    return blocked(
      REASON.foreignDisk,
      `VM ${vm.vmid} is stopped and not destroyed: it holds ${foreign.join(', ')}, which neither template nor pool gave. Move it to another VM (\`qm disk move ${vm.vmid} ${foreign[0]?.split(' ')[0]} --target-vmid …\`), keep the VM (${commandOn(machine, 'release')}), or let it go too (${commandOn(machine, 'delete', '--with-disks')}).`,
      PAUSE_MS * 6,
    )
  const lock = awaitLock(context, vm, config)
  if (lock) return lock
  if (config.protection)
    return blocked(
      'Protected',
      `VM ${vm.vmid} is protected. Take the protection off (\`qm set ${vm.vmid} --protection 0\`), or keep it (${commandOn(machine, 'release')}).`,
      PAUSE_MS * 3,
    )
  countEarlierRemovals(context)
  const turn = connection.removals.take(context.key, [removalDomain(machine, connection, vm.node)])
  if (turn)
    return waiting(
      'WaitingForRemoval',
      `Waiting until ${turn.ahead} other VMs on \`${turn.label}\` are destroyed. Nothing to do.`,
      PAUSE_MS * 2,
    )
  // A second task would wait for the first, and then take whatever VM has the number by then.
  const running = await adoptRunning(context, vm)
  if (running) return running
  const upid = await connection.hypervisor.destroy(vm).catch((error: unknown) => {
    connection.removals.release(context.key)
    throw error
  })
  return noteTask(context, upid, 'Destroying', `VM ${vm.vmid} is destroyed.`)
}

/** Waits for whoever has locked the VM, such as a backup. @returns undefined if it is not locked */
export function awaitLock({ machine }: MachineContext, vm: VmRef, { lock }: VmConfig): Holdup | undefined {
  if (!lock) return undefined
  return waiting('Locked', `${lockText(vm, lock)} To keep it: ${commandOn(machine, 'release')}.`, PAUSE_MS)
}

/** Takes up a destruction that runs and that the Machine does not name: a process that died, or that was not answered, has begun it. */
async function adoptRunning(context: MachineContext, { node, vmid }: VmRef): Promise<StepResult | undefined> {
  const task = await context.connection.hypervisor.latestTask(node, 'qmdestroy', vmid)
  return task?.isRunning ? adopt(context, task.upid) : undefined
}

async function adopt(context: MachineContext, upid: string): Promise<StepResult> {
  holdRemoval(context, upid)
  return noteTask(context, upid, 'Destroying', `VM ${context.machine.spec.vmid} is destroyed.`)
}

/** Whether nothing but the number of a VM is left, which goes last. The API's schema does not name this lock. */
export const isBeingDestroyed = ({ lock }: VmConfig): boolean => (lock as string | undefined) === 'destroyed'

/** Waits for the end of a VM whose number alone is left. @returns undefined if it was never seen to be ours, and nobody is at it */
export async function awaitDestroyed(context: MachineContext, vm: VmRef): Promise<StepResult | undefined> {
  const running = await adoptRunning(context, vm)
  if (running) return running
  // It may have ended between our two questions.
  context.forgetConfig()
  const config = await context.config()
  if (!config || !isBeingDestroyed(config))
    return waiting('Destroying', `VM ${vm.vmid} was being destroyed.`, 0)
  if (!context.machine.spec.made) return undefined
  return blocked(
    REASON.stuckLock,
    `The destruction of VM ${vm.vmid} was broken off: its disks are gone, it is locked (destroyed), and no task runs. On ${vm.node}: \`qm destroy ${vm.vmid} --skiplock\`.`,
    PAUSE_MS * 3,
  )
}

/** VMs that are destroyed at once on a storage: each waits ten seconds for its lock, and then leaves its disk behind. */
const REMOVALS_AT_ONCE = 3

/** Where removals get into each other's way. */
const removalDomain = (
  { spec: { storage = '' } }: Machine,
  connection: ClusterConnection,
  node: string,
): LockDomain => storageDomain(connection.storages(), storage, node, REMOVALS_AT_ONCE)

/** Counts a destruction that runs, whoever began it. */
export function holdRemoval({ machine, connection, key }: MachineContext, upid: string): void {
  connection.removals.hold(key, [removalDomain(machine, connection, parseUpid(upid).node)])
}

/** Slots in which the removals of an earlier process have been counted. */
const counted = new WeakSet<CloneSlots>()

/**
 * Counts the removals that an earlier process has noted, once for each connection and before the first slot is taken: else each process
 * that is killed would leave three more to wait for the lock of a storage. Machines that are looked at later release them.
 */
function countEarlierRemovals({ world, connection }: MachineContext): void {
  if (counted.has(connection.removals)) return
  counted.add(connection.removals)
  for (const machine of world.machines.list()) {
    const upid = taskOf(machine)
    if (machine.spec.proxmoxCluster !== connection.name || upid === undefined) continue
    const { type, node } = parseUpid(upid)
    if (type === 'qmdestroy')
      connection.removals.hold(keyOf(machine), [removalDomain(machine, connection, node)])
  }
}

/** The clocks of Proxmox and of the management cluster may differ by so much, milliseconds. */
const SKEW_MS = 10 * 60_000

/**
 * Proxmox destroys a VM though one of its disks cannot be removed, and only a line of the task's log tells of the disk. It is looked for
 * before the machine is let go, also where an earlier process, or a person, has begun the task; what it says is written before the machine
 * is gone, and on the Proxmox cluster too: in a namespace that is deleted nothing can be written.
 * @returns what is to be waited for
 */
export async function tellLeftDisks(
  context: MachineContext,
  task: TaskState,
): Promise<StepResult | undefined> {
  const { machine, connection, world, proxmoxCluster } = context
  const { vmid, host } = machine.spec
  const node = machine.status?.node ?? host
  const created = Date.parse(machine.metadata.creationTimestamp ?? '')
  if (vmid === undefined || node === undefined) return undefined
  let upid = task.state === 'ended' && task.type === 'qmdestroy' ? task.upid : undefined
  if (upid === undefined) {
    const latest = await connection.hypervisor.latestTask(node, 'qmdestroy', vmid)
    if (latest?.isRunning) return adopt(context, latest.upid)
    // What was destroyed before the machine was there had its number only, and its disks may be another's by now.
    const isOwn = latest && parseUpid(latest.upid).starttime * 1000 > created - SKEW_MS
    upid = isOwn ? latest.upid : undefined
  }
  if (upid === undefined) return undefined
  const log = await orUndefined(
    (error) => isNotFound(error) || isPermissionDenied(error),
    connection.hypervisor.taskLog(upid, 50),
  )
  for (const line of log ?? []) {
    const [, volid, why] = /^Could not remove disk '([^']+)', check manually:? ?(.*)$/.exec(line) ?? []
    if (volid === undefined) continue
    const message = `Disk ${volid} of VM ${vmid} could not be removed: ${why}. Remove it on ${parseUpid(upid).node}: \`pvesm free ${volid}\`.`
    world.logger.warn({ machine: context.key, volid }, message)
    for (const object of [machine, proxmoxCluster])
      if (object) world.voice.tell(object, 'Warning', 'DiskLeft', message)
    await world.voice.told()
  }
  return undefined
}

/** Disks that neither template nor pool gave, each with its key: destroying the VM would take them along, unused ones too. */
async function foreignDisksOf({ machine, connection }: MachineContext, config: VmConfig): Promise<string[]> {
  const { template, vmid } = machine.spec
  const origin =
    template &&
    (await orUndefined(
      (error) => isSilence(error) || isPermissionDenied(error),
      connection.template(template.node, template.vmid),
    ))
  return foreignDisks(config, vmid ?? 0, origin)
}
