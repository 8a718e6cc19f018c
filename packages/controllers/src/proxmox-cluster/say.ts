import { CONDITION, REASON, type ProxmoxCluster } from '@fochista/api'
import { isTlsError, isUnauthorized } from '@fochista/proxmox'
import { inventorySuspicion } from '../machine/vanished.ts'
import type { World } from '../world.ts'
import { CredentialsError } from './connect.ts'
import type { ClusterConnection } from './connections.ts'
import type { FenceState } from './fence.ts'
import { nodesOf, storagesOf } from './observed.ts'
import { newTokenText } from './rights.ts'

/** What is asked of a Proxmox cluster once in a while. */
export interface Facts {
  readonly version: string
  /** Rights that our token lacks, in words; empty if it has all. */
  readonly missing: string
}

/**
 * Says of a Proxmox cluster that answers how it stands. Each condition is said once: one that is set twice in a look would be news each time.
 * @param inUse Why it may not go although it should; said instead of what else there is to say.
 */
export function sayState(
  world: World,
  cluster: ProxmoxCluster,
  { connection, facts }: { readonly connection: ClusterConnection; readonly facts: Facts | undefined },
  fence: FenceState | undefined,
  inUse: string | undefined,
): void {
  const { voice, caches } = world
  const status = (cluster.status ??= {})
  status.nodes = nodesOf(connection)
  status.storages = storagesOf(connection, caches.machineClasses.list())
  if (facts) status.version = facts.version
  voice.yes(cluster, CONDITION.reachable, 'Reachable', `Proxmox VE ${facts?.version ?? ''} answers.`)
  if (facts?.missing) voice.no(cluster, CONDITION.authorized, 'PrivilegesMissing', facts.missing)
  else voice.yes(cluster, CONDITION.authorized, 'Authorized', 'The token has every right that is needed.')
  const suspicion = inventorySuspicion(world, cluster.metadata.name)
  if (suspicion === undefined) voice.unsay(cluster, CONDITION.inventorySuspect)
  else voice.alert(cluster, CONDITION.inventorySuspect, REASON.inventorySuspect, suspicion)
  if (fence?.state === 'open') voice.unsay(cluster, CONDITION.fenced)
  else if (fence) voice.alert(cluster, CONDITION.fenced, REASON.fenced, fence.message)
  const hosts = status.nodes
  if (inUse !== undefined) voice.no(cluster, CONDITION.ready, 'InUse', inUse)
  else if (fence?.state === 'fenced') voice.no(cluster, CONDITION.ready, REASON.fenced, fence.message)
  else if (facts?.missing) voice.no(cluster, CONDITION.ready, 'PrivilegesMissing', facts.missing)
  else if (cluster.spec.paused)
    voice.no(cluster, CONDITION.ready, 'Paused', 'Paused: nothing is written to this Proxmox cluster.')
  else
    voice.yes(
      cluster,
      CONDITION.ready,
      'Ready',
      `${hosts.filter((host) => host.status === 'online').length} of ${hosts.length} hosts are online, ${connection.observer.vms().length} VMs are listed.`,
    )
}

/** Says why a Proxmox cluster could not be looked at. @param retryMs When it is tried again. @param inUse As for `sayState`. */
export function sayFailure(
  { voice }: World,
  cluster: ProxmoxCluster,
  error: unknown,
  retryMs: number,
  inUse: string | undefined,
): void {
  const [type, reason] = reasonOf(error)
  const message = withWayOn(error, reason, cluster.metadata.name, retryMs)
  voice.no(cluster, type, reason, message)
  if (inUse === undefined) voice.no(cluster, CONDITION.ready, reason, message)
  else voice.no(cluster, CONDITION.ready, 'InUse', inUse)
}

/** The condition that a failure belongs to, and its word. */
function reasonOf(error: unknown): [string, string] {
  if (error instanceof CredentialsError) return [CONDITION.authorized, 'CredentialsMissing']
  if (isUnauthorized(error)) return [CONDITION.authorized, 'TokenRefused']
  if (isTlsError(error)) return [CONDITION.reachable, 'CertificateRefused']
  return [CONDITION.reachable, 'Unreachable']
}

/** What failed and, where it does not pass by itself, what a person can do. */
function withWayOn(error: unknown, reason: string, name: string, retryMs: number): string {
  const message = error instanceof Error ? error.message : String(error)
  const said = /[.!]$/.test(message) ? message : `${message}.`
  if (reason === 'TokenRefused') return `${said} ${newTokenText(name)}`
  if (reason === 'CertificateRefused')
    return `${said} Once you know that the certificate is genuine, name it or its CA: \`fochista proxmox add ${name} --fingerprint …\` or \`--ca-file …\`.`
  return reason === 'Unreachable' ? `${said} It is asked again every ${retryMs / 1000} seconds.` : message
}
