import { ANNOTATION_RELEASE } from '@fochista/api'
import { isPermissionDenied } from '@fochista/proxmox'
import { releaseAddresses } from '../placement/addresses.ts'
import type { VmConfig, VmRef } from '../proxmox-cluster/hypervisor.ts'
import { HOW_TO_GRANT } from '../proxmox-cluster/rights.ts'
import { blocked, waiting, type MachineContext, type StepResult } from './context.ts'
import { ownerOf } from './ownership.ts'
import { awaitDestroyed, destroy, holdRemoval, isBeingDestroyed, tellLeftDisks } from './destroy.ts'
import { lateClone, ownElsewhere } from './given-up.ts'
import { hostGone, isSilence } from './host.ts'
import { deleteNode, inTenant, tenantOf } from './leaving-tenant.ts'
import { letGo, release } from './let-go.ts'
import { reportsOf } from './node.ts'
import { removeImages } from './remove-images.ts'
import { runningClones } from './running-clones.ts'
import { tokenDescription } from './seed.ts'
import { hostSilent, taskOrSilence } from './silent-host.ts'
import { stop } from './stop.ts'
import { failedAt, holdAfterFailure, waitingFor, type TaskState } from './task.ts'
import { commandOn } from './way-on.ts'
import { unauditedPath } from './unreadable.ts'

const PAUSE_MS = 5000

/**
 * Takes a machine away: cordon, drain, stop and see it stopped, delete its Node, destroy its VM, give back what it held. Each part first
 * looks whether it is done, as a step does. The finalizer goes last: until then nothing of the machine can be lost from sight.
 */
export async function leave(context: MachineContext): Promise<StepResult> {
  const { machine, world } = context
  if (machine.metadata.annotations?.[ANNOTATION_RELEASE] !== undefined) return release(context)
  const task = await taskOrSilence(context)
  if ('reason' in task) return task
  if (task.state === 'running') {
    if (task.type === 'qmdestroy') holdRemoval(context, task.upid)
    return waitingFor(context, task.upid, 'WaitingForTask', `Waiting for the task ${task.type} of its VM.`)
  }
  if (task.state === 'failed') context.connection.removals.release(context.key)
  if (task.state === 'failed' && task.type !== 'qmclone')
    return failedAt(
      context,
      task,
      'TaskFailed',
      `The task ${task.type} of VM ${machine.spec.vmid} failed: ${task.exitStatus}. It is tried again.${wayOn(context)}`,
    )
  const held = holdAfterFailure(context, 'Ready', ['TaskFailed'])
  if (held) return held
  const found = await findVm(context, task)
  // Who leaves clones no more, and holds up nobody who waits for a clone; one that still runs keeps its slot until it has ended.
  if (!('state' in found && found.reason === 'Cloning')) context.connection.slots.release(context.key)
  if ('state' in found) return found
  if (!found.vm) context.connection.removals.release(context.key)
  const tenant = await tenantOf(context)
  if (tenant && 'state' in tenant) return tenant
  const left =
    (found.vm && (await stop(context, found.vm, found.config, tenant))) ??
    (await inTenant(context, tenant, (one) => deleteNode(context, one))) ??
    (found.vm && found.config && (await destroy(context, found.vm, found.config))) ??
    (await removeImages(context)) ??
    (await inTenant(context, tenant, (one) => one.deleteBootstrapTokens(tokenDescription(machine.spec.id))))
  if (left) return left
  const late = (await takeGivenUp(context)) ?? (await tellLeftDisks(context, task))
  if (late) return late
  await releaseAddresses(world.kubernetes, machine)
  return letGo(context, 'Gone', 'VM, Node, seed image, token and addresses are gone.')
}

/** A clone that was given up and made after all is the machine's too: it goes, or is taken as its VM where that was never made. */
async function takeGivenUp(context: MachineContext): Promise<StepResult | undefined> {
  const { machine } = context
  if (machine.spec.made) {
    const late = await lateClone(context)
    return late && destroy(context, late.vm, late.config)
  }
  const found = await ownElsewhere(context)
  if (!found) return undefined
  const { vmid, node } = found
  Object.assign(machine.spec, { vmid, host: node })
  if (machine.status)
    machine.status.vmidsGivenUp = (machine.status.vmidsGivenUp ?? []).filter((one) => one !== vmid)
  await context.save()
  return waiting('VMFound', `VM ${vmid}, given up earlier, was made after all; it goes too.`, 0)
}

/** How a deletion that cannot go on is ended by a person. */
const wayOn = ({ machine }: MachineContext): string => ` To keep the VM: ${commandOn(machine, 'release')}.`

/** The VM to be destroyed, if there is one and it is ours. */
async function findVm(
  context: MachineContext,
  task: TaskState,
): Promise<{ vm?: VmRef; config?: VmConfig } | StepResult> {
  const { machine, connection, world } = context
  const { vmid, template } = machine.spec
  if (vmid === undefined) return {}
  try {
    const config = await context.config()
    const vm = context.vm()
    if (!config || !vm) {
      // A clone that was asked for may only just begin: its task is seen before its VM is.
      if (template && !machine.spec.made) {
        const running = await runningClones(connection, template)
        if (running.some(({ target = vmid }) => target === vmid))
          return waiting('Cloning', `A clone of template ${template.vmid} runs, which may be ours.`, PAUSE_MS)
      }
      // A list may lag behind the end of a VM, and behind its move to a host that nobody has asked yet: it runs on there.
      const listed = connection.observer.vm(vmid)
      const isDestroyed = task.state === 'ended' && task.type === 'qmdestroy'
      if (listed && machine.spec.made && !isDestroyed)
        return waiting(
          'Looking',
          `VM ${vmid} is listed on ${listed.node}, which does not have it: it has moved or gone, and is looked for anew.${wayOn(context)}`,
          2000,
        )
      return {}
    }
    if (isBeingDestroyed(config)) return (await awaitDestroyed(context, vm)) ?? {}
    const verdict = ownerOf(context, config)
    if (verdict.owner === 'us') return { vm, config }
    if (verdict.owner === 'undecided')
      return waiting(
        'Cloning',
        `VM ${vmid} is being made (${config.lock}); it is taken away when that has ended.${wayOn(context)}`,
        PAUSE_MS,
      )
    const what = `VM ${vmid} is ${verdict.what}; it is left alone.`
    // Somebody may have changed what our VM is known by: while it runs its pods may be writing to their volumes.
    if (reportsOf(context))
      return blocked(
        'NotOurs',
        `${what} Node ${machine.metadata.name} still reports, so some VM runs it: stop that VM, and the rest goes, or let go of both: ${commandOn(machine, 'release')}.`,
        PAUSE_MS,
      )
    world.voice.tell(machine, 'Warning', 'NotOurs', what)
    return {}
  } catch (error) {
    if (isPermissionDenied(error)) {
      const path = await unauditedPath(context)
      return path === undefined
        ? {}
        : blocked(
            'NotReadable',
            `VM ${vmid} cannot be read: the token lacks VM.Audit on ${path}. ${HOW_TO_GRANT}${wayOn(context)}`,
            PAUSE_MS * 6,
          )
    }
    if (!isSilence(error) && !(await hostGone(context))) throw error
    return hostSilent(context, error as Error)
  }
}
