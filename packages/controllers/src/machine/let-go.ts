import { FINALIZER, parseMark, withMark } from '@fochista/api'
import { orUndefined } from '@fochista/proxmox'
import { WritesForbiddenError } from '../proxmox-cluster/hypervisor.ts'
import { removeFinalizer } from '../runtime/finalizers.ts'
import { done, type MachineContext, type StepResult } from './context.ts'
import { ownerOf } from './ownership.ts'
import { isSilence } from './host.ts'
import { markOf } from './mark.ts'

/** Takes the finalizer off, last of all, and says in an Event what became of the VM. */
export async function letGo(context: MachineContext, reason: string, message: string): Promise<StepResult> {
  const { machine, world } = context
  if (context.isConnected) {
    context.connection.slots.release(context.key)
    context.connection.removals.release(context.key)
  }
  world.drains.cancel(context.key)
  world.voice.tell(machine, 'Normal', reason, message)
  removeFinalizer(machine, FINALIZER)
  await context.save()
  return done(reason, message)
}

/** Lets go without destroying: the mark says so if the VM can be reached. */
export async function release(context: MachineContext): Promise<StepResult> {
  const { machine } = context
  const config = await orUndefined(() => true, context.config())
  const vm = context.vm()
  const isOurs = config !== undefined && ownerOf(context, config).owner === 'us'
  // The mark of a clone that runs cannot be written, and what it leaves still says `building`.
  const isUnfinished = machine.spec.vmid !== undefined && !machine.spec.made && !isOurs
  if (vm && isOurs && !parseMark(config.description)?.released) {
    const description = withMark(config.description, { ...markOf(context), released: true })
    await orUndefined(
      (error) => isSilence(error) || error instanceof WritesForbiddenError,
      context.connection.hypervisor.configure(vm, { description }),
    )
  }
  // Its addresses are the VM's as long as there is one of its name: then the claims go as those of a Machine that was lost.
  return letGo(
    context,
    'Released',
    `VM ${machine.spec.vmid ?? 'none'} on ${vm?.node ?? machine.spec.host ?? 'no host'} is let go and not destroyed.${isUnfinished ? ' It was still being made: what its clone leaves is taken away after an hour, unless somebody adopts it (`fochista orphan list`).' : ''}`,
  )
}
