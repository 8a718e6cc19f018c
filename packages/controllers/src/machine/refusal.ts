import { isConnectionError, isPermissionDenied, isUnauthorized, missingPrivilege } from '@fochista/proxmox'
import { poolNameOf } from '../proxmox-cluster/connections.ts'
import { fencePool } from '../proxmox-cluster/fence.ts'
import { describeMissing, missingRights, newTokenText, rightsNeeded } from '../proxmox-cluster/rights.ts'
import type { MachineContext } from './context.ts'
import { hostOffline } from './host.ts'
import { lockRefusal } from './lock.ts'

/** What a failed step says of itself: the error's own words, with what a person can do about a host that is off, a lock, or a right or token that is missing. */
export async function wordsOf(context: MachineContext, error: unknown): Promise<string> {
  const words = error instanceof Error ? error.message : String(error)
  const offline = isConnectionError(error) ? hostOffline(context) : undefined
  if (offline) return `${words.slice(0, 400)} ${offline.message}`
  if (isUnauthorized(error)) return `${words} ${newTokenText(context.machine.spec.proxmoxCluster)}`
  if (!isPermissionDenied(error)) return lockRefusal(error) ?? words
  const missing = missingPrivilege(error)
  if (missing) return describeMissing([{ path: missing.path, privileges: [missing.privileges.join(' or ')] }])
  return (await lacking(context)) ?? words
}

/**
 * Some calls are refused without a word of what is missing, as a clone whose VMID may not be allocated, and a list leaves out what may not be
 * seen: then all that the machine needs is asked for. @returns which rights are missing, and how to grant them; undefined if none is known to be
 */
export async function lacking(context: MachineContext): Promise<string | undefined> {
  const { connection, machineClass, namespace, proxmoxCluster, world } = context
  if (!machineClass || !proxmoxCluster) return undefined
  const needed = rightsNeeded(
    proxmoxCluster,
    [machineClass],
    [poolNameOf(proxmoxCluster, namespace)],
    fencePool(world.installation),
    connection.observer.vms(),
  )
  // Who cannot be asked now is asked with the next failure.
  const missing = await missingRights(connection.hypervisor, needed).catch(() => [])
  return missing.length > 0 ? describeMissing(missing) : undefined
}
