import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parentPort, Worker } from 'node:worker_threads'

const COUNT = 10_000

// Long lists over HTTP, from a thread of its own: what the server does must not count among what a client costs.

/** A server of long lists. */
export interface ListServer {
  readonly url: string
  stop(): Promise<unknown>
}

/** Starts the server; it has `/api2/json/cluster/resources` as Proxmox answers it, and Pods as Kubernetes does, page by page. */
export async function startListServer(): Promise<ListServer> {
  const worker = new Worker(new URL(import.meta.url), { execArgv: process.execArgv })
  const [port] = (await once(worker, 'message')) as [number]
  return { url: `http://127.0.0.1:${port}`, stop: () => worker.terminate() }
}

/** Path of the status of one VM. */
export const statusPath = '/api2/json/nodes/pve1/qemu/100/status/current'

/** Path of a page of Pods; the next begins at the last one's `metadata.continue`. */
export const podsPath = '/api/v1/pods'

function virtualMachine(index: number): object {
  const vmid = 100 + index
  return {
    id: `qemu/${vmid}`,
    type: 'qemu',
    vmid,
    node: `pve${index % 32}`,
    name: `worker-${vmid}`,
    status: 'running',
    template: 0,
    tags: 'fochista;team-a',
    pool: 'fochista-team-a',
    cpu: 0.0123456789,
    maxcpu: 4,
    mem: 2_147_483_648,
    maxmem: 4_294_967_296,
    memhost: 2_200_000_000,
    disk: 0,
    maxdisk: 21_474_836_480,
    diskread: 123_456_789,
    diskwrite: 987_654_321,
    netin: 1_234_567,
    netout: 7_654_321,
    uptime: 86_400 + index,
  }
}

function pod(index: number): object {
  const name = `web-7c5ddbdf54-${index.toString(36).padStart(5, '0')}`
  return {
    metadata: {
      name,
      namespace: `team-${index % 50}`,
      uid: `11111111-2222-3333-4444-${index.toString().padStart(12, '0')}`,
      resourceVersion: String(1000 + index),
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { app: 'web', 'pod-template-hash': '7c5ddbdf54' },
    },
    spec: {
      nodeName: `worker-${index % 500}`,
      containers: [
        {
          name: 'web',
          image: 'registry.example/web:1.2.3',
          resources: {},
          terminationMessagePath: '/dev/log',
        },
      ],
      restartPolicy: 'Always',
    },
    status: {
      phase: 'Running',
      podIP: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:10Z' }],
    },
  }
}

function serve(): void {
  const indices = Array.from({ length: COUNT }, (_, index) => index)
  const resources = Buffer.from(JSON.stringify({ data: indices.map(virtualMachine) }))
  const pages = new Map<string, Buffer>()
  const page = (from: number, limit: number): Buffer => {
    const key = `${from}+${limit}`
    const known = pages.get(key)
    if (known) return known
    const end = Math.min(COUNT, from + limit)
    const metadata = { resourceVersion: '20000', ...(end < COUNT ? { continue: String(end) } : {}) }
    const items = indices.slice(from, end).map(pod)
    const body = Buffer.from(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata, items }))
    pages.set(key, body)
    return body
  }
  const status = Buffer.from(JSON.stringify({ data: virtualMachine(0) }))
  const server = createServer((request, response) => {
    if (request.url === statusPath) {
      response.setHeader('content-type', 'application/json;charset=UTF-8')
      return response.end(status)
    }
    const url = new URL(request.url ?? '/', 'http://server')
    response.setHeader('content-type', 'application/json')
    if (url.pathname !== podsPath) return response.end(resources)
    // A watch of a quiet cluster.
    if (url.searchParams.get('watch')) return response.flushHeaders()
    const limit = Number(url.searchParams.get('limit') ?? COUNT)
    return response.end(page(Number(url.searchParams.get('continue') ?? 0), limit))
  })
  server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port))
}

if (parentPort) serve()
