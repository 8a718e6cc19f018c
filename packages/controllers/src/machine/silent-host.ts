import { parseUpid } from '@fochista/proxmox'
import { releaseAddresses } from '../placement/addresses.ts'
import { hostInQuestion, type Holdup, type MachineContext, type StepResult } from './context.ts'
import { hostGone, isDeclaredDead, isSilence, noAnswer } from './host.ts'
import { deleteNode, inTenant, tenantOf } from './leaving-tenant.ts'
import { letGo } from './let-go.ts'
import { tokenDescription } from './seed.ts'
import { lookAtTask, taskOf, type TaskState } from './task.ts'

/** The task in flight. One on a host that does not answer is waited for until a person says that the host is dead. */
export async function taskOrSilence(context: MachineContext): Promise<TaskState | Holdup> {
  const { machine } = context
  const upid = taskOf(machine)
  try {
    return await lookAtTask(context)
  } catch (error) {
    if (upid === undefined || !isSilence(error)) throw error
    if (!isDeclaredDead(machine)) return noAnswer(context, parseUpid(upid).node, error)
    // Whether the VM's own host is the one that is dead is seen when it is asked for the VM.
    delete machine.status?.task
    return { state: 'none' }
  }
}

/** On a host that does not answer the Node stays, lest two writers share a volume, until it answers or a person says that it is dead. */
export async function hostSilent(context: MachineContext, error: Error): Promise<StepResult> {
  const { machine, world } = context
  if (!isDeclaredDead(machine))
    return (await hostGone(context)) ?? noAnswer(context, hostInQuestion(context), error)
  const tenant = await tenantOf(context)
  if (tenant && 'state' in tenant) return tenant
  const left =
    (await inTenant(context, tenant, (one) => deleteNode(context, one))) ??
    (await inTenant(context, tenant, (one) => one.deleteBootstrapTokens(tokenDescription(machine.spec.id))))
  if (left) return left
  await releaseAddresses(world.kubernetes, machine)
  return letGo(
    context,
    'HostDeclaredDead',
    `VM ${machine.spec.vmid} on ${machine.status?.node ?? machine.spec.host} is left behind, as its host was declared dead.`,
  )
}
