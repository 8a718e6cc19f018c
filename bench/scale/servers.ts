import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { proxmoxRoles } from '@fochista/api'
import type { KubernetesObject } from '@fochista/kubernetes'
import { createCa, issueCertificate } from '../../packages/lab/src/pki.ts'
import { worldOf, type WorldObjects, type WorldSize } from './world.ts'

// Both back ends of a big world at rest, over real sockets, from a thread of their own: they answer from memory, remember what is written,
// and cost whoever asks no more than the real ones would.

/** The servers of a world. */
export interface WorldServers {
  /** Where the management cluster answers. */
  readonly management: string
  stop(): Promise<unknown>
}

/** Starts them. */
export async function startServers(size: WorldSize): Promise<WorldServers> {
  const worker = new Worker(new URL(import.meta.url), { execArgv: process.execArgv, workerData: size })
  const [management] = (await once(worker, 'message')) as [string]
  return { management, stop: () => worker.terminate() }
}

async function serve(size: WorldSize): Promise<void> {
  // Names of their own: a leaf that bears its authority's would pass for one that has signed itself.
  const ca = await createCa({ commonName: 'tenants' })
  const leaf = await issueCertificate(ca, { commonName: 'tenant', ips: ['127.0.0.1'], usages: ['server'] })
  // Made last: it holds the addresses of the servers that answer with it.
  const made = Promise.withResolvers<WorldObjects>()
  const proxmox = await listen(createServer(proxmoxOf(made.promise)))
  const tenant = await listen(
    createTlsServer({ cert: leaf.certPem, key: leaf.keyPem }, tenantsOf(made.promise)),
  )
  const world = worldOf(size, {
    proxmox: `http://127.0.0.1:${proxmox}`,
    tenant: `127.0.0.1:${tenant}`,
    caPem: ca.certPem,
  })
  made.resolve(world)
  const management = await listen(createServer(managementOf(world)))
  parentPort?.postMessage(`http://127.0.0.1:${management}`)
}

/** As much of Proxmox as is asked of one in which nothing happens. */
function proxmoxOf(made: Promise<WorldObjects>): RequestListener {
  // What Proxmox knows of a host's load it learns every ten seconds, so that of every look in two seconds a fifth of the hosts are new.
  const bodies = made.then(({ resources }) =>
    Array.from({ length: HOST_ROUNDS }, (_, round) =>
      Buffer.from(JSON.stringify({ data: resources.map((one, index) => withLoad(one, index, round)) })),
    ),
  )
  let looks = 0
  const storages = [
    { storage: 'local-lvm', type: 'lvmthin', content: 'images' },
    { storage: 'local', type: 'dir', content: 'iso' },
  ]
  let stamp: string | undefined
  const answerTo = async (path: string, query: URLSearchParams): Promise<unknown> => {
    const vmid = /\/qemu\/(\d+)\/config$/.exec(path)?.[1]
    if (vmid !== undefined) return { description: (await made).descriptions.get(Number(vmid)) ?? '' }
    switch (path) {
      case '/pools':
        return stamp === undefined ? [] : [{ poolid: query.get('poolid'), comment: stamp }]
      case '/version':
        return { version: '9.1.2', release: '9.1', repoid: '0' }
      case '/storage':
        return storages
      case '/access/permissions':
        return { [query.get('path') ?? '']: Object.fromEntries(PRIVILEGES.map((one) => [one, 1])) }
      default:
        return []
    }
  }
  return answering(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server')
    const path = pathname.replace('/api2/json', '')
    if (path === '/cluster/resources') {
      looks += 1
      return send(response, (await bodies)[looks % HOST_ROUNDS] ?? '')
    }
    if (path === '/pools' && request.method !== 'GET')
      stamp = new URLSearchParams(await bodyOf(request)).get('comment') ?? ''
    send(response, JSON.stringify({ data: await answerTo(path, searchParams) }))
  })
}

/** Bodies that are given in turn; in each the load of a fifth of the VMs is another than in the one before. */
const HOST_ROUNDS = 5

function withLoad(resource: object, index: number, round: number): object {
  const moved = index % HOST_ROUNDS <= round
  return 'cpu' in resource && moved ? { ...resource, cpu: 0.0987654321, mem: 2_147_400_000 } : resource
}

/** The API servers of all tenants; which of them is meant stands in the token. */
function tenantsOf(made: Promise<WorldObjects>): RequestListener {
  return answering(async (request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://server')
    const cluster = Number(/tenant-(\d+)/.exec(request.headers.authorization ?? '')?.[1])
    response.setHeader('content-type', 'application/json')
    // A watch of a quiet cluster.
    if (searchParams.get('watch')) return response.flushHeaders()
    const items = (await made).nodes[cluster] ?? []
    send(
      response,
      JSON.stringify({ kind: 'NodeList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items }),
    )
  })
}

/** A listener whose failures end the connection, as a crash of the server would. */
function answering(
  listener: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): RequestListener {
  return (request, response) => {
    listener(request, response).catch((error: unknown) => response.destroy(error as Error))
  }
}

/** As much of an API server as the controllers ask for. */
function managementOf(world: WorldObjects): RequestListener {
  let version = 1000
  const store = new Map<string, Map<string, KubernetesObject>>()
  const watches = new Map<string, Set<ServerResponse>>()
  for (const [plural, objects] of Object.entries(world.management))
    store.set(
      plural,
      new Map(
        objects.map((object) => [`${object.metadata.namespace ?? ''}/${object.metadata.name}`, put(object)]),
      ),
    )
  function put(object: KubernetesObject): KubernetesObject {
    version += 1
    object.metadata.resourceVersion = String(version)
    return object
  }
  return answering(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server')
    const parts =
      /^\/apis?\/(?:[\w.-]+\/)?v\w+(?:\/namespaces\/([^/]+)(?=\/[^/]+))?\/([^/]+)(?:\/([^/]+))?/.exec(
        pathname,
      )
    const [, namespace = '', plural = '', name] = parts ?? []
    const objects = store.get(plural) ?? new Map<string, KubernetesObject>()
    store.set(plural, objects)
    const key = `${namespace}/${name ?? ''}`
    response.setHeader('content-type', 'application/json')
    if (request.method === 'POST') {
      const object = put(JSON.parse(await bodyOf(request)) as KubernetesObject)
      if (plural !== 'events') objects.set(`${namespace}/${object.metadata.name}`, object)
      response.statusCode = 201
      return send(response, JSON.stringify(object))
    }
    if (name !== undefined) {
      const known = objects.get(key)
      if (!known) {
        response.statusCode = 404
        return send(
          response,
          JSON.stringify({
            kind: 'Status',
            status: 'Failure',
            reason: 'NotFound',
            code: 404,
            message: `${plural} "${name}" not found`,
            details: { name },
          }),
        )
      }
      if (request.method !== 'PATCH') return send(response, JSON.stringify(known))
      const patched = put(merged(known, JSON.parse(await bodyOf(request))) as KubernetesObject)
      objects.set(key, patched)
      const text = JSON.stringify(patched)
      for (const watch of watches.get(plural) ?? []) watch.write(`{"type":"MODIFIED","object":${text}}\n`)
      return send(response, text)
    }
    if (searchParams.get('watch')) {
      const open = watches.get(plural) ?? new Set()
      watches.set(plural, open.add(response))
      response.on('close', () => open.delete(response))
      return response.flushHeaders()
    }
    const all = [...objects.values()]
    const from = Number(searchParams.get('continue') ?? 0)
    const end = Math.min(all.length, from + Number(searchParams.get('limit') ?? all.length))
    const metadata = {
      resourceVersion: String(version),
      ...(end < all.length ? { continue: String(end) } : {}),
    }
    // Claims are asked for by their labels; there are none.
    const items = plural === 'leases' ? [] : all.slice(from, end)
    return send(response, JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata, items }))
  })
}

/** RFC 7386. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {}
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete result[key]
    else result[key] = merged(result[key], value)
  return result
}

/** A token that may do all that the controllers do. */
const PRIVILEGES = [...new Set<string>(Object.values(proxmoxRoles).flat())]

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function send(response: ServerResponse, body: string | Buffer): void {
  response.setHeader('content-type', 'application/json')
  response.end(body)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

if (parentPort) await serve(workerData as WorldSize)
