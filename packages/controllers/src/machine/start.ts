import { getCondition, isTrue } from '@fochista/api'
import { isAlreadyRunning, isTaskFailed } from '@fochista/proxmox'
import { limitsOf } from '../node-pool/limits.ts'
import type { VmRef } from '../proxmox-cluster/hypervisor.ts'
import { blocked, done, waiting, type MachineContext, type StepResult } from './context.ts'
import { failToJoin } from './join.ts'
import { nodeOf } from './node.ts'
import { leaveToReshape } from './reshape.ts'
import { ejectSeed, seedDriveOf } from './seed-drive.ts'
import { failedAt, holdAfterFailure, lookAtTask, noteTask, waitingFor } from './task.ts'

/** How often a start is looked at that is not ours, milliseconds. */
const HOST_PAUSE_MS = 2000

/**
 * Started: its own host says that the VM runs. A task that failed proves nothing: qmstart can report a failure although the VM runs, so
 * the VM is asked. A VM that was stopped after it had joined was stopped by somebody: it is left alone for `restartAfter`,
 * unless we have rebooted it ourselves.
 */
export async function start(context: MachineContext): Promise<StepResult> {
  const { connection, machine } = context
  const vm = context.vm()
  if (!vm) return waiting('NoVM', 'The VM is not there.', 0)
  const task = await lookAtTask(context)
  if (task.state === 'running')
    return waitingFor(context, task.upid, 'Starting', `VM ${vm.vmid} starts on ${vm.node}.`)
  const status = await connection.hypervisor.status(vm)
  if (status?.status === 'running') return done('Started', `VM ${vm.vmid} runs on ${vm.node}.`)
  if (task.state === 'failed' && task.type === 'qmstart')
    return (
      (await seedGone(context, vm)) ??
      failedAt(context, task, 'StartFailed', `VM ${vm.vmid} did not start on ${vm.node}: ${task.exitStatus}`)
    )
  const held = holdAfterFailure(context, 'Started', ['StartFailed'])
  if (held) return held
  judgeStopped(context)
  // A host starts a VM that it reboots by itself, in a task of its own.
  if (leaveToReshape(machine) === 'reboot') {
    const [own] = await connection.hypervisor.runningTasks(vm.node, 'qmstart', vm.vmid)
    if (own) return waiting('Rebooting', `VM ${vm.vmid} starts on ${vm.node}.`, HOST_PAUSE_MS)
  }
  const pause = pauseBeforeRestart(context)
  if (pause > 0)
    return waiting('Stopped', `VM ${vm.vmid} was stopped by somebody else; it is started again later.`, pause)
  const starts = `VM ${vm.vmid} of machine ${machine.metadata.name} starts on ${vm.node}.`
  try {
    const upid = await connection.hypervisor.start(vm)
    return await noteTask(context, upid, 'Starting', starts)
  } catch (error) {
    if (!isAlreadyRunning(error) && !isTaskFailed(error)) throw error
  }
  return waiting('Starting', starts, 150)
}

/**
 * A VM whose seed image somebody has deleted, or which was migrated to a host that does not have it, cannot start. The drive is emptied:
 * the step before then makes another.
 */
async function seedGone(context: MachineContext, vm: VmRef): Promise<StepResult | undefined> {
  const { machine, connection } = context
  const { id, isoStorage = '' } = machine.spec
  const config = await context.config()
  const drive = config && seedDriveOf(config, id)
  if (!drive) return undefined
  const images = await connection.hypervisor.volumes(vm.node, isoStorage, 'iso')
  if (images.some(({ volid }) => volid === drive.file)) return undefined
  await ejectSeed(context, vm, drive.key)
  delete machine.status?.seedImage
  return blocked(
    'SeedGone',
    `The seed image ${drive.file} is not on ${vm.node} any more; another is made.`,
    0,
  )
}

/** A guest that ended by itself and had not joined in the time that it had will not join: that is evidence enough. */
function judgeStopped(context: MachineContext): void {
  const { machine, pool, world } = context
  const started = getCondition(machine, 'Started')
  if (nodeOf(context) || isTrue(machine, 'Joined') || started?.status !== 'True') return
  const limit = limitsOf(pool).nodeStartup
  if (world.clock.now() - Date.parse(started.lastTransitionTime) > limit)
    failToJoin(
      context,
      `Its guest has ended without joining, more than ${limit / 60_000} minutes after it was started.`,
    )
}

/** How long a VM that somebody stopped is still left alone, milliseconds. */
function pauseBeforeRestart(context: MachineContext): number {
  const { machine, pool, world } = context
  if (!nodeOf(context) || leaveToReshape(machine) === 'reboot') return 0
  const said = getCondition(machine, 'Started')
  const { restartAfter } = limitsOf(pool)
  if (said?.reason !== 'Stopped') return restartAfter
  return Date.parse(said.lastTransitionTime) + restartAfter - world.clock.now()
}
