import { ANNOTATION_HOST_IS_DEAD, REASON, type Machine } from '@fochista/api'
import { isConnectionError, isTimeout } from '@fochista/proxmox'
import type { ClusterConnection } from '../proxmox-cluster/connections.ts'
import { blocked, hostInQuestion, waiting, type Holdup, type MachineContext } from './context.ts'
import { commandOn } from './way-on.ts'

/** A host that is gone or off is looked for again after this, milliseconds. */
const ABSENT_PAUSE_MS = 60_000
/** One that does not answer may do so any moment, milliseconds. */
const SILENT_PAUSE_MS = 15_000

/** True for an error that says of a host nothing but that it did not answer. */
export const isSilence = (error: unknown): error is Error => isConnectionError(error) || isTimeout(error)

/** True once a person has said that the machine's host will not come back. */
export const isDeclaredDead = ({ metadata }: Machine): boolean =>
  metadata.annotations?.[ANNOTATION_HOST_IS_DEAD] !== undefined

/** A host does not answer. @param unknown What nobody knows for want of an answer. */
export function noAnswer(
  { machine, connection }: MachineContext,
  host: string | undefined,
  { message }: Error,
  unknown = `whether VM ${machine.spec.vmid} runs`,
): Holdup {
  // Where nobody answers nothing speaks against this host, and whoever called it dead might have two VMs write to one volume.
  if (isSilence(connection.observer.error))
    return waiting(
      'ProxmoxUnreachable',
      `Proxmox cluster "${connection.name}" does not answer at all, so nobody knows ${unknown}: ${message}. It is waited for; \`fochista doctor\` says what is wrong. To keep the VM: ${commandOn(machine, 'release')}.`,
      SILENT_PAUSE_MS,
    )
  return blocked(
    'HostUnreachable',
    `${host} does not answer, so nobody knows ${unknown}: ${message}. If the host is dead: ${commandOn(machine, 'delete', '--host-is-dead')}; to keep the VM: ${commandOn(machine, 'release')}.`,
    SILENT_PAUSE_MS,
  )
}

/** Whether a host is no member of the Proxmox cluster any more. Asked only if the list, which names hosts that are off too, does not name it. */
export async function isHostGone({ connection }: MachineContext, host: string): Promise<boolean> {
  if (connection.observer.nodes().some(({ node }) => node === host)) return false
  return !(await connection.hypervisor.membership()).hosts.includes(host)
}

/** Whether the machine's host is no member of the Proxmox cluster any more; then a person has to say what became of the VM. */
export async function hostGone(context: MachineContext): Promise<Holdup | undefined> {
  const { machine } = context
  const host = hostInQuestion(context)
  if (host === undefined || !(await isHostGone(context, host))) return undefined
  return blocked(
    REASON.hostGone,
    `${host} is no member of the Proxmox cluster any more, so nobody knows whether VM ${machine.spec.vmid} runs. If it does not: ${commandOn(machine, 'delete', '--host-is-dead')}.`,
    ABSENT_PAUSE_MS,
  )
}

/** Whether a host is off, or cut off, as the others see it. */
export const isOffline = ({ observer }: ClusterConnection, host: string | undefined): boolean =>
  observer.nodes().find(({ node }) => node === host)?.status === 'offline'

/** What a machine says whose host is off, or cut off. It is waited for; if it never comes back a person has to say so. */
export function hostOffline({ machine, connection }: MachineContext): Holdup | undefined {
  const host = machine.status?.node ?? machine.spec.host
  if (!isOffline(connection, host)) return undefined
  return blocked(
    'HostOffline',
    `${host} is offline, so nobody knows whether VM ${machine.spec.vmid} runs. It is waited for; if the host is lost for good: ${commandOn(machine, 'delete', '--host-is-dead')}.`,
    ABSENT_PAUSE_MS,
  )
}
