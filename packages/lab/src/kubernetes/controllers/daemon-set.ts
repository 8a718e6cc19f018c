import type { ApiObject, JsonObject } from '../resources.ts'
import { copy, equal } from '../rest/json.ts'
import { items, member, textOf } from '../builtin/defaults/fields.ts'
import { recordEvent } from './events.ts'
import { kinds } from './kinds.ts'
import {
  controllerOf,
  holds,
  isFinished,
  nodeNameOf,
  numberOr,
  ownedBy,
  shareOf,
  specOf,
  templateAnnotations,
  templateLabels,
} from './objects.ts'
import { selectsNode, tolerates, untolerated } from './placement.ts'
import type { ControllerHost } from './runtime.ts'
import { keyOf, Loop, splitKey } from './runtime.ts'
import { templateHash } from './template-hash.ts'

const HASH = 'controller-revision-hash'

/** What every daemon's pod bears with: states of its node that are no reason to leave it. */
const TOLERATIONS: JsonObject[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
]

/** Keeps a pod of each DaemonSet on every node that it fits. */
export function startDaemonSets(host: ControllerHost): Loop {
  const loop: Loop = new Loop(host, 'daemonset-controller', (key) => reconcile(loop, key))
  return loop
    .watch(kinds.daemonSets, (event) => keyOf(event.object))
    .watch(kinds.nodes, () => loop.store.list(kinds.daemonSets).map(keyOf))
    .watch(kinds.pods, (event) => {
      const owner = controllerOf(event.object)
      return owner?.kind === 'DaemonSet' ? `${event.object.metadata.namespace}/${owner.name}` : undefined
    })
}

/** The node a daemon's pod is for: bound to it, or meant for it. */
function homeOf(pod: ApiObject): string {
  const bound = nodeNameOf(pod)
  if (bound !== '') return bound
  const required = member(
    member(member(specOf(pod), 'affinity'), 'nodeAffinity'),
    'requiredDuringSchedulingIgnoredDuringExecution',
  )
  for (const term of items(required, 'nodeSelectorTerms'))
    for (const field of items(term, 'matchFields')) {
      const values = field['values']
      if (field['key'] === 'metadata.name' && Array.isArray(values)) return textOf(values[0])
    }
  return ''
}

function tolerationsOf(set: ApiObject): JsonObject[] {
  const spec = member(member(specOf(set), 'template'), 'spec') ?? {}
  const network =
    spec['hostNetwork'] === true
      ? [{ key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' }]
      : []
  const own = items(spec, 'tolerations')
  return [...own, ...[...TOLERATIONS, ...network].filter((each) => !own.some((given) => covers(given, each)))]
}

function covers(given: JsonObject, wanted: JsonObject): boolean {
  return tolerates(given, { key: wanted['key'], effect: wanted['effect'] }) && given['operator'] === 'Exists'
}

/** Whether a node should get the daemon's pod, and whether one that is there may stay. */
function fits(set: ApiObject, node: ApiObject): { run: boolean; stay: boolean } {
  const spec = member(member(specOf(set), 'template'), 'spec') ?? {}
  if (!selectsNode(spec, node)) return { run: false, stay: false }
  const tolerations = tolerationsOf(set)
  return {
    run: untolerated(node, tolerations, ['NoSchedule', 'NoExecute']).length === 0,
    stay: untolerated(node, tolerations, ['NoExecute']).length === 0,
  }
}

function podsOf(loop: Loop, set: ApiObject): ApiObject[] {
  return loop.store
    .list(kinds.pods, { namespace: set.metadata.namespace })
    .filter((pod) => controllerOf(pod)?.uid === set.metadata.uid)
}

function reconcile(loop: Loop, key: string): void {
  const [namespace, name] = splitKey(key)
  const set = loop.store.get(kinds.daemonSets, namespace, name)
  if (set === undefined) return
  const hash = templateHash(member(specOf(set), 'template'))
  if (set.metadata.deletionTimestamp === undefined) {
    const nodes = loop.store.list(kinds.nodes)
    const names = new Set(nodes.map((node) => node.metadata.name))
    const pods = podsOf(loop, set)
    const byHome = Map.groupBy(pods, homeOf)
    for (const node of nodes) placeOn(loop, set, node, byHome.get(node.metadata.name ?? '') ?? [], hash)
    for (const pod of pods)
      if (pod.metadata.deletionTimestamp === undefined && !names.has(homeOf(pod)))
        remove(loop, set, pod, true)
    if (member(specOf(set), 'updateStrategy')?.['type'] !== 'OnDelete') replaceOld(loop, set, hash)
  }
  writeStatus(loop, set, hash)
}

function placeOn(loop: Loop, set: ApiObject, node: ApiObject, pods: ApiObject[], hash: string): void {
  const { run, stay } = fits(set, node)
  const living = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined)
  for (const pod of living.filter(isFinished)) remove(loop, set, pod, false)
  const active = living.filter((pod) => !isFinished(pod))
  if (run && pods.length === 0) create(loop, set, node, hash)
  else if (!stay) for (const pod of active) remove(loop, set, pod, false)
  else for (const pod of active.slice(1)) remove(loop, set, pod, false)
}

function create(loop: Loop, set: ApiObject, node: ApiObject, hash: string): void {
  const template = member(specOf(set), 'template') ?? {}
  const spec = copy(member(template, 'spec') ?? {})
  const affinity = member(spec, 'affinity') ?? {}
  const pod = loop.store.create(
    kinds.pods,
    {
      metadata: {
        generateName: `${set.metadata.name}-`,
        namespace: set.metadata.namespace,
        labels: {
          ...templateLabels(template),
          [HASH]: hash,
          'pod-template-generation':
            set.metadata.annotations?.['deprecated.daemonset.template.generation'] ?? '1',
        },
        annotations: templateAnnotations(template),
        ownerReferences: [ownedBy(set, 'apps/v1', 'DaemonSet')],
      },
      spec: {
        ...spec,
        tolerations: tolerationsOf(set),
        affinity: {
          ...affinity,
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                {
                  matchFields: [{ key: 'metadata.name', operator: 'In', values: [node.metadata.name ?? ''] }],
                },
              ],
            },
          },
        },
      },
    },
    loop.writes,
  )
  recordEvent(
    loop,
    { object: set, apiVersion: 'apps/v1', kind: 'DaemonSet' },
    { type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${pod.metadata.name}` },
  )
}

function remove(loop: Loop, set: ApiObject, pod: ApiObject, atOnce: boolean): void {
  loop.store.delete(
    kinds.pods,
    { namespace: pod.metadata.namespace, name: pod.metadata.name ?? '' },
    // Nobody is left to end a pod whose node is gone.
    { ...loop.writes, ...(atOnce ? { gracePeriodSeconds: 0 } : {}) },
  )
  recordEvent(
    loop,
    { object: set, apiVersion: 'apps/v1', kind: 'DaemonSet' },
    { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${pod.metadata.name}` },
  )
}

/** Ends pods of an older template, as many at a time as may be unavailable. */
function replaceOld(loop: Loop, set: ApiObject, hash: string): void {
  const pods = podsOf(loop, set)
  const old = pods.filter(
    (pod) => pod.metadata.labels?.[HASH] !== hash && pod.metadata.deletionTimestamp === undefined,
  )
  if (old.length === 0) return
  const rules = member(member(specOf(set), 'updateStrategy'), 'rollingUpdate')
  const wanted = loop.store.list(kinds.nodes).filter((node) => fits(set, node).run).length
  const most = Math.max(1, shareOf(rules?.['maxUnavailable'], wanted, 'up'))
  const available = pods.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && holds(pod, 'Ready'),
  ).length
  let room = most - (wanted - available)
  for (const pod of old) {
    if (holds(pod, 'Ready')) {
      if (room <= 0) continue
      room--
    }
    remove(loop, set, pod, false)
  }
}

function writeStatus(loop: Loop, set: ApiObject, hash: string): void {
  const current = loop.store.get(kinds.daemonSets, set.metadata.namespace, set.metadata.name ?? '')
  if (current === undefined) return
  const nodes = loop.store.list(kinds.nodes)
  const homes = new Map(nodes.map((node) => [node.metadata.name ?? '', fits(set, node)]))
  const pods = podsOf(loop, set).filter((pod) => pod.metadata.deletionTimestamp === undefined)
  const placed = (pod: ApiObject): boolean => homes.get(homeOf(pod))?.run === true
  const wanted = [...homes.values()].filter((each) => each.run).length
  const there = pods.filter((pod) => placed(pod) && nodeNameOf(pod) !== '')
  const ready = there.filter((pod) => holds(pod, 'Ready')).length
  const updated = there.filter((pod) => pod.metadata.labels?.[HASH] === hash).length
  const status: JsonObject = {
    currentNumberScheduled: there.length,
    numberMisscheduled: pods.filter((pod) => nodeNameOf(pod) !== '' && !placed(pod)).length,
    desiredNumberScheduled: wanted,
    numberReady: ready,
    observedGeneration: current.metadata.generation,
    ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
    ...(ready > 0 ? { numberAvailable: ready } : {}),
    ...(wanted - ready > 0 ? { numberUnavailable: wanted - ready } : {}),
  }
  const collisions = numberOr(member(current, 'status')?.['collisionCount'], 0)
  if (collisions > 0) status['collisionCount'] = collisions
  // As the original: a cluster of many nodes has more news of its pods than of their number.
  if (equal(status, member(current, 'status'))) return
  loop.store.update(kinds.daemonSets, { ...copy(current), status }, { ...loop.writes, subresource: 'status' })
}
