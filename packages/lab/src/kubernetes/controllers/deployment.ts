import type { ApiObject, JsonObject } from '../resources.ts'
import { copy, equal } from '../rest/json.ts'
import { items, member } from '../builtin/defaults/fields.ts'
import { recordEvent } from './events.ts'
import { kinds } from './kinds.ts'
import {
  conditionOf,
  controllerOf,
  numberOr,
  ownedBy,
  shareOf,
  specOf,
  statusOf,
  templateAnnotations,
  templateLabels,
} from './objects.ts'
import { rolloutStatus } from './deployment-status.ts'
import { activePods } from './replica-set.ts'
import type { ControllerHost } from './runtime.ts'
import { keyOf, Loop, splitKey } from './runtime.ts'
import { templateHash } from './template-hash.ts'

const HASH = 'pod-template-hash'
const REVISION = 'deployment.kubernetes.io/revision'

/** Rolls Deployments out: one ReplicaSet for each template, scaled within maxSurge and maxUnavailable. */
export function startDeployments(host: ControllerHost): Loop {
  const loop: Loop = new Loop(host, 'deployment-controller', (key) => reconcile(loop, key))
  return loop
    .watch(kinds.deployments, (event) => keyOf(event.object))
    .watch(kinds.replicaSets, (event) => {
      const owner = controllerOf(event.object)
      return owner?.kind === 'Deployment' ? `${event.object.metadata.namespace}/${owner.name}` : undefined
    })
    .watch(kinds.pods, (event) => {
      // With Recreate the new pods wait until the last old one is gone, not merely going.
      if (event.type !== 'DELETED') return undefined
      const owner = controllerOf(event.object)
      const hash = event.object.metadata.labels?.[HASH]
      if (owner?.kind !== 'ReplicaSet' || hash === undefined) return undefined
      return `${event.object.metadata.namespace}/${owner.name.slice(0, -hash.length - 1)}`
    })
}

/** The ReplicaSets of a Deployment, the oldest first. */
function setsOf(loop: Loop, deployment: ApiObject): ApiObject[] {
  return loop.store
    .list(kinds.replicaSets, { namespace: deployment.metadata.namespace })
    .filter((set) => controllerOf(set)?.uid === deployment.metadata.uid)
    .toSorted((a, b) => revisionOf(a) - revisionOf(b))
}

function revisionOf(object: ApiObject): number {
  return Number(object.metadata.annotations?.[REVISION] ?? '0')
}

/** A set's template as the Deployment has it: without the hash. */
function plainTemplate(set: ApiObject): JsonObject {
  const template = copy(member(specOf(set), 'template') ?? {})
  const labels = member(member(template, 'metadata'), 'labels')
  if (labels !== undefined) delete labels[HASH]
  return template
}

function reconcile(loop: Loop, key: string): void {
  const [namespace, name] = splitKey(key)
  const deployment = loop.store.get(kinds.deployments, namespace, name)
  if (deployment === undefined) return
  if (deployment.metadata.deletionTimestamp === undefined) {
    const template = member(specOf(deployment), 'template') ?? {}
    const before = setsOf(loop, deployment)
    const found = before.find((set) => equal(plainTemplate(set), template))
    const paused = specOf(deployment)['paused'] === true
    const current = found ?? (paused ? undefined : createSet(loop, deployment, before))
    if (current !== undefined) {
      markRevision(loop, deployment, current)
      if (paused) follow(loop, deployment, before, current)
      else if (member(specOf(deployment), 'strategy')?.['type'] === 'Recreate')
        recreate(loop, deployment, current)
      else roll(loop, deployment, current)
      if (!paused) forgetOld(loop, deployment, current)
    }
  }
  writeStatus(loop, namespace, name)
}

function createSet(loop: Loop, deployment: ApiObject, before: ApiObject[]): ApiObject {
  const template = copy(member(specOf(deployment), 'template') ?? {})
  const hash = templateHash(template)
  const labels = { ...templateLabels(template), [HASH]: hash }
  const selector = copy(member(specOf(deployment), 'selector') ?? {})
  const revision = Math.max(0, ...before.map(revisionOf)) + 1
  return loop.store.create(
    kinds.replicaSets,
    {
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        namespace: deployment.metadata.namespace,
        labels,
        annotations: { ...inherited(deployment), [REVISION]: String(revision) },
        ownerReferences: [ownedBy(deployment, 'apps/v1', 'Deployment')],
      },
      spec: {
        replicas: 0,
        selector: { ...selector, matchLabels: { ...member(selector, 'matchLabels'), [HASH]: hash } },
        template: {
          ...template,
          metadata: {
            ...member(template, 'metadata'),
            labels,
            ...(Object.keys(templateAnnotations(template)).length === 0
              ? {}
              : { annotations: templateAnnotations(template) }),
          },
        },
        ...(specOf(deployment)['minReadySeconds'] === undefined
          ? {}
          : { minReadySeconds: specOf(deployment)['minReadySeconds'] }),
      },
    },
    loop.writes,
  )
}

/** Annotations of a Deployment that its sets bear too. */
function inherited(deployment: ApiObject): { [key: string]: string } {
  const result: { [key: string]: string } = {}
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {}))
    if (key !== REVISION && key !== 'kubectl.kubernetes.io/last-applied-configuration') result[key] = value
  return result
}

/** Numbers the roll-out: the current set has the highest revision, and the Deployment shows it. */
function markRevision(loop: Loop, deployment: ApiObject, current: ApiObject): void {
  const highest = Math.max(0, ...setsOf(loop, deployment).map(revisionOf))
  const revision = revisionOf(current) === highest && highest > 0 ? highest : highest + 1
  const mark = { metadata: { annotations: { [REVISION]: String(revision) } } }
  const namespace = deployment.metadata.namespace
  if (revisionOf(current) !== revision)
    loop.store.patch(kinds.replicaSets, { namespace, name: current.metadata.name ?? '' }, mark, loop.writes)
  if (deployment.metadata.annotations?.[REVISION] !== String(revision))
    loop.store.patch(
      kinds.deployments,
      { namespace, name: deployment.metadata.name ?? '' },
      mark,
      loop.writes,
    )
}

function scale(loop: Loop, deployment: ApiObject, set: ApiObject, replicas: number): void {
  const before = numberOr(specOf(set)['replicas'], 0)
  if (before === replicas) return
  loop.store.patch(
    kinds.replicaSets,
    { namespace: set.metadata.namespace, name: set.metadata.name ?? '' },
    { spec: { replicas } },
    loop.writes,
  )
  const direction = replicas > before ? 'up' : 'down'
  recordEvent(
    loop,
    { object: deployment, apiVersion: 'apps/v1', kind: 'Deployment' },
    {
      type: 'Normal',
      reason: 'ScalingReplicaSet',
      message: `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`,
    },
  )
}

const asked = (set: ApiObject): number => numberOr(specOf(set)['replicas'], 0)
const available = (set: ApiObject): number => numberOr(statusOf(set)['availableReplicas'], 0)

/** While paused only the number of replicas is followed, by the newest set that has any. */
function follow(loop: Loop, deployment: ApiObject, sets: ApiObject[], current: ApiObject): void {
  const active = sets.filter((set) => asked(set) > 0)
  const target = active.at(-1) ?? current
  if (active.length <= 1) scale(loop, deployment, target, numberOr(specOf(deployment)['replicas'], 1))
}

function recreate(loop: Loop, deployment: ApiObject, current: ApiObject): void {
  const old = setsOf(loop, deployment).filter((set) => set.metadata.uid !== current.metadata.uid)
  for (const set of old) scale(loop, deployment, set, 0)
  const left = loop.store
    .list(kinds.pods, { namespace: deployment.metadata.namespace })
    .some((pod) => old.some((set) => set.metadata.uid === controllerOf(pod)?.uid))
  if (!left) scale(loop, deployment, current, numberOr(specOf(deployment)['replicas'], 1))
}

/** One step of a rolling update. */
function roll(loop: Loop, deployment: ApiObject, current: ApiObject): void {
  const wanted = numberOr(specOf(deployment)['replicas'], 1)
  const rules = member(member(specOf(deployment), 'strategy'), 'rollingUpdate')
  const surge = shareOf(rules?.['maxSurge'], wanted, 'up')
  let unavailable = shareOf(rules?.['maxUnavailable'], wanted, 'down')
  // With neither nothing could ever move.
  if (surge === 0 && unavailable === 0) unavailable = 1
  const sets = setsOf(loop, deployment)
  const fresh = sets.find((set) => set.metadata.uid === current.metadata.uid) ?? current
  const old = sets.filter((set) => set.metadata.uid !== current.metadata.uid)
  const total = sets.reduce((sum, set) => sum + asked(set), 0)
  if (asked(fresh) > wanted) {
    scale(loop, deployment, fresh, wanted)
    return
  }
  if (asked(fresh) < wanted) {
    const room = wanted + surge - total
    if (room > 0) {
      scale(loop, deployment, fresh, Math.min(wanted, asked(fresh) + room))
      return
    }
  }
  const least = wanted - unavailable
  // Pods that are not there yet may not cost those that are.
  let spare = total - least - (asked(fresh) - available(fresh))
  for (const set of old) {
    const broken = asked(set) - available(set)
    const going = Math.min(broken, Math.max(0, spare))
    if (going > 0) {
      scale(loop, deployment, set, asked(set) - going)
      spare -= going
    }
  }
  const refreshed = setsOf(loop, deployment)
  let free = refreshed.reduce((sum, set) => sum + Math.min(available(set), asked(set)), 0) - least
  for (const set of refreshed) {
    if (set.metadata.uid === current.metadata.uid || asked(set) === 0 || free <= 0) continue
    const going = Math.min(asked(set), free)
    scale(loop, deployment, set, asked(set) - going)
    free -= going
  }
}

function forgetOld(loop: Loop, deployment: ApiObject, current: ApiObject): void {
  const limit = numberOr(specOf(deployment)['revisionHistoryLimit'], 10)
  const idle = setsOf(loop, deployment).filter(
    (set) =>
      set.metadata.uid !== current.metadata.uid &&
      asked(set) === 0 &&
      numberOr(statusOf(set)['replicas'], 0) === 0 &&
      set.metadata.deletionTimestamp === undefined,
  )
  for (const set of idle.slice(0, Math.max(0, idle.length - limit)))
    loop.store.delete(
      kinds.replicaSets,
      { namespace: set.metadata.namespace, name: set.metadata.name ?? '' },
      loop.writes,
    )
}

function writeStatus(loop: Loop, namespace: string, name: string): void {
  const deployment = loop.store.get(kinds.deployments, namespace, name)
  if (deployment === undefined) return
  const sets = setsOf(loop, deployment)
  const template = member(specOf(deployment), 'template') ?? {}
  const current = sets.find((set) => equal(plainTemplate(set), template))
  const going = loop.store
    .list(kinds.pods, { namespace })
    .filter(
      (pod) =>
        pod.metadata.deletionTimestamp !== undefined &&
        sets.some((set) => set.metadata.uid === controllerOf(pod)?.uid),
    ).length
  const status = rolloutStatus({
    deployment,
    sets,
    current,
    going,
    replicasOf: (set) => activePods(loop, set).length,
    conditions: items(statusOf(deployment), 'conditions'),
    progressing: conditionOf(deployment, 'Progressing'),
    now: loop.clock.now(),
  })
  loop.store.update(
    kinds.deployments,
    { ...copy(deployment), status },
    { ...loop.writes, subresource: 'status' },
  )
}
