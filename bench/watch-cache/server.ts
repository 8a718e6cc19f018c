import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

// An API server of 10,000 Pods in a process of its own, which changes them and cuts connections when it is told to.

/** How many Pods there are. */
export const COUNT = 10_000
/** Length of one of them, bytes of JSON. */
const LENGTH = 4096

/** The server, for whoever measures. */
export interface PodServer {
  readonly url: string
  /** Changes each Pod once, in a stream of events. @returns the resource version after the last */
  change(): Promise<string>
  /** Cuts the connections of those who watch, in the middle of whatever they do. */
  cut(): Promise<void>
  stop(): void
}

type Order = 'change' | 'cut'

/** Starts the server. */
export async function startPodServer(): Promise<PodServer> {
  const child = fork(new URL(import.meta.url), ['serve'], { execArgv: process.execArgv })
  const told = async (): Promise<unknown> => ((await once(child, 'message')) as [unknown])[0]
  const url = String(await told())
  const order = async (what: Order): Promise<unknown> => {
    child.send(what)
    return told()
  }
  return {
    url,
    change: async () => String(await order('change')),
    cut: async () => void (await order('cut')),
    stop: () => stop(child),
  }
}

const stop = (child: ChildProcess): void => void child.kill()

function serve(): void {
  let version = COUNT
  const versions = Array.from({ length: COUNT }, (_, index) => index + 1)
  /** Events of the past, for those who come back. */
  const history: { version: number; index: number }[] = []
  const watches = new Set<ServerResponse>()
  const write = (
    response: ServerResponse,
    { index, version: at }: { version: number; index: number },
  ): boolean => response.write(`{"type":"MODIFIED","object":${JSON.stringify(pod(index, at))}}\n`)
  const change = async (): Promise<void> => {
    for (let index = 0; index < COUNT; index += 1) {
      version += 1
      versions[index] = version
      const event = { version, index }
      history.push(event)
      for (const watch of watches) if (!write(watch, event)) await once(watch, 'drain').catch(() => undefined)
    }
  }
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://server')
    response.setHeader('content-type', 'application/json')
    if (searchParams.get('watch')) {
      const since = Number(searchParams.get('resourceVersion'))
      response.flushHeaders()
      for (const event of history) if (event.version > since) write(response, event)
      watches.add(response)
      response.on('error', () => undefined)
      response.on('close', () => {
        watches.delete(response)
        response.emit('drain')
      })
      return
    }
    const from = Number(searchParams.get('continue') ?? 0)
    const end = Math.min(COUNT, from + Number(searchParams.get('limit') ?? COUNT))
    const metadata = {
      resourceVersion: String(version),
      ...(end < COUNT ? { continue: String(end) } : {}),
    }
    const items = versions.slice(from, end).map((at, index) => pod(from + index, at))
    response.end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata, items }))
  })
  process.on('message', (order: Order) => {
    if (order === 'cut') {
      for (const watch of watches) watch.socket?.resetAndDestroy()
      process.send?.('cut')
    } else void change().then(() => process.send?.(String(version)))
  })
  server.listen(0, '127.0.0.1', () =>
    process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
  )
}

/** A Pod as a Deployment makes it, with who manages which field. */
function pod(index: number, version: number): object {
  const name = `web-7c5ddbdf54-${index.toString(36).padStart(5, '0')}`
  const uid = `11111111-2222-3333-4444-${index.toString().padStart(12, '0')}`
  const time = '2026-01-01T00:00:00Z'
  const container = (at: number): object => ({
    name: `app-${at}`,
    image: 'registry.example/team/application:1.2.3',
    ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
    env: Array.from({ length: 4 }, (_, number) => ({
      name: `SETTING_${number}`,
      value: `value-${index}-${number}`,
    })),
    resources: { limits: { cpu: '500m', memory: '512Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
    volumeMounts: [
      { name: 'token', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ],
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
  })
  const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
    type,
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: time,
  }))
  const object = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name,
      namespace: `team-${index % 50}`,
      uid,
      resourceVersion: String(version),
      creationTimestamp: time,
      labels: {
        app: 'web',
        'pod-template-hash': '7c5ddbdf54',
        'app.kubernetes.io/part-of': `shop-${index % 50}`,
      },
      annotations: { note: '' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web-7c5ddbdf54',
          uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      volumes: [
        {
          name: 'token',
          projected: {
            sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }],
            defaultMode: 420,
          },
        },
      ],
      containers: [container(0), container(1)],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      nodeName: `worker-${index % 500}`,
      securityContext: {},
      schedulerName: 'default-scheduler',
      tolerations: [
        {
          key: 'node.kubernetes.io/not-ready',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
        {
          key: 'node.kubernetes.io/unreachable',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
      ],
    },
    status: {
      phase: 'Running',
      conditions,
      hostIP: '192.0.2.10',
      podIP: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      startTime: time,
      containerStatuses: [0, 1].map((at) => ({
        name: `app-${at}`,
        state: { running: { startedAt: time } },
        lastState: {},
        ready: true,
        restartCount: version % 10,
        image: 'registry.example/team/application:1.2.3',
        containerID: `containerd://${uid.replaceAll('-', '')}`,
        started: true,
      })),
      qosClass: 'Burstable',
    },
  }
  object.metadata.annotations.note = 'x'.repeat(Math.max(0, LENGTH - JSON.stringify(object).length))
  return object
}

if (process.argv[2] === 'serve') serve()
