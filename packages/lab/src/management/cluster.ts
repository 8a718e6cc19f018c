import { kamajiCrds } from '@fochista/kamaji/crds'
import type { LabClock } from '../clock.ts'
import { gvr, keys } from '../kamaji/vocabulary.ts'
import { installKamaji } from '../kamaji/operator.ts'
import type { ApiServer, StaticToken, StorageKeeper } from '../kubernetes/api.ts'
import { addStaticNodes, signWith, startManagementControllers } from '../kubernetes/controllers/index.ts'
import type { Exchange } from '../kubernetes/http/exchange.ts'
import type { ApiObject, JsonObject } from '../kubernetes/resources.ts'
import { createApiServer } from '../kubernetes/server.ts'
import { issueCertificate } from '../pki.ts'
import type { KeyPair } from '../pki.ts'
import { createTenantClusters } from '../tenant/clusters.ts'
import type { TenantClusters, TenantKeeper } from '../tenant/clusters.ts'
import { startTenant } from '../tenant/controllers.ts'
import type { LabNetwork } from '../tenant/network.ts'
import { createBalancers } from './balancers.ts'
import { ETCD_ENDPOINTS, installChart } from './chart.ts'

/** How the management cluster is made. */
export interface ManagementOptions {
  readonly clock: LabClock
  readonly network: LabNetwork
  /** Address to listen on. */
  readonly host: string
  /** 0 for a free one. */
  readonly port: number
  /** Of the API server's certificate, and of client certificates. */
  readonly ca: KeyPair
  readonly tokens: readonly StaticToken[]
  /** Stands between requests and what answers them; `tenant` is `namespace/name`, of a tenant's server. */
  readonly intercept?: (exchange: Exchange, answer: () => Promise<void>, tenant?: string) => Promise<void>
  /** Of the data stores. */
  readonly etcd: KeyPair
  /** Signs service account tokens; PEM. */
  readonly accountsKey: string
  /** Keeps the objects beyond the process: the cluster's own, and those of its tenants. */
  readonly keep?: { readonly objects: StorageKeeper; readonly tenants: TenantKeeper }
  /** Told what goes wrong, as the components' logs would say it. */
  readonly log: (text: string) => void
}

/** The emulated management cluster with Kamaji, and its tenants. */
export interface ManagementCluster {
  readonly api: ApiServer
  readonly tenants: TenantClusters
  /** Stops everything, tenants included. */
  stop(): Promise<void>
}

/** The ports of a control plane's pod: its API server listens at that of the tenant's address. Undefined for other pods. */
function controlPlanePorts(
  { metadata }: ApiObject,
  tenants: TenantClusters,
): ((port: number) => { host: string; port: number } | undefined) | undefined {
  const tenant = tenants.find(metadata.namespace ?? '', metadata.labels?.[keys.name] ?? '')
  if (tenant === undefined) return undefined
  const { hostname, port } = new URL(tenant.api.url)
  return (wanted) => (wanted === tenant.address.port ? { host: hostname, port: Number(port) } : undefined)
}

const NODES = [1, 2, 3].map((number) => ({ name: `management-${number}`, address: `10.98.0.${10 + number}` }))

/** Starts a management cluster. Rejects with the system's error when it cannot listen. */
export async function startManagementCluster(options: ManagementOptions): Promise<ManagementCluster> {
  const { clock, ca, network } = options
  const local = options.host === '127.0.0.1' || options.host === 'localhost'
  const tls = await issueCertificate(ca, {
    commonName: 'kube-apiserver',
    dns: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
    ips: ['127.0.0.1', '::1', '10.96.0.1', ...(local ? [] : [options.host])],
    usages: ['server'],
  })
  const api = createApiServer({
    host: options.host,
    port: options.port,
    tls,
    clientCaPem: ca.certPem,
    caPem: ca.certPem,
    clock,
    staticTokens: [...options.tokens],
    serviceAccountKeyPem: options.accountsKey,
    ...(options.keep && { keep: options.keep.objects }),
    ...(options.intercept && { intercept: options.intercept }),
    podPorts: (pod) => controlPlanePorts(pod, tenants),
    crds: kamajiCrds.map((crd) => structuredClone(crd) as unknown as JsonObject),
  })
  await api.listen()
  const { etcd } = options
  if (options.keep?.objects.restored === undefined) {
    addStaticNodes(api, NODES)
    await installChart(api, etcd)
  }
  const stopControllers = startManagementControllers(api, {
    loadBalancers: createBalancers(network, api.store.list(gvr.services)),
    signer: signWith(ca, clock),
    system: { hostname: 'management-1' },
  })
  const tenants = createTenantClusters({
    clock,
    network,
    log: options.log,
    startControllers: startTenant,
    ...(options.keep && { keep: options.keep.tenants }),
    ...(options.intercept && { intercept: options.intercept }),
  })
  const kamaji = installKamaji({
    api,
    clock,
    etcd: { ca: etcd, endpoints: ETCD_ENDPOINTS },
    tenants,
    log: options.log,
  })
  return {
    api,
    tenants,
    async stop() {
      stopControllers()
      await Promise.all([kamaji.stop(), tenants.close(), api.close()])
    },
  }
}
