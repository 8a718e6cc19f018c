import { REASON, type NodePool } from '@fochista/api'
import { maxUnhealthyOf } from '../node-pool/health.ts'
import { HOW_TO_GRANT } from '../proxmox-cluster/rights.ts'
import { keyOf } from '../runtime/keys.ts'
import type { World } from '../world.ts'
import { blocked, type MachineContext, type StepResult } from './context.ts'

/** Two looks that find no VM must be so far apart before it counts as gone, milliseconds. */
const EVIDENCE_MS = 60_000
/** More than this share of our VMs in a Proxmox cluster does not vanish at once. */
const BELIEVABLE_SHARE = 0.2

/** Which VMs of ours were found missing, since when. Lost with the process: then the evidence is gathered anew. */
export interface MissingVms {
  /** Notes that the VM of a Machine was not found. @returns since when it is missing */
  note(key: string, cluster: string, now: number): number
  /** It was found. */
  clear(key: string): void
  /** Keys of the Machines whose VMs are missing in a Proxmox cluster. */
  of(cluster: string): string[]
}

/** Makes an empty record. */
export function createMissingVms(): MissingVms {
  const missing = new Map<string, { cluster: string; since: number }>()
  return {
    note: (key, cluster, now) => {
      const known = missing.get(key) ?? { cluster, since: now }
      missing.set(key, known)
      return known.since
    },
    clear: (key) => missing.delete(key),
    of: (cluster) => [...missing].filter(([, one]) => one.cluster === cluster).map(([key]) => key),
  }
}

/**
 * A VM that was made and that no host has now. It is believed gone when twice, a minute apart, Proxmox is quorate, our rights still include
 * VM.Audit there, no host lists it and its last host says that it does not exist; and when not too many of ours vanish at once. Then the
 * Machine is marked as failed, and its pool replaces it.
 */
export async function vanished(context: MachineContext): Promise<StepResult> {
  const { machine, connection, world, key } = context
  const { vmid = 0, proxmoxCluster } = machine.spec
  const { quorate } = await connection.hypervisor.membership()
  if (!quorate)
    return blocked(
      'NotQuorate',
      `VM ${vmid} is not found, but Proxmox has no quorum: nothing is concluded from that.`,
      EVIDENCE_MS,
    )
  if (!(await connection.hypervisor.privileges(`/vms/${vmid}`)).includes('VM.Audit'))
    return blocked(
      'NotReadable',
      `VM ${vmid} is not found, but the token lacks VM.Audit on /vms/${vmid}: nothing is concluded from that. ${HOW_TO_GRANT}`,
      EVIDENCE_MS,
    )
  await connection.observer.refresh()
  if (connection.observer.vm(vmid))
    return blocked(
      'Moved',
      `VM ${vmid} is listed on ${connection.observer.vm(vmid)?.node}, which is asked next.`,
      1000,
    )
  const now = world.clock.now()
  const rest = world.missing.note(key, proxmoxCluster, now) + EVIDENCE_MS - now
  if (rest > 0)
    return blocked(
      'Vanished',
      `VM ${vmid} is on no host. If it is still gone in a minute, the machine is replaced.`,
      rest,
    )
  const suspicion = inventorySuspicion(world, proxmoxCluster)
  if (suspicion !== undefined) return blocked(REASON.inventorySuspect, suspicion, EVIDENCE_MS)
  const message = `VM ${vmid} is gone: no host has it.`
  if (machine.status?.failure?.reason !== 'Vanished')
    world.voice.tell(machine, 'Warning', 'Vanished', message)
  ;(machine.status ??= {}).failure = { reason: 'Vanished', message }
  return blocked('Vanished', message, EVIDENCE_MS)
}

/**
 * Why what Proxmox says of our VMs in a cluster is not believed: more than one, and more than a fifth of them or more than a pool bears, are
 * missing at once. Undefined while it is.
 */
export function inventorySuspicion(world: World, cluster: string): string | undefined {
  const missing = new Set(world.missing.of(cluster))
  if (missing.size <= 1) return undefined
  const made = world.machines.list().filter(({ spec }) => spec.proxmoxCluster === cluster && spec.made)
  const isTooMuchOf = (pool: NodePool): boolean => {
    const own = made.filter(
      (machine) =>
        missing.has(keyOf(machine)) &&
        keyOf(pool) === `${machine.metadata.namespace ?? 'default'}/${machine.spec.nodePoolName}`,
    )
    return own.length > 1 && own.length > maxUnhealthyOf(pool)
  }
  const isBelieved =
    missing.size <= made.length * BELIEVABLE_SHARE && !world.caches.nodePools.list().some(isTooMuchOf)
  return isBelieved
    ? undefined
    : `${missing.size} of ${made.length} VMs in "${cluster}" have vanished at once, which is not believed: nothing is replaced. If they are really gone, delete their Machines.`
}
