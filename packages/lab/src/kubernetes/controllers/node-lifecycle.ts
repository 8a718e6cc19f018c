import type { ApiObject, JsonObject } from '../resources.ts'
import { copy, equal } from '../rest/json.ts'
import { items, member, textOf } from '../builtin/defaults/fields.ts'
import { recordEvent } from './events.ts'
import { kinds } from './kinds.ts'
import { conditionOf, holds, nodeNameOf, specOf, statusOf } from './objects.ts'
import { tolerates } from './placement.ts'
import type { ControllerHost } from './runtime.ts'
import { Loop, timestamp } from './runtime.ts'

const NOT_READY = 'node.kubernetes.io/not-ready'
const UNREACHABLE = 'node.kubernetes.io/unreachable'
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'
const PRESSURES: { [condition: string]: string } = {
  MemoryPressure: 'node.kubernetes.io/memory-pressure',
  DiskPressure: 'node.kubernetes.io/disk-pressure',
  PIDPressure: 'node.kubernetes.io/pid-pressure',
  NetworkUnavailable: 'node.kubernetes.io/network-unavailable',
}
const LEASES = 'kube-node-lease'
const CONDITIONS = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']

/** When nodes count as lost. Of the lab's hardware, milliseconds. */
export interface NodeLifecycleOptions {
  /** Since the last renewal of the lease. Default 50,000. */
  graceMs?: number
}

const GRACE = 50_000
/** How often all nodes are looked at, besides every change. */
const PERIOD = 5000

/** Judges nodes: taints them by their conditions, calls them Unknown when their lease is not renewed, evicts their pods. */
export function startNodeLifecycle(host: ControllerHost, options: NodeLifecycleOptions = {}): Loop {
  const grace = options.graceMs ?? GRACE
  // What the monitor itself saw counts, as clocks of nodes may differ.
  const seen = new Map<string, { mark: string; at: number }>()
  const evictions = new Map<string, number>()
  const loop: Loop = new Loop(host, 'node-controller', (key) => {
    const node = loop.store.get(kinds.nodes, undefined, key)
    if (node === undefined) {
      seen.delete(key)
      collectPods(loop, key)
      return
    }
    judge(loop, node, seen, grace)
    evict(loop, loop.store.get(kinds.nodes, undefined, key) ?? node, evictions)
    loop.enqueue(key, PERIOD)
  })
  return loop
    .watch(kinds.nodes, (event) => event.object.metadata.name)
    .watch(kinds.leases, (event) =>
      event.object.metadata.namespace === LEASES ? event.object.metadata.name : undefined,
    )
}

/** Deletes the pods of a node that is no more. */
function collectPods(loop: Loop, name: string): void {
  for (const pod of loop.store.list(kinds.pods))
    if (nodeNameOf(pod) === name)
      loop.store.delete(
        kinds.pods,
        { namespace: pod.metadata.namespace, name: pod.metadata.name ?? '' },
        { ...loop.writes, gracePeriodSeconds: 0 },
      )
}

function judge(
  loop: Loop,
  node: ApiObject,
  seen: Map<string, { mark: string; at: number }>,
  grace: number,
): void {
  const name = node.metadata.name ?? ''
  const lease = loop.store.get(kinds.leases, LEASES, name)
  const mark = `${textOf(specOf(lease)['renewTime'])} ${textOf(conditionOf(node, 'Ready')?.['lastHeartbeatTime'])}`
  let last = seen.get(name)
  const unknown = conditionOf(node, 'Ready')?.['status'] === 'Unknown'
  if (last === undefined || (last.mark !== mark && !unknown) || (unknown && renewedSince(lease, last.mark)))
    seen.set(name, (last = { mark, at: loop.clock.now() }))
  const silence = (loop.clock.now() - last.at) * loop.clock.speed
  let current = node
  if (silence > grace) current = markUnknown(loop, node)
  else loop.enqueue(name, grace - silence + 1)
  taint(loop, current)
}

function renewedSince(lease: ApiObject | undefined, mark: string): boolean {
  const renewed = textOf(specOf(lease)['renewTime'])
  return renewed !== '' && !mark.startsWith(renewed)
}

function markUnknown(loop: Loop, node: ApiObject): ApiObject {
  const now = timestamp(loop.clock)
  const wasReady = holds(node, 'Ready')
  const before = items(copy(statusOf(node)), 'conditions')
  const conditions: JsonObject[] = before.map((each) =>
    CONDITIONS.includes(textOf(each['type'])) && each['status'] !== 'Unknown'
      ? {
          ...each,
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
          lastTransitionTime: now,
        }
      : each,
  )
  for (const type of CONDITIONS)
    if (!before.some((each) => each['type'] === type))
      conditions.push({
        type,
        status: 'Unknown',
        lastHeartbeatTime: node.metadata.creationTimestamp ?? now,
        lastTransitionTime: now,
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
      })
  if (equal(conditions, items(statusOf(node), 'conditions'))) return node
  const next = loop.store.update(
    kinds.nodes,
    { ...copy(node), status: { ...copy(statusOf(node)), conditions } },
    { ...loop.writes, subresource: 'status' },
  )
  if (wasReady) {
    recordEvent(
      loop,
      { object: node, apiVersion: 'v1', kind: 'Node' },
      {
        type: 'Normal',
        reason: 'NodeNotReady',
        message: `Node ${node.metadata.name} status is now: NodeNotReady`,
      },
    )
    markPods(loop, node)
  }
  return next
}

/** Pods of a silent node are not ready, whatever they last said. */
function markPods(loop: Loop, node: ApiObject): void {
  const now = timestamp(loop.clock)
  for (const pod of loop.store.list(kinds.pods)) {
    if (nodeNameOf(pod) !== node.metadata.name || !holds(pod, 'Ready')) continue
    const conditions = items(copy(statusOf(pod)), 'conditions').map((each) =>
      each['type'] === 'Ready' ? { ...each, status: 'False', lastTransitionTime: now } : each,
    )
    loop.store.update(
      kinds.pods,
      { ...copy(pod), status: { ...copy(statusOf(pod)), conditions } },
      { ...loop.writes, subresource: 'status' },
    )
  }
}

/** Brings the taints that the control plane owns in line with the node's conditions. */
function taint(loop: Loop, node: ApiObject): void {
  const ready = conditionOf(node, 'Ready')?.['status']
  const wanted: JsonObject[] = []
  if (ready === 'Unknown') {
    wanted.push({ key: UNREACHABLE, effect: 'NoSchedule' }, { key: UNREACHABLE, effect: 'NoExecute' })
  } else if (ready === 'False')
    wanted.push({ key: NOT_READY, effect: 'NoSchedule' }, { key: NOT_READY, effect: 'NoExecute' })
  // A node that has not said anything yet keeps the taint it was made with.
  else if (ready === undefined) wanted.push({ key: NOT_READY, effect: 'NoSchedule' })
  if (specOf(node)['unschedulable'] === true) wanted.push({ key: UNSCHEDULABLE, effect: 'NoSchedule' })
  for (const [type, key] of Object.entries(PRESSURES))
    if (holds(node, type)) wanted.push({ key, effect: 'NoSchedule' })
  const owned = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE, ...Object.values(PRESSURES)])
  const taints = items(specOf(node), 'taints')
  const kept = taints.filter((each) => {
    if (!owned.has(textOf(each['key']))) return true
    return wanted.some((one) => one['key'] === each['key'] && one['effect'] === each['effect'])
  })
  const missing = wanted
    .filter((one) => !kept.some((each) => each['key'] === one['key'] && each['effect'] === one['effect']))
    .map((one) =>
      one['effect'] === 'NoExecute' || one['key'] === UNREACHABLE
        ? { ...one, timeAdded: timestamp(loop.clock) }
        : one,
    )
  const next = [...kept, ...missing]
  if (missing.length === 0 && kept.length === taints.length) return
  const changed = copy(node)
  const spec = member(changed, 'spec') ?? {}
  if (next.length === 0) delete spec['taints']
  else spec['taints'] = next
  changed['spec'] = spec
  loop.store.update(kinds.nodes, changed, loop.writes)
}

/** Ends pods that do not bear a node's NoExecute taints, after the time they do. */
function evict(loop: Loop, node: ApiObject, since: Map<string, number>): void {
  const taints = items(specOf(node), 'taints').filter((each) => each['effect'] === 'NoExecute')
  for (const pod of loop.store.list(kinds.pods)) {
    if (nodeNameOf(pod) !== node.metadata.name || pod.metadata.deletionTimestamp !== undefined) continue
    const uid = pod.metadata.uid ?? ''
    if (taints.length === 0) {
      since.delete(uid)
      continue
    }
    const seconds = bearing(pod, taints)
    if (seconds === undefined) continue
    const start = since.get(uid) ?? loop.clock.now()
    since.set(uid, start)
    const left = seconds * 1000 - (loop.clock.now() - start) * loop.clock.speed
    if (left > 0) {
      loop.enqueue(node.metadata.name ?? '', left)
      continue
    }
    since.delete(uid)
    recordEvent(
      loop,
      { object: pod, apiVersion: 'v1', kind: 'Pod' },
      {
        type: 'Normal',
        reason: 'TaintManagerEviction',
        message: `Marking for deletion Pod ${pod.metadata.namespace}/${pod.metadata.name}`,
        component: 'taint-eviction-controller',
      },
    )
    loop.store.delete(
      kinds.pods,
      { namespace: pod.metadata.namespace, name: pod.metadata.name ?? '' },
      loop.writes,
    )
  }
}

/** How long a pod bears some taints, in seconds; undefined for ever. */
function bearing(pod: ApiObject, taints: JsonObject[]): number | undefined {
  const tolerations = items(specOf(pod), 'tolerations')
  let least: number | undefined
  for (const each of taints) {
    const fitting = tolerations.filter((toleration) => tolerates(toleration, each))
    if (fitting.length === 0) return 0
    for (const toleration of fitting) {
      const seconds = toleration['tolerationSeconds']
      if (typeof seconds === 'number') least = Math.min(least ?? seconds, Math.max(0, seconds))
    }
  }
  return least
}
