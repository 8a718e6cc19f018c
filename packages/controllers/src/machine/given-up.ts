import { isPermissionDenied, orUndefined } from '@fochista/proxmox'
import { withVmid } from '../machine-groups.ts'
import { inventoryOf } from '../placement/inventory.ts'
import type { VmRef } from '../proxmox-cluster/hypervisor.ts'
import { waiting, type MachineContext, type StepResult } from './context.ts'
import { ownerOf } from './ownership.ts'

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
  const { machine, connection, world } = context
  const { proxmoxCluster, vmid: own, id } = machine.spec
  const { observer } = connection
  const candidates = new Set([
    ...(machine.status?.vmidsGivenUp ?? []).flatMap((vmid) => observer.vm(vmid) ?? []),
    ...inventoryOf(observer.vms()).named(machine.metadata.name),
  ])
  const isClaimed = (vmid: number): boolean =>
    world.machines
      .by(withVmid, `${proxmoxCluster}/${vmid}`)
      .some(({ spec }) => spec.vmid === vmid && spec.id !== id)
  for (const { type, node, vmid } of candidates) {
    if (type !== 'qemu' || node === undefined || vmid === undefined) continue
    if (vmid === own || isClaimed(vmid)) continue
    const config = await orUndefined(isPermissionDenied, connection.hypervisor.config({ node, vmid }))
    if (config && ownerOf(context, config).owner === 'us') return { node, vmid }
  }
  return undefined
}
