import type { LabClock } from '../clock.ts'
import type { ApiServer, StorageKeeper } from '../kubernetes/api.ts'
import type { Exchange } from '../kubernetes/http/exchange.ts'
import { at } from '../kubernetes/rest/json.ts'
import { createApiServer } from '../kubernetes/server.ts'
import { portOf, publicEndpoint, serviceRanges, versionOf } from '../kamaji/control-plane.ts'
import type { TenantSide } from '../kamaji/operator.ts'
import type { Pass } from '../kamaji/pass.ts'
import { shownStatus } from '../kamaji/status.ts'
import { gvr, keys } from '../kamaji/vocabulary.ts'
import type { KeyPair } from '../pki.ts'
import { keepAddons } from './addons/keep.ts'
import type { AddonFacts } from './addons/manifest.ts'
import { keepFrozen, keepWriteLimits, serveGuards } from './guards.ts'
import type { Forward, LabNetwork } from './network.ts'
import { watchTenant } from './watch.ts'

/** A running tenant API server, for what is started beside it. */
export interface TenantCluster {
  readonly namespace: string
  readonly name: string
  /** Of its control plane. */
  readonly uid: string
  readonly api: ApiServer
  readonly ca: KeyPair
  readonly podCidr: string
  readonly serviceCidr: string
  /** Where clients reach it. */
  readonly address: { host: string; port: number }
}

/** Keeps what tenants hold beyond the process. */
export interface TenantKeeper {
  open(uid: string): StorageKeeper
  /** The control plane is gone, and all that was in it. */
  drop(uid: string): void
}

type TenantIntercept = (exchange: Exchange, answer: () => Promise<void>, tenant?: string) => Promise<void>

/** Starts what a cluster's controller manager and scheduler do. Returns what ends it. */
export type StartControllers = (cluster: TenantCluster) => () => void

/** The tenants of a lab. */
export interface TenantClusters extends TenantSide {
  /** The tenant of a control plane, awake or asleep. */
  find(namespace: string, name: string): TenantCluster | undefined
  list(): TenantCluster[]
  close(): Promise<void>
}

interface Entry {
  cluster: TenantCluster | undefined
  /** What listens for it at `cluster.address`; undefined while nothing does. */
  forward: Forward | undefined
  stopControllers: (() => void) | undefined
  stopWatch: (() => void) | undefined
  /** Everything done to a tenant happens one after the other. */
  queue: Promise<void>
  /** Nothing is started for it any more. */
  removed: boolean
  /** The certificate that Kamaji had issued when it was last looked at; a fault may show another. */
  issued: string | undefined
  complained: boolean
}

/** After falling asleep Kamaji's part inside the tenant ends this much later, ms. */
const SLEEP_RELEASE_MS = 8000

/** Makes the tenants' side of Kamaji: each control plane with ready pods gets an API server of its own behind its own address. */
export function createTenantClusters(options: {
  clock: LabClock
  network: LabNetwork
  startControllers: StartControllers
  log?: (text: string) => void
  /** Stands between requests and what answers them; `tenant` is `namespace/name`. */
  intercept?: TenantIntercept
  /** Keeps the objects of tenants; by the uid of the control plane. */
  keep?: TenantKeeper
}): TenantClusters {
  const entries = new Map<string, Entry>()
  let isClosed = false
  const entryOf = (key: string): Entry => {
    let entry = entries.get(key)
    if (entry === undefined) {
      entry = {
        cluster: undefined,
        forward: undefined,
        stopControllers: undefined,
        stopWatch: undefined,
        queue: Promise.resolve(),
        // A pass of Kamaji's that is under way when all ends must start nothing that nobody would end.
        removed: isClosed,
        issued: undefined,
        complained: false,
      }
      entries.set(key, entry)
    }
    return entry
  }
  const inOrder = (entry: Entry, work: () => Promise<void>): Promise<void> => {
    const done = entry.queue.then(work)
    // A failure is the caller's to report; it must not stop what comes after.
    entry.queue = done.catch(() => {})
    return done
  }
  const keep = async (entry: Entry, pass: Pass): Promise<void> => {
    if (entry.removed || pass.store.get(gvr.tenantControlPlanes, pass.namespace, pass.name) === undefined)
      return
    const deployment = pass.get(gvr.deployments, pass.name)
    const ready = at(deployment, ['status', 'readyReplicas'])
    if (typeof ready === 'number' && ready > 0) {
      entry.cluster ??= await startServer(options, pass)
      presentNew(entry, pass)
      await expose(entry, pass)
      entry.stopControllers ??= options.startControllers(entry.cluster)
    } else await hide(entry)
    await tend(entry, pass)
  }
  /** New pods show the certificate and trust the authority that Kamaji has issued since the last ones. */
  const presentNew = (entry: Entry, pass: Pass): void => {
    const { cluster } = entry
    const { 'apiserver.crt': certPem = '', 'apiserver.key': keyPem = '' } =
      pass.secretTexts('api-server-certificate') ?? {}
    const before = entry.issued
    entry.issued = certPem
    if (!cluster || certPem === '' || before === undefined || before === certPem) return
    cluster.api.present({ certPem, keyPem }, pass.ca.certPem)
    if (pass.ca.certPem === cluster.ca.certPem) return
    entry.cluster = { ...cluster, ca: pass.ca }
    // What signs and what keeps the add-ons holds the authority that was.
    entry.stopControllers?.()
    entry.stopControllers = undefined
    entry.stopWatch?.()
    entry.stopWatch = undefined
  }
  /** Listens at the address that the control plane has now; at one that it had before nobody answers any more. */
  const expose = async (entry: Entry, pass: Pass): Promise<void> => {
    const address = { host: pass.address, port: portOf(pass.tcp) }
    if (entry.cluster === undefined) return
    const { host, port } = entry.cluster.address
    if (host !== address.host || port !== address.port) {
      await hide(entry)
      entry.cluster = { ...entry.cluster, address }
      entry.complained = false
    }
    if (entry.forward !== undefined) return
    const server = new URL(entry.cluster.api.url)
    try {
      entry.forward = await options.network.forward(address.host, address.port, {
        host: server.hostname,
        port: Number(server.port),
      })
    } catch (error) {
      if (entry.complained) return
      entry.complained = true
      options.log?.(
        `the tenant ${pass.namespace}/${pass.name} cannot listen on ${address.host}:${address.port} (${error instanceof Error ? error.message : String(error)}); its API server answers on ${server.href} only`,
      )
    }
  }
  const hide = async (entry: Entry): Promise<void> => {
    entry.stopControllers?.()
    entry.stopControllers = undefined
    const { forward } = entry
    entry.forward = undefined
    await forward?.close()
  }
  const tend = async (entry: Entry, pass: Pass): Promise<void> => {
    const state = shownStatus(pass.object)
    const held = (pass.object.metadata.finalizers ?? []).includes(keys.sootFinalizer)
    if (state === 'Sleeping') {
      if (!held) return
      entry.stopWatch?.()
      entry.stopWatch = undefined
      options.clock.setTimeout(() => {
        void inOrder(entry, async () => {
          if (!entry.removed && shownStatus(pass.object) === 'Sleeping') dropSoot(pass)
        }).catch(() => {})
      }, SLEEP_RELEASE_MS)
      return
    }
    if (
      !['Ready', 'Unknown', 'Upgrading', 'WriteLimited', 'Migrating'].includes(state) ||
      entry.cluster === undefined
    )
      return
    if (pass.object.metadata.deletionTimestamp !== undefined) return
    // It comes with the start of Kamaji's part inside the tenant: taken away by hand it stays away.
    if (!held && entry.stopWatch === undefined)
      pass.change((object) => {
        object.metadata.finalizers = [...(object.metadata.finalizers ?? []), keys.sootFinalizer]
      })
    const { cluster } = entry
    // New pods tell the new version; until all are new the old ones may still answer.
    if (state === 'Ready') cluster.api.gitVersion = versionOf(pass.tcp)
    if (state === 'Ready' || state === 'Migrating')
      keepFrozen(cluster.api, state === 'Migrating', cluster.ca.certPem)
    keepWriteLimits(cluster.api, pass.tcp, cluster.ca.certPem)
    await keepAddons(pass, cluster.api.store, factsOf(cluster, pass))
    entry.stopWatch ??= watchTenant(cluster.api, options.clock, () => {
      void inOrder(entry, () => again(entry, cluster, pass)).catch(() => {})
    })
  }
  const again = async (entry: Entry, cluster: TenantCluster, pass: Pass): Promise<void> => {
    if (entry.removed || entry.stopWatch === undefined) return
    if (pass.store.get(gvr.tenantControlPlanes, pass.namespace, pass.name) === undefined) return
    await keepAddons(pass, cluster.api.store, factsOf(cluster, pass))
  }
  const end = async (entry: Entry): Promise<void> => {
    entry.removed = true
    entry.stopWatch?.()
    await hide(entry)
    await entry.cluster?.api.close()
  }
  return {
    keep: (pass) => {
      const entry = entryOf(`${pass.namespace}/${pass.name}`)
      return inOrder(entry, () => keep(entry, pass))
    },
    release: (pass) => {
      const entry = entryOf(`${pass.namespace}/${pass.name}`)
      return inOrder(entry, async () => {
        entry.stopWatch?.()
        entry.stopWatch = undefined
      })
    },
    remove: (namespace, name) => {
      const key = `${namespace}/${name}`
      const entry = entries.get(key)
      entries.delete(key)
      if (entry === undefined) return Promise.resolve()
      return inOrder(entry, async () => {
        await end(entry)
        if (entry.cluster !== undefined) options.keep?.drop(entry.cluster.uid)
      })
    },
    find: (namespace, name) => entries.get(`${namespace}/${name}`)?.cluster,
    list: () => [...entries.values()].flatMap((entry) => entry.cluster ?? []),
    async close() {
      isClosed = true
      const all = [...entries.values()]
      entries.clear()
      await Promise.all(all.map((entry) => inOrder(entry, () => end(entry))))
    },
  }
}

function dropSoot(pass: Pass): void {
  pass.change((object) => {
    object.metadata.finalizers = (object.metadata.finalizers ?? []).filter(
      (each) => each !== keys.sootFinalizer,
    )
  })
}

function factsOf(cluster: TenantCluster, pass: Pass): AddonFacts {
  return {
    tcp: pass.tcp,
    address: pass.address,
    endpoint: publicEndpoint(pass.tcp, pass.address),
    caPem: cluster.ca.certPem,
    etcdEndpoints: pass.etcdEndpoints,
  }
}

async function startServer(
  { clock, intercept, keep }: Parameters<typeof createTenantClusters>[0],
  pass: Pass,
): Promise<TenantCluster> {
  const { tcp, ca } = pass
  const uid = pass.object.metadata.uid ?? ''
  const server = pass.secretTexts('api-server-certificate') ?? {}
  const accounts = pass.secretTexts('sa-certificate') ?? {}
  const serviceCidr = serviceRanges(tcp)[0] ?? '10.96.0.0/16'
  const api = createApiServer({
    host: '127.0.0.1',
    port: 0,
    tls: { certPem: server['apiserver.crt'] ?? '', keyPem: server['apiserver.key'] ?? '' },
    clientCaPem: ca.certPem,
    caPem: ca.certPem,
    ...(accounts['sa.key'] === undefined ? {} : { serviceAccountKeyPem: accounts['sa.key'] }),
    gitVersion: versionOf(tcp),
    clock,
    serviceCidr,
    ...(keep && { keep: keep.open(uid) }),
    ...(intercept && {
      intercept: (exchange, answer) => intercept(exchange, answer, `${pass.namespace}/${pass.name}`),
    }),
  })
  serveGuards(api)
  await api.listen()
  const podCidr =
    tcp.spec.networkProfile?.podCidrs?.[0] ?? tcp.spec.networkProfile?.podCidr ?? '10.244.0.0/16'
  return {
    namespace: pass.namespace,
    name: pass.name,
    uid,
    api,
    ca,
    podCidr,
    serviceCidr,
    address: { host: pass.address, port: portOf(tcp) },
  }
}
