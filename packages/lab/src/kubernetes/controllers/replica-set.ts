import type { ApiObject, JsonObject } from '../resources.ts'
import { copy } from '../rest/json.ts'
import { member } from '../builtin/defaults/fields.ts'
import { recordEvent } from './events.ts'
import { kinds } from './kinds.ts'
import {
  controllerOf,
  holds,
  isFinished,
  nodeNameOf,
  numberOr,
  ownedBy,
  specOf,
  statusOf,
  templateAnnotations,
  templateLabels,
} from './objects.ts'
import type { ControllerHost } from './runtime.ts'
import { keyOf, Loop, splitKey } from './runtime.ts'

/** Keeps as many pods of each ReplicaSet as it asks for. */
export function startReplicaSets(host: ControllerHost): Loop {
  const loop: Loop = new Loop(host, 'replicaset-controller', (key) => reconcile(loop, key))
  return loop
    .watch(kinds.replicaSets, (event) => keyOf(event.object))
    .watch(kinds.pods, (event) => {
      const owner = controllerOf(event.object)
      return owner?.kind === 'ReplicaSet' ? `${event.object.metadata.namespace}/${owner.name}` : undefined
    })
}

/** The pods an owner controls that have not ended and are not going. */
export function activePods(loop: Loop, owner: ApiObject): ApiObject[] {
  return loop.store
    .list(kinds.pods, { namespace: owner.metadata.namespace })
    .filter(
      (pod) =>
        controllerOf(pod)?.uid === owner.metadata.uid &&
        pod.metadata.deletionTimestamp === undefined &&
        !isFinished(pod),
    )
}

function reconcile(loop: Loop, key: string): void {
  const [namespace, name] = splitKey(key)
  const set = loop.store.get(kinds.replicaSets, namespace, name)
  if (set === undefined) return
  const wanted = numberOr(specOf(set)['replicas'], 1)
  if (set.metadata.deletionTimestamp === undefined) {
    const pods = activePods(loop, set)
    for (let missing = wanted - pods.length; missing > 0; missing--) createPod(loop, set)
    for (const pod of pods.toSorted(firstToGo).slice(0, Math.max(0, pods.length - wanted)))
      deletePod(loop, set, pod)
  }
  writeStatus(loop, set)
}

/** Pods that are of least use go first: without a node, not ready, the youngest. */
function firstToGo(a: ApiObject, b: ApiObject): number {
  const rank = (pod: ApiObject): number => (nodeNameOf(pod) === '' ? 0 : holds(pod, 'Ready') ? 2 : 1)
  const order = rank(a) - rank(b)
  if (order !== 0) return order
  return (a.metadata.creationTimestamp ?? '') > (b.metadata.creationTimestamp ?? '') ? -1 : 1
}

function createPod(loop: Loop, set: ApiObject): void {
  const template = member(specOf(set), 'template') ?? {}
  const base = `${set.metadata.name ?? ''}-`
  const pod = loop.store.create(
    kinds.pods,
    {
      metadata: {
        generateName: base,
        namespace: set.metadata.namespace,
        labels: templateLabels(template),
        annotations: templateAnnotations(template),
        ownerReferences: [ownedBy(set, 'apps/v1', 'ReplicaSet')],
      },
      spec: copy(member(template, 'spec') ?? {}),
    },
    loop.writes,
  )
  recordEvent(
    loop,
    { object: set, apiVersion: 'apps/v1', kind: 'ReplicaSet' },
    { type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${pod.metadata.name}` },
  )
}

function deletePod(loop: Loop, set: ApiObject, pod: ApiObject): void {
  loop.store.delete(
    kinds.pods,
    { namespace: pod.metadata.namespace, name: pod.metadata.name ?? '' },
    loop.writes,
  )
  recordEvent(
    loop,
    { object: set, apiVersion: 'apps/v1', kind: 'ReplicaSet' },
    { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${pod.metadata.name}` },
  )
}

function writeStatus(loop: Loop, set: ApiObject): void {
  const pods = activePods(loop, set)
  const ready = pods.filter((pod) => holds(pod, 'Ready')).length
  const status: JsonObject = {
    replicas: pods.length,
    ...(pods.length === 0 ? {} : { fullyLabeledReplicas: pods.length }),
    ...(ready === 0 ? {} : { readyReplicas: ready, availableReplicas: ready }),
    observedGeneration: set.metadata.generation,
  }
  const now = loop.store.get(kinds.replicaSets, set.metadata.namespace, set.metadata.name ?? '')
  if (now === undefined) return
  const conditions = statusOf(now)['conditions']
  loop.store.update(
    kinds.replicaSets,
    { ...copy(now), status: { ...status, ...(conditions === undefined ? {} : { conditions }) } },
    { ...loop.writes, subresource: 'status' },
  )
}
