import { ANNOTATION_RESHAPE, formatBytes, REASON } from '@fochista/api'
import { isHotplugRefused } from '@fochista/proxmox'
import { inventoryOf } from '../placement/inventory.ts'
import type { VmConfig, VmRef } from '../proxmox-cluster/hypervisor.ts'
import { blocked, done, waiting, type Done, type MachineContext, type StepResult } from './context.ts'
import { rebootInto } from './reboot.ts'
import { isOtherShape, shapeDifference, shapeKeys, shapeText } from './shape.ts'
import { annotateCommand, commandOn } from './way-on.ts'

/** When to look for room again: hosts get free without a word to us. */
const NO_ROOM_PAUSE_MS = 15_000

/** How far a machine may go to get the shape that its spec says; undefined if nothing is to be changed. See ANNOTATION_RESHAPE. */
export const leaveToReshape = ({ metadata }: MachineContext['machine']): string | undefined =>
  metadata.annotations?.[ANNOTATION_RESHAPE]

/** True for a machine that is on its way to another shape; one that waits for leave to be rebooted is as it was. */
export const isBeingReshaped = (machine: MachineContext['machine']): boolean =>
  ['live', 'reboot'].includes(leaveToReshape(machine) ?? '')

/**
 * Gives the VM of a machine whose pool said so the cores and the memory of its spec. What Proxmox can change at once is changed; of the
 * rest, which waits for a cold start, the pool is told, and once it has given leave the Node is drained and the VM rebooted. Each look
 * finds by the configuration and what waits beside it how far that is. @returns what is to be waited for
 */
export async function reshape(
  context: MachineContext,
  vm: VmRef,
  config: VmConfig,
): Promise<StepResult | undefined> {
  const { machine, connection } = context
  const leave = leaveToReshape(machine)
  if (leave === undefined || leave === 'refused') return undefined
  const { cores, memory } = machine.spec
  const change = shapeDifference(config, machine.spec)
  if (Object.keys(change).length > 0) {
    const lacking = roomLacking(context, vm)
    if (lacking) return lacking
    try {
      await connection.hypervisor.configure(vm, change)
    } catch (error) {
      // What could not be plugged waits for a cold start now.
      if (!isHotplugRefused(error)) throw error
    }
    context.forgetConfig()
    return waiting('Reshaping', `VM ${vm.vmid} is given ${shapeText(cores, memory)}.`, 0)
  }
  const waits = (await connection.hypervisor.pending(vm)).some(
    ({ key, pending, delete: gone }) => shapeKeys.has(key) && (pending !== undefined || gone !== undefined),
  )
  // A VM that does not run takes everything with its next start.
  if (!waits || (await connection.hypervisor.status(vm))?.status !== 'running') return undefined
  if (leave === 'reboot') return rebootInto(context, vm)
  machine.metadata.annotations = { ...machine.metadata.annotations, [ANNOTATION_RESHAPE]: 'refused' }
  return undefined
}

/** Looked at before the Node is drained: a VM that its host cannot start would be missed. */
function roomLacking({ machine, connection }: MachineContext, vm: VmRef): StepResult | undefined {
  const { observer } = connection
  const { cores = 1, memory = 0 } = machine.spec
  const host = observer.nodes().find(({ node }) => node === vm.node)
  const listed = observer.vm(vm.vmid)
  const more = memory - (listed?.status === 'running' ? (listed.maxmem ?? 0) : 0)
  if (host?.maxmem === undefined) return undefined
  const inUse = Math.max(host.mem ?? 0, inventoryOf(observer.vms()).memory.get(vm.node) ?? 0)
  const free = Math.max(0, Math.floor((host.maxmem - inUse) / 2 ** 20) * 2 ** 20)
  const wayOn = `Move VM ${vm.vmid} or another to another host (\`fochista vm migrate\`), let the machine be replaced (${commandOn(machine, 'delete')}), or ask for less.`
  if (more > 0 && more > free)
    return blocked(
      'InsufficientMemory',
      `${vm.node} has ${formatBytes(free)}B of memory free, and VM ${vm.vmid} needs ${formatBytes(more)}B more. ${wayOn}`,
      NO_ROOM_PAUSE_MS,
    )
  if (host.maxcpu !== undefined && host.maxcpu < cores)
    return blocked(
      'InsufficientCPU',
      `${vm.node} has ${host.maxcpu} cores, and VM ${vm.vmid} is to have ${cores}. ${wayOn}`,
      NO_ROOM_PAUSE_MS,
    )
  return undefined
}

/** Whether the list of VMs shows another shape than the machine's, and that is not said yet, or was said and is over. */
export function hasShapeNews({ machine, connection }: MachineContext): boolean {
  const { vmid } = machine.spec
  const listed = vmid === undefined ? undefined : connection.observer.vm(vmid)
  if (!listed || leaveToReshape(machine) !== undefined) return false
  const said = machine.status?.conditions?.find(({ type }) => type === 'Configured')
  return isOtherShape(machine, listed) !== (said?.reason === REASON.shapeDiffers)
}

/**
 * Says of a VM that has another shape than it was given that a person has changed it: by the list first, which lags behind, then by its own
 * host. It is left as it is, for nobody knows why they did it.
 */
export async function otherShape(context: MachineContext, vm: VmRef): Promise<Done | undefined> {
  const { machine, connection } = context
  const listed = connection.observer.vm(vm.vmid)
  if (leaveToReshape(machine) !== undefined || !listed || !isOtherShape(machine, listed)) return undefined
  const status = await connection.hypervisor.status(vm)
  const seen = { maxcpu: status?.cpus, maxmem: status?.maxmem }
  if (!isOtherShape(machine, seen)) return undefined
  const { cores, memory } = machine.spec
  return done(
    REASON.shapeDiffers,
    `VM ${vm.vmid} has ${shapeText(seen.maxcpu ?? cores, seen.maxmem ?? memory)}, and was given ${shapeText(cores, memory)}: somebody has changed it. It is left so. To have it as it was, drained and rebooted: ${annotateCommand(machine, `${ANNOTATION_RESHAPE}=reboot`)}`,
  )
}
