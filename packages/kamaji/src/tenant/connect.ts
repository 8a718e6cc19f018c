import {
  connectionFromKubeconfigData,
  createInformer,
  createKubernetes,
  KubeconfigError,
  Node,
} from '@fochista/kubernetes'
import type { Connection, Informer, Kubernetes, KubernetesOptions } from '@fochista/kubernetes'
import { caPin } from '../ca-pin.ts'
import { endpointOf, isSameEndpoint, parseEndpoint, printEndpoint, serviceEndpointOf } from '../endpoint.ts'
import { TenantRefusedError } from '../errors.ts'
import type { TenantControlPlane } from '../kinds.ts'
import { kubeconfigOf } from '../kubeconfig.ts'
import type { KubeconfigOptions } from '../kubeconfig.ts'
import { addonsWithoutNode } from './addons.ts'
import { createBootstrapTokens } from './bootstrap-tokens.ts'
import type { BootstrapToken, NewBootstrapToken } from './bootstrap-tokens.ts'
import { drainNode } from './drain.ts'
import type { DrainOptions, DrainResult } from './drain.ts'
import { readJoinData } from './join-data.ts'
import type { JoinData } from './join-data.ts'
import { keepOfNode } from './keep-of-node.ts'
import { cordonNode, deleteNode, labelNode } from './nodes.ts'

export type ConnectTenantOptions = KubeconfigOptions & {
  /** Time for one request to the tenant, ms. @default 10000 */
  timeoutMs?: number
  /** Largest answer and longest watch event accepted from the tenant, bytes. @default 4 MiB */
  maxBytes?: number
  /** Most objects of one list accepted, and most Nodes followed. @default 10000: twice what Kubernetes is made for */
  maxItems?: number
  /** Runs each call to the tenant. */
  around?: KubernetesOptions['around']
  /** Told of each failure of the watch of Nodes, which then goes on. Without it a refusal ends the watch. */
  onNodesError?: (error: unknown) => void
  /** Now, ms since 1970: the age of tokens is counted from it. @default the machine's clock */
  now?: () => number
}

/** A tenant cluster, seen through its admin's eyes. Whatever it answers was written by the tenant. */
export interface Tenant {
  readonly kubernetes: Kubernetes
  readonly connection: Connection
  /** Pin of the tenant's certificate authority. */
  readonly caPin: string
  /** What a worker must know to join; checked field by field. */
  joinData(options?: { signal?: AbortSignal }): Promise<JoinData>
  /** Makes a join token, or gives the one with the same description a new term. */
  createBootstrapToken(token: NewBootstrapToken): Promise<BootstrapToken>
  findBootstrapToken(description: string): Promise<BootstrapToken | undefined>
  extendBootstrapToken(id: string, ttlMs: number): Promise<BootstrapToken | undefined>
  deleteBootstrapToken(id: string): Promise<void>
  /** Deletes every token with this description, expired ones too. */
  deleteBootstrapTokens(description: string): Promise<void>
  /** The tenant's nodes, each with no more than is read of it. The caller starts it; `close` stops it. */
  readonly nodes: Informer<Node>
  cordon(name: string): Promise<void>
  uncordon(name: string): Promise<void>
  drain(name: string, options: DrainOptions): Promise<DrainResult>
  deleteNode(name: string, options?: { uid?: string }): Promise<void>
  labelNode(name: string, labels: Record<string, string | null>): Promise<Node | undefined>
  /** Kamaji's add-ons that no node accepts. */
  addonsWithoutNode(options?: { signal?: AbortSignal }): Promise<string[]>
  close(): Promise<void>
}

/** Objects of one page of a list: a Node with its images has up to 30 KiB, so that a page stays within one answer. */
const PAGE = 100
/**
 * How fast we read what a tenant's API server says. 5000 Nodes that report every five minutes make a quarter of the rate, and their list
 * a minute and a half of it.
 */
const PACE = { bytesPerSecond: 1024 * 1024, burst: 32 * 1024 * 1024 }

/**
 * Connects to the tenant cluster of a control plane. Its kubeconfig is data that a tenant may have written: it is used only if it holds
 * nothing but an inline CA and credentials, and names this control plane's own endpoint or Service. Throws TenantNotReadyError while
 * there is none and TenantRefusedError for one that breaks these rules.
 */
export async function connectTenant(
  kubernetes: Kubernetes,
  tcp: TenantControlPlane,
  options: ConnectTenantOptions = {},
): Promise<Tenant> {
  const { user, server, signal } = options
  const text = await kubeconfigOf(kubernetes, tcp, {
    ...(user && { user }),
    ...(server && { server }),
    ...(signal && { signal }),
  })
  return openTenant(tenantConnection(text, tcp), options)
}

/** The connection that a tenant's kubeconfig describes, after the checks of `connectTenant`. */
export function tenantConnection(text: string, tcp: TenantControlPlane): Connection {
  const where = `the kubeconfig of TenantControlPlane "${tcp.metadata.name}"`
  let connection: Connection
  try {
    connection = connectionFromKubeconfigData(text)
  } catch (error) {
    if (error instanceof KubeconfigError)
      throw new TenantRefusedError(`${where} is refused: ${error.message}`, { cause: error })
    throw error
  }
  const url = new URL(connection.server)
  const named = parseEndpoint(url.host, 443)
  const own = [endpointOf(tcp), serviceEndpointOf(tcp)].filter((endpoint) => endpoint !== undefined)
  if (url.pathname !== '/' || !own.some((endpoint) => isSameEndpoint(endpoint, named))) {
    const allowed = [...new Set(own.map(printEndpoint))].join(' or ')
    throw new TenantRefusedError(
      `${where} is refused: its server is ${url.host}${url.pathname === '/' ? '' : url.pathname}, not ${allowed}`,
    )
  }
  return connection
}

function openTenant(connection: Connection, options: ConnectTenantOptions): Tenant {
  const { timeoutMs = 10_000, maxBytes = 4 * 1024 * 1024, maxItems = 10_000, now, onNodesError } = options
  const pin = caPin(connection.ca ?? '')
  const kubernetes = createKubernetes(connection, {
    timeoutMs,
    maxBytes,
    maxItems,
    maxListBytes: 4 * maxBytes,
    listTimeoutMs: 12 * timeoutMs,
    pageSize: PAGE,
    pace: PACE,
    ...(options.around && { around: options.around }),
  })
  const tokens = createBootstrapTokens(kubernetes, now)
  const nodes = createInformer(kubernetes, Node, {
    keep: keepOfNode,
    ...(onNodesError ? { onError: onNodesError } : {}),
  })
  return {
    kubernetes,
    connection,
    caPin: pin,
    joinData: ({ signal } = {}) => readJoinData(kubernetes, signal),
    createBootstrapToken: (token) => tokens.create(token),
    findBootstrapToken: (description) => tokens.find(description),
    extendBootstrapToken: (id, ttlMs) => tokens.extend(id, ttlMs),
    deleteBootstrapToken: (id) => tokens.delete(id),
    deleteBootstrapTokens: (description) => tokens.deleteByDescription(description),
    nodes,
    cordon: (name) => cordonNode(kubernetes, name),
    uncordon: (name) => cordonNode(kubernetes, name, false),
    drain: (name, drain) => drainNode(kubernetes, name, drain),
    deleteNode: (name, remove) => deleteNode(kubernetes, name, remove),
    labelNode: (name, labels) => labelNode(kubernetes, name, labels),
    addonsWithoutNode: (call) => addonsWithoutNode(kubernetes, call),
    async close() {
      nodes.stop()
      await kubernetes.close()
    },
  }
}
