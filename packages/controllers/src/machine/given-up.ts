import { isPermissionDenied, orUndefined, type ClusterResource } from '@fochista/proxmox'
import { withVmid } from '../machine-groups.ts'
import { inventoryOf } from '../placement/inventory.ts'
import type { VmConfig, VmRef } from '../proxmox-cluster/hypervisor.ts'
import { waiting, type MachineContext, type StepResult } from './context.ts'
import { ownerOf, type Owner } from './ownership.ts'

/** VMIDs that a Machine remembers to have given up. */
const MOST_GIVEN_UP = 64

/** Gives the VMID up, so that the machine is placed anew. What was drawn with it goes too; static addresses stay ours. */
export async function giveUpVmid(
  context: MachineContext,
  reason: string,
  message: string,
  next = 'Another VMID is drawn.',
): Promise<StepResult> {
  const { machine, world } = context
  const { vmid } = machine.spec
  const status = (machine.status ??= {})
  if (vmid !== undefined)
    status.vmidsGivenUp = [...new Set([...(status.vmidsGivenUp ?? []), vmid])].slice(-MOST_GIVEN_UP)
  delete status.task
  delete status.node
  for (const key of ['vmid', 'host', 'template', 'storage', 'isoStorage'] as const) delete machine.spec[key]
  context.connection.slots.release(context.key)
  context.forgetConfig()
  world.voice.tell(machine, 'Warning', reason, message)
  await context.save()
  return waiting(reason, `${message} ${next}`, 0)
}

/**
 * A VM of the machine that its spec does not name: a clone that was given up and made after all, or one that was made after the backup
 * which the Machine was restored from. It is taken, and no second one is made. Our VMs bear the machine's name, so that few have to be
 * read; whose they are is judged as ever. @returns where it is
 */
export async function ownElsewhere(context: MachineContext): Promise<VmRef | undefined> {
  const { machine, connection } = context
  const named = inventoryOf(connection.observer.vms()).named(machine.metadata.name)
  return (await ownAmong(context, new Set([...seenGivenUp(context), ...named])))?.vm
}

/**
 * A clone that was made after all when the machine had another VM already: who had asked for it was dead by then. It has not got beyond its
 * making; what a person made of our VM, a restored backup above all, is none.
 */
export async function lateClone(
  context: MachineContext,
): Promise<{ readonly vm: VmRef; readonly config: VmConfig } | undefined> {
  return ownAmong(
    context,
    seenGivenUp(context),
    (owner) => owner.owner === 'us' && owner.mark?.building === true,
  )
}

/** VMs that bear numbers which the machine has given up. */
const seenGivenUp = ({ machine, connection }: MachineContext): ClusterResource[] =>
  (machine.status?.vmidsGivenUp ?? []).flatMap((vmid) => connection.observer.vm(vmid) ?? [])

async function ownAmong(
  context: MachineContext,
  candidates: Iterable<ClusterResource>,
  isMeant = ({ owner }: Owner): boolean => owner === 'us',
): Promise<{ vm: VmRef; config: VmConfig } | undefined> {
  const { machine, connection, world } = context
  const { proxmoxCluster, vmid: own, id } = machine.spec
  const isClaimed = (vmid: number): boolean =>
    world.machines
      .by(withVmid, `${proxmoxCluster}/${vmid}`)
      .some(({ spec }) => spec.vmid === vmid && spec.id !== id)
  for (const { type, node, vmid } of candidates) {
    if (type !== 'qemu' || node === undefined || vmid === undefined) continue
    if (vmid === own || isClaimed(vmid)) continue
    const vm = { node, vmid }
    const config = await orUndefined(isPermissionDenied, connection.hypervisor.config(vm))
    if (config && isMeant(ownerOf(context, config))) return { vm, config }
  }
  return undefined
}
