import { isTrue, MACHINE_STEPS } from '@fochista/api'
import type { World } from '../world.ts'
import { isAdapted } from './adapt.ts'
import type { MachineContext } from './context.ts'
import { nodeOf } from './node.ts'
import { isHeldForReboot } from './reboot.ts'
import { hasShapeNews, isBeingReshaped } from './reshape.ts'

/**
 * A machine that has come all its way, whose VM is listed as running and whose Node is there: nothing of it needs to be asked. Whatever
 * changes wakes it, and a list that lacks its VM, or a lost status, sends it over the whole way again.
 */
export function isKept(context: MachineContext): boolean {
  const node = nodeOf(context)
  return (
    hasCome(context) &&
    !isBeingReshaped(context.machine) &&
    isAsLeft(context) &&
    !hasShapeNews(context) &&
    node !== undefined &&
    isAdapted(context, node) &&
    !isHeldForReboot(node)
  )
}

/** A machine that has come all its way. */
function hasCome({ machine }: MachineContext): boolean {
  return (
    machine.spec.made === true && MACHINE_STEPS.every((step) => step === 'Ready' || isTrue(machine, step))
  )
}

/** Whether its VM is as it was left, as far as the list of VMs knows. */
function isAsLeft({ machine, connection, world, key }: MachineContext): boolean {
  const vm = machine.spec.vmid === undefined ? undefined : connection.observer.vm(machine.spec.vmid)
  return !world.drifted.has(key) && vm?.status === 'running' && vm.lock === undefined
}

/** A condition of a machine of whose Node nothing is known yet: its tenant's Nodes have not been listed. */
export const isUnlisted = ({ reason }: { readonly reason: string }): boolean =>
  reason === 'ListingNodes' || reason === 'NodesNotListed'

/** How long a tenant's Nodes may take to be listed before anything is made of it, milliseconds. */
const LIST_PATIENCE_MS = 30_000
/** Since when machines wait for the first list of their tenant's Nodes, by key. */
const unlisted = new WeakMap<World, Map<string, number>>()

/**
 * How much longer nothing is said of a machine that has come all its way and whose Node is unknown only because its tenant's Nodes have not
 * been listed yet, milliseconds: after a start of the controllers that is so of all of them, and each would be asked for in Proxmox and
 * written twice. The list wakes it.
 */
export function patienceWithList(context: MachineContext): number {
  const { world, key, namespace, machine } = context
  const since = unlisted.get(world) ?? new Map<string, number>()
  unlisted.set(world, since)
  const isListed =
    machine.spec.clusterName === undefined ||
    !context.controlPlane ||
    world.tenants.answeringSince(namespace, machine.spec.clusterName) !== undefined
  const isWhole = hasCome(context) && (!context.isConnected || isAsLeft(context))
  if (isListed || nodeOf(context) || !isWhole) {
    since.delete(key)
    return 0
  }
  const first = since.get(key) ?? world.clock.now()
  since.set(key, first)
  return first + LIST_PATIENCE_MS - world.clock.now()
}

/** Forgets since when a machine waits for that list. */
export function forgetUnlisted(world: World, key: string): void {
  unlisted.get(world)?.delete(key)
}
