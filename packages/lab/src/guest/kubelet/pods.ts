import type { ApiObject, Json, JsonObject } from '../../kubernetes/resources.ts'
import { asText, at, isObject } from '../../kubernetes/rest/json.ts'
import { AnswerError } from './client.ts'
import type { ApiClient } from './client.ts'
import type { KubeletHost } from './host.ts'
import { logLine } from './host.ts'

/** Time to pull an image and start a container, ms. */
const START_MS = 2500
/** Time a container takes to end after it was asked, ms. */
const END_MS = 1000

/** What the pods of a node need to know of it. */
export interface PodSurroundings {
  nodeName: string
  address: string
  podCidr(): string
  /** Whether pods with a network of their own can start. */
  networkReady(): boolean
  /** A network plugin's pod came to run here, or the last one went. */
  onNetworkPlugin(present: boolean): void
}

interface Running {
  object: ApiObject
  state: 'waiting' | 'starting' | 'running' | 'ending'
  ip: string
  startedAt: string
}

/** Runs the pods that are bound to a node: their containers start, run and end; nothing is executed. */
export class PodRunner {
  readonly #host: KubeletHost
  readonly #client: ApiClient
  readonly #around: PodSurroundings
  readonly #signal: AbortSignal
  readonly #pods = new Map<string, Running>()
  #nextIp = 2

  constructor(host: KubeletHost, client: ApiClient, around: PodSurroundings, signal: AbortSignal) {
    this.#host = host
    this.#client = client
    this.#around = around
    this.#signal = signal
  }

  /** Follows the node's pods until the kubelet ends. */
  async run(): Promise<void> {
    const selector = `fieldSelector=${encodeURIComponent(`spec.nodeName=${this.#around.nodeName}`)}`
    while (!this.#signal.aborted) {
      try {
        const list = await this.#client.call('GET', `/api/v1/pods?${selector}`, undefined, {
          signal: this.#signal,
        })
        const items = at(list, ['items'])
        const seen = new Set<string>()
        for (const item of Array.isArray(items) ? items : [])
          if (isObject(item)) {
            seen.add(asText(at(item, ['metadata', 'uid'])))
            this.#see(item as ApiObject)
          }
        for (const uid of this.#pods.keys()) if (!seen.has(uid)) this.#forget(uid)
        const version = asText(at(list, ['metadata', 'resourceVersion']))
        await this.#client.watch(
          `/api/v1/pods?watch=true&${selector}&resourceVersion=${version}`,
          (event) => {
            const object = at(event, ['object'])
            if (!isObject(object) || asText(object['kind']) === 'Status') return
            if (at(event, ['type']) === 'DELETED') this.#forget(asText(at(object, ['metadata', 'uid'])))
            else this.#see(object as ApiObject)
          },
          this.#signal,
        )
      } catch {
        if (this.#signal.aborted) return
        await this.#host.clock.sleep(1000, this.#signal).catch(() => {})
      }
    }
  }

  /** The network came: pods that waited for it can start. */
  networkCame(): void {
    for (const pod of this.#pods.values()) this.#advance(pod)
  }

  #see(object: ApiObject): void {
    const uid = object.metadata.uid ?? ''
    const known = this.#pods.get(uid)
    const pod: Running = known ?? { object, state: 'waiting', ip: '', startedAt: '' }
    pod.object = object
    if (known === undefined) {
      this.#pods.set(uid, pod)
      // A kubelet that starts anew finds its containers running.
      if (at(object, ['status', 'phase']) === 'Running') {
        pod.state = 'running'
        pod.ip = asText(at(object, ['status', 'podIP']))
        pod.startedAt = asText(at(object, ['status', 'startTime']))
        this.#tellNetwork()
      }
    }
    this.#advance(pod)
  }

  #forget(uid: string): void {
    if (this.#pods.delete(uid)) this.#tellNetwork()
  }

  #advance(pod: Running): void {
    if (pod.object.metadata.deletionTimestamp !== undefined) {
      if (pod.state !== 'ending') {
        pod.state = 'ending'
        void this.#end(pod)
      }
      return
    }
    if (pod.state !== 'waiting') return
    const ownNetwork = at(pod.object, ['spec', 'hostNetwork']) !== true
    if (ownNetwork && !this.#around.networkReady()) {
      void this.#write(pod, this.#status(pod, 'ContainerCreating'))
      return
    }
    pod.state = 'starting'
    void this.#start(pod)
  }

  async #start(pod: Running): Promise<void> {
    await this.#write(pod, this.#status(pod, 'ContainerCreating'))
    await this.#host.clock.sleep(START_MS, this.#signal).catch(() => {})
    if (this.#signal.aborted || pod.state !== 'starting') return
    pod.ip = at(pod.object, ['spec', 'hostNetwork']) === true ? this.#around.address : this.#allocate()
    pod.startedAt = this.#now()
    pod.state = 'running'
    await this.#write(pod, this.#status(pod, undefined))
    this.#tellNetwork()
  }

  async #end(pod: Running): Promise<void> {
    const { name = '', namespace = '', uid = '' } = pod.object.metadata
    await this.#host.clock
      .sleep(Math.min(END_MS, (pod.object.metadata.deletionGracePeriodSeconds ?? 30) * 1000), this.#signal)
      .catch(() => {})
    if (this.#signal.aborted) return
    for (;;) {
      try {
        await this.#client.call(
          'DELETE',
          `/api/v1/namespaces/${namespace}/pods/${name}`,
          {
            kind: 'DeleteOptions',
            apiVersion: 'v1',
            gracePeriodSeconds: 0,
            preconditions: { uid },
          },
          { signal: this.#signal },
        )
        return
      } catch (error) {
        if (this.#signal.aborted) return
        if (error instanceof AnswerError && (error.status === 404 || error.status === 409)) return
        await this.#host.clock.sleep(2000, this.#signal).catch(() => {})
      }
    }
  }

  #tellNetwork(): void {
    this.#around.onNetworkPlugin(
      [...this.#pods.values()].some((pod) => pod.state === 'running' && isNetworkPlugin(pod.object)),
    )
  }

  async #write(pod: Running, status: JsonObject): Promise<void> {
    const { name = '', namespace = '', uid = '' } = pod.object.metadata
    try {
      await this.#client.call(
        'PATCH',
        `/api/v1/namespaces/${namespace}/pods/${name}/status`,
        { metadata: { uid }, status },
        { contentType: 'application/strategic-merge-patch+json', signal: this.#signal },
      )
    } catch (error) {
      if (this.#signal.aborted || (error instanceof AnswerError && error.status === 404)) return
      logLine(
        this.#host,
        'E',
        'status_manager.go:1005',
        `"Failed to update status for pod" pod="${namespace}/${name}" err=${JSON.stringify(error instanceof Error ? error.message : String(error))}`,
      )
    }
  }

  /** Status with running containers, or with containers that wait for `reason`. */
  #status(pod: Running, reason: string | undefined): JsonObject {
    const now = this.#now()
    const running = reason === undefined
    const containers = at(pod.object, ['spec', 'containers'])
    const list = Array.isArray(containers) ? containers.filter(isObject) : []
    const names = list.map((container) => asText(container['name']))
    const condition = (type: string, holds: boolean): JsonObject => ({
      type,
      status: holds ? 'True' : 'False',
      lastProbeTime: null,
      lastTransitionTime: now,
      ...(holds
        ? {}
        : {
            reason: 'ContainersNotReady',
            message: `containers with unready status: [${names.join(' ')}]`,
          }),
    })
    return {
      phase: running ? 'Running' : 'Pending',
      conditions: [
        { ...condition('PodReadyToStartContainers', running), reason: null, message: null },
        condition('Initialized', true),
        condition('Ready', running),
        condition('ContainersReady', running),
        condition('PodScheduled', true),
      ],
      hostIP: this.#around.address,
      hostIPs: [{ ip: this.#around.address }],
      ...(pod.ip === '' ? {} : { podIP: pod.ip, podIPs: [{ ip: pod.ip }] }),
      startTime: pod.startedAt === '' ? now : pod.startedAt,
      containerStatuses: list.map((container) => ({
        name: asText(container['name']),
        image: asText(container['image']),
        imageID: running ? `${asText(container['image'])}@sha256:${'0'.repeat(64)}` : '',
        ready: running,
        started: running,
        restartCount: 0,
        state: running ? { running: { startedAt: now } } : { waiting: { reason: reason ?? '' } },
        lastState: {},
        ...(running
          ? {
              containerID: `containerd://${(pod.object.metadata.uid ?? '').replaceAll('-', '').padEnd(64, '0')}`,
            }
          : {}),
      })) as Json,
    }
  }

  #allocate(): string {
    const [base = '10.244.0.0'] = this.#around.podCidr().split('/')
    return base.replace(/\.\d+$/, `.${this.#nextIp++}`)
  }

  #now(): string {
    return new Date(this.#host.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  }
}

/** Whether a pod is a network plugin's: of a DaemonSet, and with the host's CNI configuration mounted. */
export function isNetworkPlugin(pod: ApiObject): boolean {
  const volumes = at(pod, ['spec', 'volumes'])
  return (
    (pod.metadata.ownerReferences ?? []).some((owner) => owner.kind === 'DaemonSet') &&
    Array.isArray(volumes) &&
    volumes.some((volume) => asText(at(volume, ['hostPath', 'path'])).startsWith('/etc/cni'))
  )
}
