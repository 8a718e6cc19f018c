import {
  connectTenant,
  endpointOf,
  printEndpoint,
  type Tenant,
  type TenantControlPlane,
} from '@fochista/kamaji'
import { isConnectionError, isUnauthorized, type Kubernetes, type Node } from '@fochista/kubernetes'
import type { Clock } from '../runtime/clock.ts'
import { keyOf } from '../runtime/keys.ts'
import type { Logger } from '../runtime/logger.ts'
import { lendingPlace } from '../runtime/place.ts'
import { createBreaker } from './breaker.ts'
import { createLimiter } from './limiter.ts'
import { createNews, type News } from './news.ts'

/** Calls to one tenant's API server at once. Whoever waits for one holds no worker. */
const CALLS_AT_ONCE = 4
/** A connection is not made anew sooner because its server refuses us, milliseconds. */
const LEAST_AGE_MS = 15_000

/** The connections to tenant clusters: one for each control plane, opened when first needed. */
export interface Tenants {
  /**
   * The tenant cluster of a control plane as it is now. Throws TenantNotReadyError while it has no kubeconfig, TenantRefusedError for one
   * that is not to be trusted.
   */
  get(controlPlane: TenantControlPlane): Promise<Tenant>
  /** A Node of a tenant cluster, if we are connected to it. */
  node(namespace: string, cluster: string, name: string): Node | undefined
  /** All Nodes of a tenant cluster, as last seen; none while we are not connected. */
  nodes(namespace: string, cluster: string): Node[]
  /**
   * Since when the tenant's API server has answered without a failure that we know of, milliseconds since 1970; undefined while it does
   * not, and while its Nodes have not been listed.
   */
  answeringSince(namespace: string, cluster: string): number | undefined
  /** Closes the connection to a control plane that is gone. */
  forget(namespace: string, cluster: string): void
  /**
   * Hears of changes of Nodes, of each at most once a second: namespace and name of the control plane, name of the Node; undefined once
   * all have been listed.
   * @returns what ends it
   */
  subscribe(listener: NodeListener): () => void
  close(): Promise<void>
}

type NodeListener = (namespace: string, cluster: string, node: string | undefined) => void

interface Entry {
  /** What makes this connection the right one. */
  readonly key: string
  readonly tenant: Promise<Tenant>
  open?: Tenant
  readonly madeAt: number
  /** The server no longer bears the CA that we know, or no longer takes our credentials: the kubeconfig may be another by now. */
  isDoubted?: boolean
  news?: News
  /** When its Nodes were listed, or a watch of them failed last. */
  steadySince?: number
}

/** Makes the connections. */
export function createTenants(config: {
  kubernetes: Kubernetes
  logger: Logger
  clock: Clock
  connect?: typeof connectTenant
}): Tenants {
  const { kubernetes, logger, clock, connect = connectTenant } = config
  const now = (): number => clock.now()
  const entries = new Map<string, Entry>()
  const listeners = new Set<NodeListener>()

  const close = (name: string): void => {
    const entry = entries.get(name)
    entries.delete(name)
    entry?.news?.close()
    entry?.tenant.then((tenant) => tenant.close()).catch(() => undefined)
  }
  const tell = (namespace: string, cluster: string, node: string | undefined): void => {
    for (const listener of listeners) listener(namespace, cluster, node)
  }
  /** Has everybody ask for the connection again, which is then made anew. */
  const doubt = (entry: Entry, namespace: string, cluster: string): void => {
    if (entry.isDoubted) return
    entry.isDoubted = true
    clock.setTimeout(
      () => tell(namespace, cluster, undefined),
      Math.max(0, entry.madeAt + LEAST_AGE_MS - now()),
    )
  }
  const open = async (entry: () => Entry, controlPlane: TenantControlPlane): Promise<Tenant> => {
    const { namespace = 'default', name } = controlPlane.metadata
    const limited = createLimiter(CALLS_AT_ONCE)
    const guarded = createBreaker(now)
    const tenant = await connect(kubernetes, controlPlane, {
      now,
      // The place is lent while waiting in the row too: else a tenant that hangs would hold as many workers as it has machines.
      around: (run) => lendingPlace(() => limited(() => guarded(run))),
      onNodesError: (error) => {
        entry().steadySince = now()
        if (mayBeOutdated(error)) doubt(entry(), namespace, name)
        logger.debug({ namespace, name, err: error }, 'watch of the tenant’s Nodes failed, will retry')
      },
    })
    entry().open = tenant
    const news = createNews(clock, (node) => tell(namespace, name, node))
    entry().news = news
    tenant.nodes.subscribe(({ object }) => news.add(object.metadata.name))
    tenant.nodes.ready.then(
      () => {
        entry().steadySince = now()
        tell(namespace, name, undefined)
      },
      () => undefined,
    )
    tenant.nodes.start()
    return tenant
  }
  return {
    get: (controlPlane) => {
      const name = keyOf(controlPlane)
      const key = identityOf(controlPlane)
      const known = entries.get(name)
      const isOutdated = known?.isDoubted === true && now() - known.madeAt >= LEAST_AGE_MS
      if (known?.key === key && !isOutdated) return known.tenant
      close(name)
      const entry: Entry = {
        key,
        madeAt: now(),
        tenant: Promise.resolve().then(() => open(() => entry, controlPlane)),
      }
      entries.set(name, entry)
      entry.tenant.catch((error: unknown) => {
        logger.debug({ controlPlane: name, err: error }, 'cannot connect to the tenant cluster')
        if (entries.get(name) === entry) entries.delete(name)
      })
      return entry.tenant
    },
    node: (namespace, cluster, name) =>
      entries.get(`${namespace}/${cluster}`)?.open?.nodes.get(undefined, name),
    nodes: (namespace, cluster) => entries.get(`${namespace}/${cluster}`)?.open?.nodes.list() ?? [],
    forget: (namespace, cluster) => close(`${namespace}/${cluster}`),
    answeringSince: (namespace, cluster) => {
      const { open, steadySince } = entries.get(`${namespace}/${cluster}`) ?? {}
      return open?.nodes.isReady && open.nodes.error === undefined ? steadySince : undefined
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => {
      const all = [...entries.values()]
      entries.clear()
      for (const { news } of all) news?.close()
      await Promise.all(all.map(({ tenant }) => tenant.then((one) => one.close()).catch(() => undefined)))
    },
  }
}

/** What a server says, or is, whose CA or users have been replaced. Kamaji does so without a word in the status that we could rely on. */
function mayBeOutdated(error: unknown): boolean {
  if (isUnauthorized(error)) return true
  return isConnectionError(error) && /CERT|SIGNATURE|ISSUER|ALTNAME/.test(error.code)
}

/** Changes when the connection has to be made anew: another control plane, another address, another kubeconfig. */
function identityOf(controlPlane: TenantControlPlane): string {
  const endpoint = endpointOf(controlPlane)
  const kubeconfig = controlPlane.status?.kubeconfig?.admin
  return JSON.stringify([
    controlPlane.metadata.uid,
    endpoint && printEndpoint(endpoint),
    kubeconfig?.secretName,
    kubeconfig?.checksum,
    kubeconfig?.lastUpdate,
  ])
}
