import { getCondition, type Machine } from '@fochista/api'
import { TenantControlPlane, TenantNotReadyError, type Tenant } from '@fochista/kamaji'
import { isNotFound, KubernetesError, orUndefined } from '@fochista/kubernetes'
import { limitsOf } from '../node-pool/limits.ts'
import type { World } from '../world.ts'
import { waiting, type MachineContext, type StepResult } from './context.ts'
import { hasJoined, nodeOf } from './node.ts'

const PAUSE_MS = 5000

/** The tenant cluster; undefined if it goes away itself or has nothing of the machine: then drain, Node and token need no care. */
export async function tenantOf(context: MachineContext): Promise<Tenant | StepResult | undefined> {
  const { controlPlane, machine, world, namespace } = context
  const name = machine.spec.clusterName
  // Never placed, so never started: the tenant has nothing of it.
  if (name === undefined || machine.spec.vmid === undefined || controlPlane?.metadata.deletionTimestamp)
    return undefined
  // A cache that has no control plane is not proof: one that is only unseen has Nodes to take care of.
  const live =
    controlPlane ??
    (await orUndefined(isNotFound, world.kubernetes.get(TenantControlPlane, { name, namespace })))
  if (!live || live.metadata.deletionTimestamp) return undefined
  try {
    return await world.tenants.get(live)
  } catch (error) {
    return error instanceof TenantNotReadyError ? undefined : unreachable(context, error)
  }
}

/** Does something in the tenant cluster, if it has one and answers. */
export async function inTenant(
  context: MachineContext,
  tenant: Tenant | undefined,
  run: (tenant: Tenant) => Promise<StepResult | undefined | void>,
): Promise<StepResult | undefined> {
  if (!tenant) return undefined
  try {
    return (await run(tenant)) ?? undefined
  } catch (error) {
    return unreachable(context, error)
  }
}

/**
 * A tenant cluster that does not answer (it sleeps, is broken, or is not to be trusted) is waited for as long as a drain may take; then the
 * machine goes all the same, and an Event says what may be left. Throws what is not of a tenant cluster.
 */
function unreachable(context: MachineContext, error: unknown): StepResult | undefined {
  if (!(error instanceof KubernetesError)) throw error
  const rest = restOfDrain(context)
  if (rest > 0)
    return waiting(
      'ClusterUnreachable',
      `Waiting for the tenant cluster to answer: ${error.message}`,
      Math.min(rest, PAUSE_MS),
    )
  context.world.voice.tell(
    context.machine,
    'Warning',
    'NodeLeft',
    `The tenant cluster has not answered: ${error.message}. Its Node may be left there.`,
  )
  return undefined
}

/** When the drains of machines began, by our own clock and by key. */
const drainingSince = new WeakMap<World, Map<string, number>>()
/** What a leaving machine says while the time of its drain runs. */
const drainReasons: ReadonlySet<string> = new Set(['Draining', 'ListingNodes', 'ClusterUnreachable'])

/**
 * What is left of the time that a drain may take, milliseconds. It runs by our own clock from when we began with it: neither a server whose
 * clock is late, nor a host that was silent, a pause, or a time in which no controller ran, takes any of it. After a restart it is what the
 * machine says, so that none gives it all its time again.
 */
export function restOfDrain({ machine, pool, world, key }: MachineContext): number {
  const now = world.clock.now()
  const seen = drainingSince.get(world) ?? new Map<string, number>()
  drainingSince.set(world, seen)
  const began = seen.get(key) ?? saidToDrainSince(machine, now)
  // The time of a condition moves with its status alone: it must not be that of what was waited for before.
  if (began === undefined) world.voice.unsay(machine, 'Ready')
  seen.set(key, began ?? now)
  return (began ?? now) + limitsOf(pool).drain - now
}

/** Since when a machine says that it is drained because it leaves: one may have been drained for its reboot before it was asked to go. */
function saidToDrainSince(machine: Machine, now: number): number | undefined {
  const said = getCondition(machine, 'Ready')
  if (!said || !drainReasons.has(said.reason)) return undefined
  const asked = Date.parse(machine.metadata.deletionTimestamp ?? '') || 0
  return Math.min(now, Math.max(Date.parse(said.lastTransitionTime), asked))
}

/** Forgets when the drain of a machine began: it is gone, or paused. */
export function forgetDrain(world: World, key: string): void {
  drainingSince.get(world)?.delete(key)
}

/** Deletes the machine's Node, if it is the machine's. */
export async function deleteNode(context: MachineContext, tenant: Tenant): Promise<void> {
  const { machine, world } = context
  const node = nodeOf(context)
  // Without a list of the Nodes the tenant is asked; a Node of another provider id is not ours to delete.
  if (!node && !(await hasJoined(context, tenant))) return
  await tenant.deleteNode(machine.metadata.name, node?.metadata.uid ? { uid: node.metadata.uid } : {})
  world.voice.tell(machine, 'Normal', 'NodeDeleted', `Node ${machine.metadata.name} is deleted.`)
}
