import { randomBytes, randomUUID } from 'node:crypto'
import {
  ANNOTATION_DELETE_FIRST,
  ANNOTATION_STAND_IN,
  API_VERSION,
  FINALIZER,
  isTrue,
  LABEL_CLUSTER,
  LABEL_POOL,
  machineKind,
  type Machine,
  type MachineClass,
  type NodePool,
} from '@fochista/api'
import { revisionOf } from '../revision.ts'

/**
 * A Machine of a pool that does not exist yet. Its id is minted here and never changes.
 * @param how.isStandIn It stands in for others that are rebooted, and goes once they are. @default false
 * @param how.now By our own clock, milliseconds since 1970. @default no `rollout.before` has come yet
 */
export function newMachine(
  pool: NodePool,
  machineClass: MachineClass,
  version: string,
  isTaken: (name: string) => boolean,
  { isStandIn = false, now = 0 }: { isStandIn?: boolean; now?: number } = {},
): Machine {
  const { name, namespace = 'default' } = pool.metadata
  const { before } = pool.spec.rollout ?? {}
  return {
    apiVersion: API_VERSION,
    kind: machineKind.kind,
    metadata: {
      name: drawName(name, isTaken),
      namespace,
      labels: { [LABEL_POOL]: name, [LABEL_CLUSTER]: pool.spec.clusterName },
      finalizers: [FINALIZER],
      ...(isStandIn ? { annotations: { [ANNOTATION_STAND_IN]: '' } } : {}),
    },
    spec: {
      id: randomUUID(),
      nodePoolName: name,
      proxmoxCluster: machineClass.spec.proxmoxClusterName,
      clusterName: pool.spec.clusterName,
      className: machineClass.metadata.name,
      version,
      poolHash: revisionOf(pool),
      ...(before !== undefined && Date.parse(before) <= now ? { rolledBefore: before } : {}),
    },
  }
}

// As Kubernetes draws names: no vowels, no digits that read like them, so that no word comes out.
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

function drawName(pool: string, isTaken: (name: string) => boolean): string {
  for (;;) {
    const suffix = [...randomBytes(5)].map((byte) => LETTERS.charAt(byte % LETTERS.length)).join('')
    const name = `${pool}-${suffix}`
    // A kubelet takes over a Node of the same name without asking.
    if (!isTaken(name)) return name
  }
}

/** Which machines go when a pool has too many: those asked to go first, not Ready ones, outdated ones, those of the fullest host, the newest. */
export function pickForRemoval(
  machines: readonly Machine[],
  isOutdated: (machine: Machine) => boolean,
  count: number,
): Machine[] {
  if (count <= 0) return []
  const onHost = new Map<string, number>()
  const hostOf = ({ status, spec }: Machine): string => status?.node ?? spec.host ?? ''
  for (const machine of machines) onHost.set(hostOf(machine), (onHost.get(hostOf(machine)) ?? 0) + 1)
  const first = (is: (machine: Machine) => boolean) => (a: Machine, b: Machine) =>
    Number(is(b)) - Number(is(a))
  const orders: ((a: Machine, b: Machine) => number)[] = [
    first(({ metadata }) => metadata.annotations?.[ANNOTATION_DELETE_FIRST] !== undefined),
    first((machine) => !isTrue(machine, 'Ready')),
    first(isOutdated),
    (a, b) => (onHost.get(hostOf(b)) ?? 0) - (onHost.get(hostOf(a)) ?? 0),
    (a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
    (a, b) => a.metadata.name.localeCompare(b.metadata.name),
  ]
  return [...machines]
    .sort((a, b) => orders.reduce((result, order) => result || order(a, b), 0))
    .slice(0, count)
}
