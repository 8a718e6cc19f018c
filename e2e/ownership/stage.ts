import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ask } from '../chaos/world.ts'
import { eventually, example, startBench, type Bench } from '../harness.ts'
import { startMiddleman, type Middleman } from '../middleman.ts'
import { createForeigner, type Foreigner } from './foreigner.ts'

/** A Machine, as much of it as these journeys read. */
export interface Worker {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string }
  readonly spec: {
    readonly id: string
    readonly nodePoolName: string
    readonly vmid?: number
    readonly host?: string
    readonly made?: boolean
  }
  readonly status?: {
    readonly addresses?: string[]
    readonly conditions?: { type: string; status: string; reason: string; message: string }[]
  }
}

/** A lab with a control plane, a middleman before its Proxmox, and the least token that the controllers may have. */
export interface Stage {
  readonly bench: Bench
  readonly middleman: Middleman
  readonly foreigner: Foreigner
  readonly installation: string
  /** Makes a pool of the one control plane. */
  pool(name: string, replicas: number): Promise<void>
  scale(name: string, replicas: number): Promise<void>
  /** Machines of a pool. */
  workers(pool: string): Promise<Worker[]>
  /** Resolves when the pool has so many machines, all joined and none of them leaving. */
  joined(pool: string, count: number): Promise<Worker[]>
  /** Installs a network plugin in the tenant cluster, so that its Nodes become Ready. */
  network(): Promise<void>
  /** A pool's condition Ready. */
  saying(pool: string): Promise<{ reason: string; message: string } | undefined>
}

/** Paths of our kinds in the namespace of these journeys. */
export const ours = '/apis/fochista.dev/v1alpha1/namespaces/default'
/** The one control plane. */
export const CLUSTER = 'acme'

/** Sets the stage; nothing of ours runs yet. */
export async function setStage(): Promise<Stage> {
  const bench = await startBench({ speed: 40 })
  const middleman = await startMiddleman(bench)
  await useMiddleman(bench, middleman)
  await makeControlPlane(bench)
  const { data } = (await ask(
    bench,
    'GET',
    '/api/v1/namespaces/fochista-system/configmaps/fochista-installation',
  )) as { data: { id: string } }
  const workers = async (pool: string): Promise<Worker[]> =>
    ((await ask(bench, 'GET', `${ours}/machines`)) as { items: Worker[] }).items.filter(
      ({ spec }) => spec.nodePoolName === pool,
    )
  return {
    bench,
    middleman,
    foreigner: createForeigner(bench),
    installation: data.id,
    pool: async (name, replicas) => {
      await ask(bench, 'POST', `${ours}/nodepools`, {
        apiVersion: 'fochista.dev/v1alpha1',
        kind: 'NodePool',
        metadata: { name },
        spec: { clusterName: CLUSTER, className: 'small', replicas },
      })
    },
    scale: async (name, replicas) => {
      await ask(bench, 'PATCH', `${ours}/nodepools/${name}`, { spec: { replicas } })
    },
    workers,
    joined: (pool, count) =>
      eventually(`${count} machines of ${pool} have joined`, 60_000, async () => {
        const all = await workers(pool)
        assert.equal(all.length, count, JSON.stringify(all.map(({ metadata }) => metadata)))
        for (const worker of all) assert.ok(hasJoined(worker), JSON.stringify(worker.status?.conditions))
        return all
      }),
    network: async () => {
      const file = join(bench.folder, 'tenant.kubeconfig')
      const kubeconfig = await eventually('the control plane has a kubeconfig', 60_000, () =>
        bench.ok('cluster', 'kubeconfig', CLUSTER),
      )
      await writeFile(file, kubeconfig)
      await eventually('the network plugin is applied', 60_000, () =>
        bench.kubectl('--kubeconfig', file, 'apply', '-f', example('network.yaml')),
      )
    },
    saying: async (pool) => {
      const { status } = (await ask(bench, 'GET', `${ours}/nodepools/${pool}`)) as Worker
      return status?.conditions?.find(({ type }) => type === 'Ready')
    },
  }
}

/** True once the machine's Node was seen. */
export const hasJoined = ({ status, metadata }: Worker): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status?.conditions?.some((one) => one.type === 'Joined' && one.status === 'True') ?? false)

/** What a machine says of a step. */
export const saysOf = ({ status }: Worker, step: string) =>
  status?.conditions?.find(({ type }) => type === step)

/** Leads the ProxmoxCluster `lab` through a middleman; many clones may run at once. */
export async function useMiddleman(bench: Bench, { url, fingerprint }: Middleman): Promise<void> {
  await ask(bench, 'PATCH', '/apis/fochista.dev/v1alpha1/proxmoxclusters/lab', {
    spec: { endpoints: [url], tls: { fingerprints: [fingerprint] }, limits: { clonesPerStorage: 16 } },
  })
}

/** A small control plane. */
export async function makeControlPlane(bench: Bench): Promise<void> {
  await ask(bench, 'POST', '/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes', {
    apiVersion: 'kamaji.clastix.io/v1alpha1',
    kind: 'TenantControlPlane',
    metadata: { name: CLUSTER },
    spec: {
      controlPlane: { deployment: { replicas: 1 }, service: { serviceType: 'LoadBalancer' } },
      kubernetes: { version: 'v1.30.0', kubelet: { cgroupfs: 'systemd' } },
      networkProfile: { port: 6443 },
      addons: { coreDNS: {}, kubeProxy: {} },
    },
  })
}
