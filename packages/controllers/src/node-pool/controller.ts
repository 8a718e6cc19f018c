import {
  CONDITION,
  FINALIZER,
  printProblem,
  quotaExceeded,
  REASON,
  type Machine,
  type NodePool,
} from '@fochista/api'
import { TenantRefusedError } from '@fochista/kamaji'
import { Machines, NodePools } from '../kinds.ts'
import { inPool } from '../machine-groups.ts'
import { isUnlisted } from '../machine/kept.ts'
import { copyOf } from '../runtime/copy.ts'
import { addFinalizer, hasFinalizer, isDeleting, removeFinalizer } from '../runtime/finalizers.ts'
import { createKeyedMutex, type KeyedMutex } from '../runtime/mutex.ts'
import { patchIfChanged } from '../runtime/patch.ts'
import type { Result } from '../runtime/queue.ts'
import type { World } from '../world.ts'
import { createAddons, type Addons } from './addons.ts'
import { blueprintOf } from './blueprint.ts'
import { count, sayReadiness } from './count.ts'
import { createMachines } from './create.ts'
import { createDoubtfulMachines, type DoubtfulMachines } from './doubtful.ts'
import { reshape, settle, stoppedBy } from './give-shape.ts'
import { planRepair } from './health.ts'
import { clusterOf, noteCluster } from './parents.ts'
import { deleteMachines, pickForRemoval } from './remove.ts'
import { isOutdated, marginsOf, planScale, withStandIn } from './rollout.ts'
import { usageIn, type Verdict } from './verdict.ts'

/** A class, a Proxmox cluster or a quota may change without a word to the pool. */
const LOOK_MS = 60_000

/** Keeps the number of a pool's Machines: creates what lacks, retires what is too much. The machines' own way is their own. */
export function createNodePoolReconciler(
  world: World,
): (key: string, signal: AbortSignal) => Promise<Result | undefined> {
  const memory: Memory = {
    missingSince: new Map(),
    making: createKeyedMutex(),
    doubtful: createDoubtfulMachines(),
    addons: createAddons(world),
  }
  return async (key) => {
    const before = await world.nodePools.get(key)
    if (!before) {
      memory.missingSince.delete(key)
      memory.addons.forget(key)
      return undefined
    }
    const pool = copyOf(before)
    const result = await reconcile(world, pool, key, memory)
    world.nodePools.wrote(await patchIfChanged(world.kubernetes, NodePools, before, pool))
    return result
  }
}

/** What the loop of the pools remembers; lost with the process it is found again. */
interface Memory {
  /** When the control plane of a pool was first found gone, by key of the pool. */
  readonly missingSince: Map<string, number>
  /** Pools of one namespace and class make their machines one after the other: each must see what the one before has taken of the quota. */
  readonly making: KeyedMutex
  /** Shared by all pools: a quota counts those of others. */
  readonly doubtful: DoubtfulMachines
  readonly addons: Addons
}

async function reconcile(world: World, pool: NodePool, key: string, memory: Memory): Promise<Result> {
  await memory.doubtful.settle(world)
  const machines = machinesOf(world, pool)
  if (isDeleting(pool)) return retire(world, pool, machines, memory.doubtful)
  // As the server has it: written with this look it counts from the next.
  const isHeld = hasFinalizer(pool, FINALIZER)
  addFinalizer(pool, FINALIZER)
  const verdict = await judge(world, pool, key, memory, machines, isHeld)
  // Counted anew: some may just have been made or asked to go.
  const now = machinesOf(world, pool)
  count(world, pool, now)
  const { namespace = 'default' } = pool.metadata
  const addonsAgainMs = memory.addons.say(
    pool,
    world.caches.controlPlanes.get(namespace, pool.spec.clusterName),
  )
  // Said once: a condition that is set twice a look would be news each time.
  if (verdict?.isWaiting) world.voice.unknown(pool, CONDITION.ready, verdict.reason, verdict.message)
  else if (verdict) world.voice.no(pool, CONDITION.ready, verdict.reason, verdict.message)
  else sayReadiness(world, pool, now)
  return { requeueAfterMs: Math.min(verdict?.lookAgainMs ?? LOOK_MS, addonsAgainMs ?? LOOK_MS) }
}

/** Machines of a pool, whatever their state. */
function machinesOf(world: World, pool: NodePool): Machine[] {
  const { name, namespace = 'default' } = pool.metadata
  return world.machines.by(inPool, `${namespace}/${name}`)
}

/** The same, as the API server has them now. */
async function machinesOnServer(world: World, pool: NodePool): Promise<Machine[]> {
  const { name, namespace = 'default' } = pool.metadata
  const { items } = await world.kubernetes.list(Machines, { namespace })
  return items.filter(({ spec }) => spec.nodePoolName === name)
}

async function retire(
  world: World,
  pool: NodePool,
  machines: readonly Machine[],
  doubtful: DoubtfulMachines,
): Promise<Result> {
  if (!hasFinalizer(pool, FINALIZER)) return {}
  if (pool.spec.paused) {
    world.voice.no(pool, CONDITION.ready, 'Paused', 'Paused: its machines are not taken away.')
    return {}
  }
  await deleteMachines(world, machines, doubtful)
  count(world, pool, machines)
  // One that the cache has not seen yet, made or restored a moment ago, must not be left without its pool.
  const left = machines.length > 0 ? machines : await machinesOnServer(world, pool)
  if (left.length === 0) {
    removeFinalizer(pool, FINALIZER)
    return {}
  }
  const [first] = left
  world.voice.unknown(
    pool,
    CONDITION.ready,
    'Deleting',
    `${left.length === 1 ? '1 machine is on its' : `${left.length} machines are on their`} way out; ${first?.metadata.name}: ${first?.status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? 'just asked to go'}`,
  )
  return { requeueAfterMs: LOOK_MS }
}

/** Keeps the pool. What a tenant has written and nobody may trust is said of the pool; waiting does not help it. */
async function judge(...given: Parameters<typeof keep>): Promise<Verdict | undefined> {
  try {
    return await keep(...given)
  } catch (error) {
    if (error instanceof TenantRefusedError) return { reason: 'ClusterRefused', message: error.message }
    throw error
  }
}

/** @returns what keeps the pool from being what it should be; undefined if nothing but time does */
async function keep(
  world: World,
  pool: NodePool,
  key: string,
  { missingSince, making, doubtful }: Memory,
  machines: readonly Machine[],
  isHeld: boolean,
): Promise<Verdict | undefined> {
  if (pool.spec.paused) return { reason: 'Paused', message: 'Paused: no machine is made or taken away.' }
  const strays = machines.filter((machine) => !isDeleting(machine) && isOfOtherCluster(pool, machine))
  if (strays.length > 0) return refuseStrays(pool, strays)
  const cluster = await clusterOf(world, pool, key, missingSince)
  if (cluster.state === 'wait') return cluster
  if (cluster.state === 'gone') {
    await deleteMachines(world, machines, doubtful)
    return { reason: 'ClusterGone', message: `${cluster.message} Its machines go with it.` }
  }
  const { controlPlane } = cluster
  const all = machines.filter((machine) => !isDeleting(machine))
  const blueprint = await blueprintOf(world, pool, controlPlane, machines)
  if ('reason' in blueprint) {
    // Where no other can be made none is replaced or rolled: what runs stays, also what a roll has made beyond the number and goes on with
    // later. Fewer it may always be.
    const isOld = (machine: Machine): boolean => isOutdated(pool, undefined, machine, world.clock.now())
    const { replicas = 1 } = pool.spec
    const isMidRoll = replicas > 0 && all.some(isOld) && !all.every(isOld)
    const surplus = all.length - replicas - (isMidRoll ? marginsOf(pool).surge : 0)
    const spare = pickForRemoval(all, isOld, surplus)
    if (!all.some(isUnseen)) await deleteMachines(world, spare, doubtful)
    return blueprint
  }
  const repair = planRepair(world, pool, all)
  await deleteMachines(world, repair.replace, doubtful)
  const staying = all.filter((machine) => !repair.replace.includes(machine))
  const scale = planScale(pool, blueprint.machineClass, staying, world.clock.now())
  const unseen = scale.remove.length + scale.reshape.length > 0 ? staying.find(isUnseen) : undefined
  if (unseen)
    return {
      reason: 'Looking',
      message: `Some machines are too many or to be changed; which, is decided once ${unseen.metadata.name} was looked at.`,
      isWaiting: true,
    }
  await deleteMachines(world, scale.remove, doubtful)
  await settle(world, scale.settle ?? [])
  if (repair.reason === undefined && scale.reshape.length > 0) {
    const refusal = await making(
      `${pool.metadata.namespace}/${blueprint.machineClass.metadata.name}`,
      async () => {
        await doubtful.settle(world)
        return reshape(world, pool, blueprint.machineClass, scale.reshape)
      },
    )
    if (refusal) {
      await deleteMachines(world, withStandIn(pool, staying, refusal.machine), doubtful)
      return refusal.verdict
    }
  }
  // Also where nothing else is done: a cluster with another authority may be why.
  const isFirstLook = await noteCluster(world, pool, controlPlane)
  // A pool whose machines do not join makes no further ones; any other failure leaves room for those that lack.
  if (repair.reason !== undefined && (repair.reason === REASON.joinFailing || scale.create === 0))
    return repair
  // The pool's memory of its cluster is written before its first machine is: from then on only that cluster counts. So is our finalizer: a
  // pool that is deleted before it bears that is gone at once, also when its status was written, and would leave the machine without a pool.
  if (isFirstLook || (!isHeld && scale.create > 0))
    return {
      reason: 'Beginning',
      message: 'The first look at its cluster is noted.',
      lookAgainMs: 0,
      isWaiting: true,
    }
  if (scale.create > 0)
    return making(`${pool.metadata.namespace}/${blueprint.machineClass.metadata.name}`, () =>
      createMachines(world, pool, blueprint, scale, doubtful),
    )
  const stopped = stoppedBy(staying)
  if (stopped) return stopped
  // A class may have shrunk under a running pool.
  const problem = quotaExceeded(blueprint.machineClass, usageIn(world, pool, blueprint.machineClass))
  if (!problem) return undefined
  // What a roll has made beyond the number, and what has no place yet, would wait for one as long as the others wait for it.
  const kept = staying.filter((machine) => !scale.remove.includes(machine))
  const surplus = Math.max(0, kept.length - (pool.spec.replicas ?? 1))
  const unplaced = kept.filter(({ spec }) => spec.vmid === undefined).slice(0, surplus)
  await deleteMachines(world, unplaced, doubtful)
  return { reason: REASON.notAllowed, message: `${printProblem(problem)}. What runs stays.` }
}

/**
 * True for a machine that was made for another cluster. A pool never changes its cluster: this one was lost or deleted by force, and another
 * was made under its name.
 */
const isOfOtherCluster = (pool: NodePool, { spec }: Machine): boolean =>
  spec.clusterName !== undefined && spec.clusterName !== pool.spec.clusterName

/** Workers of a cluster that lives are neither counted for another one nor taken away for its sake. */
function refuseStrays(pool: NodePool, strays: readonly Machine[]): Verdict {
  const [first] = strays
  return {
    reason: REASON.machinesOfOtherCluster,
    message: `Machine ${first?.metadata.name}${strays.length > 1 ? ` and ${strays.length - 1} more` : ''} of this pool's name belong to cluster "${first?.spec.clusterName}", the pool names "${pool.spec.clusterName}": nothing is made or taken away. Delete the pool, which takes them along, or make it anew with its old cluster.`,
  }
}

/** A machine that came all its way once, and of which nothing is known yet: its status was lost, or it was adopted a moment ago. */
const isUnseen = ({ spec, status: { conditions = [] } = {} }: Machine): boolean =>
  spec.made === true && (conditions.length === 0 || conditions.some(isUnlisted))
