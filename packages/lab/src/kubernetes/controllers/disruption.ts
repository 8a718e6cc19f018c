import type { ApiObject, JsonObject } from '../resources.ts'
import { copy, equal } from '../rest/json.ts'
import { items, member, textOf } from '../builtin/defaults/fields.ts'
import { selectorMatches } from '../builtin/validation/workloads.ts'
import { kinds } from './kinds.ts'
import {
  controllerOf,
  holds,
  isFinished,
  numberOr,
  shareOf,
  specOf,
  statusOf,
  withCondition,
} from './objects.ts'
import type { ControllerHost } from './runtime.ts'
import { keyOf, Loop, splitKey, timestamp } from './runtime.ts'

/** How long an eviction that was allowed counts before its pod must be going, milliseconds. */
const EVICTION_COUNTS = 120_000

/** Says in the status of each PodDisruptionBudget how many of its pods may go now. */
export function startDisruption(host: ControllerHost): Loop {
  const loop: Loop = new Loop(host, 'disruption-controller', (key) => {
    const [namespace, name] = splitKey(key)
    const budget = loop.store.get(kinds.disruptionBudgets, namespace, name)
    if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return
    const { status, recheck } = statusFor(loop, budget)
    if (!equal(status, statusOf(budget)))
      loop.store.update(
        kinds.disruptionBudgets,
        { ...copy(budget), status },
        { ...loop.writes, subresource: 'status' },
      )
    if (recheck) loop.enqueue(key, EVICTION_COUNTS)
  })
  return loop
    .watch(kinds.disruptionBudgets, (event) => keyOf(event.object))
    .watch(kinds.pods, ({ object }) =>
      loop.store.list(kinds.disruptionBudgets, { namespace: object.metadata.namespace ?? '' }).map(keyOf),
    )
}

/** What a budget's status should say; `recheck` when it changes by time alone. */
function statusFor(loop: Loop, budget: ApiObject): { status: JsonObject; recheck: boolean } {
  const spec = specOf(budget)
  const selector = member(spec, 'selector')
  const pods = loop.store
    .list(kinds.pods, { namespace: budget.metadata.namespace ?? '' })
    .filter((pod) => selector !== undefined && selectorMatches(selector, pod.metadata.labels ?? {}))
    .filter((pod) => !isFinished(pod))
  const disruptedPods = stillDisrupted(loop, budget, pods)
  const { expectedPods, desiredHealthy } = wishes(loop, spec, pods)
  const currentHealthy = pods.filter(
    (pod) =>
      pod.metadata.deletionTimestamp === undefined &&
      disruptedPods[pod.metadata.name ?? ''] === undefined &&
      holds(pod, 'Ready'),
  ).length
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0
  const isAllowed = disruptionsAllowed > 0
  const generation = budget.metadata.generation ?? 1
  const condition = {
    type: 'DisruptionAllowed',
    observedGeneration: generation,
    status: isAllowed ? 'True' : 'False',
    reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
  }
  const recheck = Object.keys(disruptedPods).length > 0
  return {
    status: {
      observedGeneration: generation,
      ...(recheck ? { disruptedPods } : {}),
      disruptionsAllowed,
      currentHealthy,
      desiredHealthy,
      expectedPods,
      conditions: withCondition(items(statusOf(budget), 'conditions'), condition, timestamp(loop.clock)),
    },
    recheck,
  }
}

/** Pods whose eviction was allowed a short time ago, and that do not go yet. */
function stillDisrupted(loop: Loop, budget: ApiObject, pods: ApiObject[]): JsonObject {
  const result: JsonObject = {}
  for (const [name, since] of Object.entries(member(statusOf(budget), 'disruptedPods') ?? {})) {
    const pod = pods.find((each) => each.metadata.name === name)
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) continue
    const age = loop.clock.now() - Date.parse(textOf(since))
    if (age < EVICTION_COUNTS / loop.clock.speed) result[name] = textOf(since)
  }
  return result
}

/** How many pods there should be, and how many of them must be healthy. */
function wishes(
  loop: Loop,
  spec: JsonObject,
  pods: ApiObject[],
): { expectedPods: number; desiredHealthy: number } {
  const { minAvailable, maxUnavailable } = spec
  if (maxUnavailable !== undefined) {
    const expectedPods = scaleOf(loop, pods)
    const spare = shareOf(maxUnavailable, expectedPods, 'up')
    return { expectedPods, desiredHealthy: Math.max(0, expectedPods - spare) }
  }
  if (typeof minAvailable === 'number') return { expectedPods: pods.length, desiredHealthy: minAvailable }
  const expectedPods = scaleOf(loop, pods)
  return { expectedPods, desiredHealthy: shareOf(minAvailable ?? 1, expectedPods, 'up') }
}

/** What the controllers of pods want together; a pod that has none counts as one. */
function scaleOf(loop: Loop, pods: ApiObject[]): number {
  const wanted = new Map<string, number>()
  let alone = 0
  for (const pod of pods) {
    const owner = controllerOf(pod)
    const namespace = pod.metadata.namespace ?? ''
    const set =
      owner?.kind === 'ReplicaSet' ? loop.store.get(kinds.replicaSets, namespace, owner.name) : undefined
    if (set === undefined) {
      alone++
      continue
    }
    const above = controllerOf(set)
    const deployment =
      above?.kind === 'Deployment' ? loop.store.get(kinds.deployments, namespace, above.name) : undefined
    const home = deployment ?? set
    wanted.set(home.metadata.uid ?? '', numberOr(specOf(home)['replicas'], 1))
  }
  return [...wanted.values()].reduce((sum, each) => sum + each, alone)
}
