import { randomBytes, randomUUID } from 'node:crypto'
import {
  ANNOTATION_STAND_IN,
  API_VERSION,
  FINALIZER,
  LABEL_CLUSTER,
  LABEL_POOL,
  machineKind,
  printProblem,
  quotaLeft,
  REASON,
  shapeOf,
  valueOf,
  type Machine,
  type MachineClass,
  type NodePool,
} from '@fochista/api'
import { isAlreadyExists, orUndefined } from '@fochista/kubernetes'
import { Machines } from '../kinds.ts'
import { inNamespace, inPool } from '../machine-groups.ts'
import { revisionOf } from '../revision.ts'
import { isDeleting } from '../runtime/finalizers.ts'
import type { World } from '../world.ts'
import type { Blueprint } from './blueprint.ts'
import type { DoubtfulMachines } from './doubtful.ts'
import type { ScalePlan } from './rollout.ts'
import { usageIn, type Verdict } from './verdict.ts'

/** Machines of a pool that are created at once. */
const CREATED_AT_ONCE = 8

/** Creates so many machines as a plan says and the class's quota has room for. @returns what the quota does not allow */
export async function createMachines(
  world: World,
  pool: NodePool,
  { machineClass, version }: Blueprint,
  { create: wanted, standIns = 0 }: ScalePlan,
  doubtful: DoubtfulMachines,
): Promise<Verdict | undefined> {
  // Another pool's may have come into doubt while this one waited for its turn.
  await doubtful.settle(world)
  const shape = shapeOf(pool, machineClass)
  const { count: left, field, rule } = quotaLeft(machineClass, shape, usageIn(world, pool, machineClass))
  const { namespace = 'default' } = pool.metadata
  const names = new Set(world.machines.by(inNamespace, namespace).map(({ metadata }) => metadata.name))
  // Where a quota has no room for all, it is those that stand in which are not made.
  let begun = 0
  const createOne = async (): Promise<void> => {
    begun += 1
    const now = world.clock.now()
    const how = { isStandIn: begun > wanted - standIns, now }
    const machine = newMachine(pool, machineClass, version, (name) => names.has(name), how)
    names.add(machine.metadata.name)
    const created = await orUndefined(isAlreadyExists, world.kubernetes.create(Machines, machine)).catch(
      (error: unknown) => {
        doubtful.note(machine, error)
        throw error
      },
    )
    if (!created) return
    world.machines.wrote(created)
    world.voice.tell(pool, 'Normal', 'MachineCreated', `Machine ${machine.metadata.name} is created.`)
  }
  for (let rest = Math.min(wanted, left); rest > 0; rest -= CREATED_AT_ONCE)
    await allEnded(Array.from({ length: Math.min(rest, CREATED_AT_ONCE) }, createOne))
  if (left >= wanted) return undefined
  const isRollout =
    world.machines.by(inPool, `${namespace}/${pool.metadata.name}`).filter((one) => !isDeleting(one))
      .length >= (pool.spec.replicas ?? 1)
  return {
    reason: REASON.notAllowed,
    message: isRollout
      ? `The rollout needs one machine more, and ${rule}. Set spec.rollout.maxUnavailable to 1 and maxSurge to 0.`
      : `${printProblem({ field, value: valueOf(pool, shape, field), rule })}.`,
  }
}

/** Waits for all, also where one has failed: what is still on its way would not be counted by the next look. Throws the first failure. */
async function allEnded(promises: readonly Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(promises)
  for (const one of ended) if (one.status === 'rejected') throw one.reason
}

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
