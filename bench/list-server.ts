import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { parentPort, Worker, workerData } from 'node:worker_threads'

// Long lists over HTTP, from a thread of its own: what the server does must not count among what a client costs.

/** Certificate and key of a server, PEM. */
export interface ServerCertificate {
  readonly cert: string
  readonly key: string
}

/** A server of long lists. */
export interface ListServer {
  readonly url: string
  stop(): Promise<unknown>
}

/**
 * Starts the server. It has `/api2/json/cluster/resources` with so many VMs as Proxmox answers it, and as many Pods as kubectl asks for them to
 * print: as a table. With a certificate it speaks TLS.
 */
export async function startListServer(count = 10_000, certificate?: ServerCertificate): Promise<ListServer> {
  const worker = new Worker(new URL(import.meta.url), {
    execArgv: process.execArgv,
    workerData: { count, certificate } satisfies WorkerData,
  })
  const [port] = (await once(worker, 'message')) as [number]
  return { url: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}`, stop: () => worker.terminate() }
}

interface WorkerData {
  readonly count: number
  readonly certificate: ServerCertificate | undefined
}

/** Path of the status of one VM. */
export const statusPath = '/api2/json/nodes/pve1/qemu/100/status/current'

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

/** What an API server says of a Pod that is to be printed. */
function podRow(index: number): object {
  const name = `web-7c5ddbdf54-${index.toString(36).padStart(5, '0')}`
  return {
    cells: [name, '1/1', 'Running', '0', '5d', `10.0.${index >> 8}.${index & 255}`, `worker-${index % 50}`],
    object: {
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: {
        name,
        namespace: 'default',
        uid: `11111111-2222-3333-4444-${index.toString().padStart(12, '0')}`,
        resourceVersion: String(1000 + index),
        creationTimestamp: '2026-01-01T00:00:00Z',
        labels: { app: 'web', 'pod-template-hash': '7c5ddbdf54' },
      },
    },
  }
}

/** What kubectl asks for before it asks for Pods, and the Pods. */
function kubernetesAnswers(count: number): Record<string, object> {
  const columns = ['Name', 'Ready', 'Status', 'Restarts', 'Age', 'IP', 'Node']
  return {
    '/api': { kind: 'APIVersions', versions: ['v1'] },
    '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
    '/api/v1': {
      kind: 'APIResourceList',
      groupVersion: 'v1',
      resources: [
        {
          name: 'pods',
          singularName: 'pod',
          namespaced: true,
          kind: 'Pod',
          verbs: ['get', 'list'],
          shortNames: ['po'],
        },
      ],
    },
    '/api/v1/namespaces/default/pods': {
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: '20000' },
      columnDefinitions: columns.map((name, index) => ({
        name,
        type: 'string',
        format: '',
        priority: index < 5 ? 0 : 1,
      })),
      rows: Array.from({ length: count }, (_, index) => podRow(index)),
    },
  }
}

function serve({ count, certificate }: WorkerData): void {
  const vms = Array.from({ length: count }, (_, index) => virtualMachine(index))
  const answers = new Map(
    Object.entries({
      '/api2/json/cluster/resources': { data: vms },
      [statusPath]: { data: virtualMachine(0) },
      ...kubernetesAnswers(count),
    }).map(([path, body]) => [path, Buffer.from(JSON.stringify(body))]),
  )
  const listener: RequestListener = (request, response) => {
    const answer = answers.get((request.url ?? '').replace(/\?.*/s, ''))
    response.statusCode = answer ? 200 : 404
    response.setHeader('content-type', 'application/json;charset=UTF-8')
    response.end(answer ?? '{}')
  }
  const server = certificate ? createTlsServer(certificate, listener) : createServer(listener)
  server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port))
}

if (parentPort) serve(workerData as WorkerData)
