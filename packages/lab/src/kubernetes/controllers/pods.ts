import { createHash } from 'node:crypto'
import type { ApiObject, JsonObject } from '../resources.ts'
import { copy, equal } from '../rest/json.ts'
import { items, member, textOf } from '../builtin/defaults/fields.ts'
import { addressNumber, addressText, parseCidr } from '../builtin/service-allocator.ts'
import { kinds } from './kinds.ts'
import { holds, isFinished, nodeNameOf, specOf, statusOf, withCondition } from './objects.ts'
import type { ControllerHost } from './runtime.ts'
import { keyOf, Loop, splitKey, timestamp } from './runtime.ts'

/** How pods run. All times are of the lab's hardware, milliseconds. */
export interface PodOptions {
  /** From the binding to the first running container: the image is there, the network is set up. Default 2000. */
  startMs?(pod: ApiObject): number
  /** From there to readiness. Default 1500. */
  readyMs?(pod: ApiObject): number
  /** From the request to end to its end. Default 1000. */
  stopMs?: number
  /** Whether a kubelet works on a node; pods on others stay as they are. Default: always. */
  runsPods?(node: ApiObject): boolean
  /** Called once when a pod has become running on its node. */
  onPodRunning?(pod: ApiObject, nodeName: string): void
  /** Called when a pod that ran is gone from its node. */
  onPodStopped?(pod: ApiObject, nodeName: string): void
}

const START = 2000
const READY = 1500
const STOP = 1000
/** How often a pod whose volumes cannot be mounted is tried again. */
const MOUNT_RETRY = 2000

/** Runs bound pods as kubelets do: starts them, makes them ready, ends them. Without node nothing happens. */
export function startPods(host: ControllerHost, options: PodOptions = {}): Loop {
  const since = new Map<string, { phase: 'starting' | 'readying' | 'stopping'; at: number }>()
  const running = new Set<string>()
  const loop: Loop = new Loop(
    host,
    'node-agent',
    (key) => reconcile(loop, options, since, running, key),
    'kubelet',
  )
  return loop
    .watch(kinds.pods, (event) => {
      const { object } = event
      if (event.type === 'DELETED') {
        const uid = object.metadata.uid ?? ''
        since.delete(uid)
        if (running.delete(uid)) options.onPodStopped?.(object, nodeNameOf(object))
        return undefined
      }
      return nodeNameOf(object) === '' ? undefined : keyOf(object)
    })
    .watch(kinds.nodes, (event) =>
      loop.store
        .list(kinds.pods)
        .filter((pod) => nodeNameOf(pod) === event.object.metadata.name && !holds(pod, 'Ready'))
        .map(keyOf),
    )
}

type Since = Map<string, { phase: 'starting' | 'readying' | 'stopping'; at: number }>

/** Whether a phase has lasted long enough; if not, the pod is looked at again then. */
function lasted(
  loop: Loop,
  since: Since,
  pod: ApiObject,
  phase: 'starting' | 'readying' | 'stopping',
  ms: number,
): boolean {
  const uid = pod.metadata.uid ?? ''
  let entry = since.get(uid)
  if (entry?.phase !== phase) since.set(uid, (entry = { phase, at: loop.clock.now() }))
  const left = ms - (loop.clock.now() - entry.at) * loop.clock.speed
  if (left <= 0) return true
  loop.enqueue(keyOf(pod), left)
  return false
}

function reconcile(loop: Loop, options: PodOptions, since: Since, running: Set<string>, key: string): void {
  const [namespace, name] = splitKey(key)
  const pod = loop.store.get(kinds.pods, namespace, name)
  if (pod === undefined) return
  const node = loop.store.get(kinds.nodes, undefined, nodeNameOf(pod))
  if (node === undefined || options.runsPods?.(node) === false) return
  if (pod.metadata.deletionTimestamp !== undefined) {
    const grace = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000
    if (lasted(loop, since, pod, 'stopping', Math.min(grace, options.stopMs ?? STOP)))
      loop.store.delete(kinds.pods, { namespace, name }, { ...loop.writes, gracePeriodSeconds: 0 })
    return
  }
  if (isFinished(pod) || holds(pod, 'Ready')) return
  const phase = textOf(statusOf(pod)['phase'])
  if (phase !== 'Running') {
    const network = specOf(pod)['hostNetwork'] === true || holds(node, 'Ready')
    writeStatus(loop, pod, creating(loop, pod, node))
    // Without a network plugin only pods on the host's own network start.
    const missing = missingVolume(loop, pod)
    if (missing !== undefined) {
      // The kubelet tries again until what the pod mounts is there.
      loop.enqueue(key, MOUNT_RETRY)
      return
    }
    if (!network || !lasted(loop, since, pod, 'starting', options.startMs?.(pod) ?? START)) return
    const before = loop.store.get(kinds.pods, namespace, name) ?? pod
    const started = writeStatus(loop, before, runningStatus(loop, before, node, false))
    running.add(pod.metadata.uid ?? '')
    options.onPodRunning?.(started, nodeNameOf(pod))
    loop.enqueue(key)
    return
  }
  const once = textOf(specOf(pod)['restartPolicy']) !== 'Always'
  if (!lasted(loop, since, pod, 'readying', options.readyMs?.(pod) ?? READY)) return
  writeStatus(loop, pod, once ? finishedStatus(loop, pod) : runningStatus(loop, pod, node, true))
  running.add(pod.metadata.uid ?? '')
}

/** The first Secret or ConfigMap that a pod mounts and that is not there; the optional ones may be absent. */
function missingVolume(loop: Loop, pod: ApiObject): string | undefined {
  const { namespace } = pod.metadata
  const isGone = (source: JsonObject | undefined, kind: 'secrets' | 'configMaps', field: string): boolean => {
    const name = textOf(source?.[field])
    if (source === undefined || name === '' || source['optional'] === true) return false
    return loop.store.get(kinds[kind], namespace, name) === undefined
  }
  for (const volume of items(specOf(pod), 'volumes')) {
    // The token's volume is the server's own doing.
    if (textOf(volume['name']).startsWith('kube-api-access-')) continue
    const projected = items(member(volume, 'projected'), 'sources')
    const gone =
      isGone(member(volume, 'secret'), 'secrets', 'secretName') ||
      isGone(member(volume, 'configMap'), 'configMaps', 'name') ||
      projected.some(
        (source) =>
          isGone(member(source, 'secret'), 'secrets', 'name') ||
          isGone(member(source, 'configMap'), 'configMaps', 'name'),
      )
    if (gone) return textOf(volume['name'])
  }
  return undefined
}

function writeStatus(loop: Loop, pod: ApiObject, status: JsonObject): ApiObject {
  if (equal(status, statusOf(pod))) return pod
  return loop.store.update(kinds.pods, { ...copy(pod), status }, { ...loop.writes, subresource: 'status' })
}

function withConditions(
  loop: Loop,
  pod: ApiObject,
  states: { [type: string]: boolean | string },
): JsonObject[] {
  const now = timestamp(loop.clock)
  let conditions = items(copy(statusOf(pod)), 'conditions')
  for (const [type, state] of Object.entries(states)) {
    const failing =
      typeof state === 'string'
        ? { reason: state, message: `containers with unready status: [${containerNames(pod).join(' ')}]` }
        : {}
    conditions = withCondition(
      conditions.map((each) => (each['type'] === type ? withoutReason(each) : each)),
      { type, status: state === true ? 'True' : 'False', lastProbeTime: null, ...failing },
      now,
    )
  }
  return conditions
}

function withoutReason(condition: JsonObject): JsonObject {
  const { reason: _reason, message: _message, ...rest } = condition
  return rest
}

function containerNames(pod: ApiObject): string[] {
  return items(specOf(pod), 'containers').map((each) => textOf(each['name']))
}

function hostAddress(node: ApiObject): string {
  const found = items(statusOf(node), 'addresses').find((each) => each['type'] === 'InternalIP')
  return textOf(found?.['address'])
}

function creating(loop: Loop, pod: ApiObject, node: ApiObject): JsonObject {
  const host = hostAddress(node)
  return {
    ...copy(statusOf(pod)),
    phase: 'Pending',
    conditions: withConditions(loop, pod, {
      PodReadyToStartContainers: false,
      Initialized: true,
      Ready: 'ContainersNotReady',
      ContainersReady: 'ContainersNotReady',
      PodScheduled: true,
    }),
    ...(host === '' ? {} : { hostIP: host, hostIPs: [{ ip: host }] }),
    startTime: statusOf(pod)['startTime'] ?? timestamp(loop.clock),
    containerStatuses: items(specOf(pod), 'containers').map((each) => ({
      name: each['name'],
      state: { waiting: { reason: 'ContainerCreating' } },
      lastState: {},
      ready: false,
      restartCount: 0,
      image: each['image'],
      imageID: '',
      started: false,
    })),
  }
}

/** A pod's address in its node's range; the same for the same pod. */
function podAddress(pod: ApiObject, node: ApiObject): string {
  if (specOf(pod)['hostNetwork'] === true) return hostAddress(node)
  const cidr = textOf(specOf(node)['podCIDR'])
  const seed = createHash('sha256')
    .update(pod.metadata.uid ?? '')
    .digest()
  const range = cidr.includes('.')
    ? parseCidr(cidr)
    : parseCidr(`${addressText((addressNumber('10.244.0.0') ?? 0) + seed.readUInt8(4) * 256)}/24`)
  return addressText(range.first + 2 + (seed.readUInt16BE(0) % Math.max(1, range.size - 3)))
}

function runningStatus(loop: Loop, pod: ApiObject, node: ApiObject, ready: boolean): JsonObject {
  const address = textOf(statusOf(pod)['podIP']) || podAddress(pod, node)
  const state: true | string = ready ? true : 'ContainersNotReady'
  const before = items(statusOf(pod), 'containerStatuses')
  return {
    ...copy(statusOf(pod)),
    phase: 'Running',
    conditions: withConditions(loop, pod, {
      PodReadyToStartContainers: true,
      Initialized: true,
      Ready: state,
      ContainersReady: state,
      PodScheduled: true,
    }),
    ...(address === '' ? {} : { podIP: address, podIPs: [{ ip: address }] }),
    containerStatuses: items(specOf(pod), 'containers').map((each, index) => {
      const known = before[index]?.['state']
      const image = textOf(each['image'])
      const digest = createHash('sha256').update(image).digest('hex')
      const id = createHash('sha256')
        .update(`${pod.metadata.uid}/${textOf(each['name'])}`)
        .digest('hex')
      const started = known !== undefined && JSON.stringify(known).includes('startedAt') ? known : undefined
      return {
        name: each['name'],
        state: started ?? { running: { startedAt: timestamp(loop.clock) } },
        lastState: {},
        ready,
        restartCount: 0,
        image,
        imageID: `${image.split(':')[0]}@sha256:${digest}`,
        containerID: `containerd://${id}`,
        started: true,
      }
    }),
  }
}

function finishedStatus(loop: Loop, pod: ApiObject): JsonObject {
  const now = timestamp(loop.clock)
  return {
    ...copy(statusOf(pod)),
    phase: 'Succeeded',
    conditions: withConditions(loop, pod, { Ready: 'PodCompleted', ContainersReady: 'PodCompleted' }),
    containerStatuses: items(copy(statusOf(pod)), 'containerStatuses').map((each) => ({
      ...each,
      state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: now, finishedAt: now } },
      ready: false,
      started: false,
    })),
  }
}
