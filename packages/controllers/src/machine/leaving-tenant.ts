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

/** A server's clock may differ from ours by so much, milliseconds. */
const SKEW_MS = 10 * 60_000
/** When machines were first seen leaving, by our own clock and by key. */
const leavingSince = new WeakMap<World, Map<string, number>>()

/**
 * What is left of the time that a drain may take, milliseconds. It runs from when we saw the machine leave first: the server's clock, which
 * its deletion bears, may be wrong by minutes, and would take them from the drain. Of one that is long on its way its deletion counts, so
 * that no restart of ours gives it all its time again.
 */
export function restOfDrain({ machine, pool, world, key }: MachineContext): number {
  const now = world.clock.now()
  const seen = leavingSince.get(world) ?? new Map<string, number>()
  leavingSince.set(world, seen)
  const first = seen.get(key) ?? now
  seen.set(key, first)
  const asked = Date.parse(machine.metadata.deletionTimestamp ?? '')
  const since = first - asked > SKEW_MS ? asked : first
  return since + limitsOf(pool).drain - now
}

/** Forgets when a machine was first seen leaving: it is gone. */
export function forgetLeaving(world: World, key: string): void {
  leavingSince.get(world)?.delete(key)
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
