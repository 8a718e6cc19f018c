import type { ApiObject } from '../resources.ts'
import { copy } from '../rest/json.ts'
import { items, textOf } from '../builtin/defaults/fields.ts'
import { recordEvent } from './events.ts'
import { kinds } from './kinds.ts'
import { conditionOf, isFinished, nodeNameOf, specOf, statusOf, withCondition } from './objects.ts'
import { selectsNode, untolerated } from './placement.ts'
import type { ControllerHost } from './runtime.ts'
import { keyOf, Loop, splitKey, timestamp } from './runtime.ts'

const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'

/** Binds pods to nodes: selector, affinity and taints are honoured; of the nodes left the one with the fewest pods is taken. */
export function startScheduler(host: ControllerHost): Loop {
  const loop: Loop = new Loop(host, 'scheduler', (key) => reconcile(loop, key), 'kube-scheduler')
  const waiting = (): string[] => loop.store.list(kinds.pods).filter(isWaiting).map(keyOf)
  return loop
    .watch(kinds.pods, (event) => (isWaiting(event.object) ? keyOf(event.object) : undefined))
    .watch(kinds.nodes, () => waiting())
}

function isWaiting(pod: ApiObject): boolean {
  return (
    nodeNameOf(pod) === '' &&
    pod.metadata.deletionTimestamp === undefined &&
    !isFinished(pod) &&
    specOf(pod)['schedulerName'] === 'default-scheduler' &&
    items(specOf(pod), 'schedulingGates').length === 0
  )
}

function reconcile(loop: Loop, key: string): void {
  const [namespace, name] = splitKey(key)
  const pod = loop.store.get(kinds.pods, namespace, name)
  if (pod === undefined || !isWaiting(pod)) return
  const nodes = loop.store.list(kinds.nodes)
  const why = new Map<string, number>()
  const fitting = nodes.filter((node) => {
    const problem = problemOf(pod, node)
    if (problem !== undefined) why.set(problem, (why.get(problem) ?? 0) + 1)
    return problem === undefined
  })
  const chosen = fewestPods(loop, fitting)
  if (chosen === undefined) refuse(loop, pod, nodes.length, why)
  else bind(loop, pod, chosen)
}

function problemOf(pod: ApiObject, node: ApiObject): string | undefined {
  const spec = specOf(pod)
  const tolerations = items(spec, 'tolerations')
  if (!selectsNode(spec, node)) return "node(s) didn't match Pod's node affinity/selector"
  if (specOf(node)['unschedulable'] === true) {
    const taint = { key: UNSCHEDULABLE, effect: 'NoSchedule' }
    const cordoned: ApiObject = { metadata: {}, spec: { taints: [taint] } }
    if (untolerated(cordoned, tolerations, ['NoSchedule']).length > 0) return 'node(s) were unschedulable'
  }
  const [taint] = untolerated(node, tolerations, ['NoSchedule', 'NoExecute'])
  if (taint === undefined) return undefined
  return `node(s) had untolerated taint {${textOf(taint['key'])}: ${textOf(taint['value'])}}`
}

function fewestPods(loop: Loop, nodes: ApiObject[]): ApiObject | undefined {
  const [first] = nodes
  if (first === undefined || nodes.length === 1) return first
  const counts = new Map<string, number>()
  for (const pod of loop.store.list(kinds.pods)) {
    const node = nodeNameOf(pod)
    if (node !== '') counts.set(node, (counts.get(node) ?? 0) + 1)
  }
  const load = (node: ApiObject): number => counts.get(node.metadata.name ?? '') ?? 0
  return nodes.toSorted((a, b) => load(a) - load(b))[0]
}

function bind(loop: Loop, pod: ApiObject, node: ApiObject): void {
  const bound = copy(pod)
  specOf(bound)['nodeName'] = node.metadata.name
  const stored = copy(loop.store.update(kinds.pods, bound, loop.writes))
  const status = statusOf(stored)
  status['conditions'] = withCondition(
    items(status, 'conditions'),
    { type: 'PodScheduled', status: 'True', lastProbeTime: null },
    timestamp(loop.clock),
  )
  loop.store.update(kinds.pods, stored, { ...loop.writes, subresource: 'status' })
  recordEvent(
    loop,
    { object: pod, apiVersion: 'v1', kind: 'Pod' },
    {
      type: 'Normal',
      reason: 'Scheduled',
      message: `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${node.metadata.name}`,
      component: 'default-scheduler',
    },
  )
}

function refuse(loop: Loop, pod: ApiObject, nodes: number, why: Map<string, number>): void {
  const reasons = [...why].map(([problem, count]) => `${count} ${problem}`).toSorted()
  const message =
    nodes === 0
      ? 'no nodes available to schedule pods'
      : `0/${nodes} nodes are available: ${reasons.join(', ')}. preemption: 0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`
  if (conditionOf(pod, 'PodScheduled')?.['message'] === message) return
  const next = copy(pod)
  const status = statusOf(next)
  status['conditions'] = withCondition(
    items(status, 'conditions'),
    { type: 'PodScheduled', status: 'False', lastProbeTime: null, reason: 'Unschedulable', message },
    timestamp(loop.clock),
  )
  loop.store.update(kinds.pods, next, { ...loop.writes, subresource: 'status' })
  recordEvent(
    loop,
    { object: pod, apiVersion: 'v1', kind: 'Pod' },
    { type: 'Warning', reason: 'FailedScheduling', message, component: 'default-scheduler' },
  )
}
