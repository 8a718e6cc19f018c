import { providerId } from '@fochista/api'
import type { Tenant } from '@fochista/kamaji'
import { isNotFound, Node, orUndefined } from '@fochista/kubernetes'
import type { MachineContext } from './context.ts'

/**
 * The machine's Node, as the watch of the tenant's Nodes last saw it: of its name, and with its provider id. A Node is the tenant's to
 * write, so that its word is never more than this.
 */
export function nodeOf(context: MachineContext): Node | undefined {
  const node = namesakeOf(context)
  return node && isOwn(context, node) ? node : undefined
}

/** Whether some kubelet reports for the machine's Node now, as far as the tenant answers and is not about to go itself. */
export function reportsOf(context: MachineContext): boolean {
  const { controlPlane, world, namespace } = context
  if (!controlPlane || controlPlane.metadata.deletionTimestamp) return false
  if (world.tenants.answeringSince(namespace, controlPlane.metadata.name) === undefined) return false
  const { conditions = [] } = nodeOf(context)?.status ?? {}
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
}

/** The Node of the machine's name, whoever's it is. */
export function namesakeOf({ world, machine, namespace }: MachineContext): Node | undefined {
  const { clusterName } = machine.spec
  return clusterName === undefined
    ? undefined
    : world.tenants.node(namespace, clusterName, machine.metadata.name)
}

/** Asks the tenant itself whether the machine's Node is there. */
export async function hasJoined(context: MachineContext, tenant: Tenant): Promise<boolean> {
  const { signal, machine } = context
  const node = await orUndefined(
    isNotFound,
    tenant.kubernetes.get(Node, { name: machine.metadata.name }, { signal }),
  )
  return node !== undefined && isOwn(context, node)
}

function isOwn({ machine }: MachineContext, node: Node): boolean {
  const { proxmoxCluster, vmid } = machine.spec
  return vmid !== undefined && node.spec?.providerID === providerId(proxmoxCluster, vmid)
}
