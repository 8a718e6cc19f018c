import { INSTALLATION_CONFIG_MAP, MACHINE_STEPS, providerId, SYSTEM_NAMESPACE } from '@fochista/api'
import { caPin, type TenantControlPlane } from '@fochista/kamaji'
import type { KubernetesObject, Node } from '@fochista/kubernetes'
import { revisionOf } from '../../packages/controllers/src/index.ts'
import {
  aClass,
  aControlPlane,
  aHost,
  aMachine,
  aPool,
  aProxmoxCluster,
  aStorage,
  aTemplate,
  aVm,
  GIB,
  INSTALLATION,
  markOf,
  placed,
} from '../../packages/controllers/src/test/factories.ts'

/** How big a world is. */
export interface WorldSize {
  readonly clusters: number
  /** VMs in Proxmox. */
  readonly vms: number
  /** Those of them that are ours, spread over the clusters, each with its Machine, Ready. */
  readonly machines: number
}

/** Everything of a world at rest, as its API servers hold it. */
export interface WorldObjects {
  /** Objects of the management cluster, by the plural of their kind. */
  readonly management: Readonly<Record<string, KubernetesObject[]>>
  /** Nodes of each tenant. */
  readonly nodes: readonly (readonly Node[])[]
  /** `/cluster/resources`. */
  readonly resources: readonly object[]
  /** Descriptions by VMID. */
  readonly descriptions: ReadonlyMap<number, string>
}

const HOSTS = 32
const FIRST_VMID = 20_000
const TIME = '2026-01-01T00:00:00Z'

/** Makes the objects of a world. @param addresses Where Proxmox and the tenants answer, and the tenants' CA. */
export function worldOf(
  { clusters, vms, machines }: WorldSize,
  addresses: { readonly proxmox: string; readonly tenant: string; readonly caPem: string },
): WorldObjects {
  const management: Record<string, KubernetesObject[]> = {
    proxmoxclusters: [
      aProxmoxCluster({
        spec: { endpoints: [addresses.proxmox], vmidRange: { start: FIRST_VMID, end: 60_000 } },
      }),
    ],
    machineclasses: [aClass()],
    nodepools: [],
    machines: [],
    tenantcontrolplanes: [],
    namespaces: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE } }],
    leases: [],
    configmaps: [configMap({ id: INSTALLATION })],
    secrets: [secret(SYSTEM_NAMESPACE, 'dc1-credentials', { tokenId: 'bench@pve!scale', secret: 'none' })],
  }
  const add = (plural: string, object: KubernetesObject): void =>
    void management[plural]?.push(stored(object))
  const nodes: Node[][] = []
  const descriptions = new Map<number, string>()
  const resources: object[] = [aTemplate(9000, 'pve0')]
  const each = Math.ceil(machines / clusters)
  const pin = caPin(addresses.caPem)
  for (let cluster = 0; cluster < clusters; cluster += 1) {
    const namespace = `team-${cluster}`
    add('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    add('tenantcontrolplanes', controlPlane(namespace, cluster, addresses.tenant))
    add('secrets', secret(namespace, 'tenant-test-ca', { 'ca.crt': addresses.caPem }))
    add('secrets', secret(namespace, 'tenant-test-admin', { 'admin.conf': kubeconfig(cluster, addresses) }))
    const count = Math.min(each, machines - cluster * each)
    const pool = aPool({
      metadata: { namespace, uid: `pool-${cluster}`, generation: 1, finalizers: ['fochista.dev/finalizer'] },
      spec: { replicas: Math.max(0, count) },
    })
    // What a pool remembers of its cluster; that it has it makes this a world at rest.
    pool.status = { cluster: { uid: `tcp-${cluster}`, caPin: pin }, className: 'small', version: 'v1.30.4' }
    add('nodepools', pool)
    nodes.push([])
    for (let index = 0; index < count; index += 1) {
      const vmid = FIRST_VMID + cluster * each + index
      const node = `pve${vmid % HOSTS}`
      const machine = aMachine({
        metadata: {
          namespace,
          name: `workers-${index.toString(36).padStart(5, '0')}`,
          uid: `machine-${vmid}`,
          generation: 3,
          creationTimestamp: TIME,
        },
        spec: {
          ...placed,
          vmid,
          host: node,
          made: true,
          poolHash: revisionOf(pool),
          pool: `fochista-${namespace}`,
        },
      })
      machine.status = {
        phase: 'Ready',
        observedGeneration: 3,
        node,
        nodeName: machine.metadata.name,
        providerID: providerId('dc1', vmid),
        wasReady: true,
        addresses: [`10.${vmid >> 16}.${(vmid >> 8) & 255}.${vmid & 255}`],
        conditions: MACHINE_STEPS.map((type) => ({
          type,
          status: 'True' as const,
          reason: type,
          message:
            type === 'Ready'
              ? `Node ${machine.metadata.name} is Ready.`
              : `VM ${vmid} of machine ${machine.metadata.name} on ${node}.`,
          lastTransitionTime: TIME,
          observedGeneration: 3,
        })),
      }
      add('machines', machine)
      nodes[cluster]?.push(workerNode(machine.metadata.name, vmid))
      descriptions.set(vmid, `${markOf(machine, { namespace })}\n`)
      resources.push(listed(vmid, node, machine.metadata.name, `fochista-${namespace}`))
    }
  }
  for (let index = machines; index < vms; index += 1)
    resources.push(listed(100_000 + index, `pve${index % HOSTS}`, `office-${index}`, 'office'))
  for (let host = 0; host < HOSTS; host += 1)
    resources.push(
      aHost(`pve${host}`, { maxmem: 4096 * GIB, maxcpu: 128 }),
      aStorage('local-lvm', `pve${host}`),
      aStorage('local', `pve${host}`),
    )
  return { management, nodes, resources, descriptions }
}

/** With what a real API server adds: who manages which field takes as much room as the object. */
function stored(object: KubernetesObject): KubernetesObject {
  const fieldsV1 = {
    'f:spec': fieldsOf((object as { spec?: object }).spec),
    'f:status': fieldsOf((object as { status?: object }).status),
  }
  const managedFields = [
    { manager: 'fochista', operation: 'Update', time: TIME, fieldsType: 'FieldsV1', fieldsV1 },
  ]
  return { ...object, metadata: { ...object.metadata, managedFields } as KubernetesObject['metadata'] }
}

function fieldsOf(value: unknown): object {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [`f:${key}`, fieldsOf(inner)]))
}

function controlPlane(namespace: string, cluster: number, endpoint: string): KubernetesObject {
  return aControlPlane({
    metadata: { namespace, uid: `tcp-${cluster}`, generation: 1 },
    status: {
      controlPlaneEndpoint: endpoint,
      kubernetesResources: { version: { status: 'Ready', version: 'v1.30.4' } },
      certificates: { ca: { secretName: 'tenant-test-ca', checksum: 'c0ffee' } },
      kubeconfig: { admin: { secretName: 'tenant-test-admin', checksum: String(cluster) } },
    } as unknown as NonNullable<TenantControlPlane['status']>,
  })
}

function kubeconfig(cluster: number, { tenant, caPem }: { tenant: string; caPem: string }): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'tenant-test',
        cluster: {
          server: `https://${tenant}`,
          'certificate-authority-data': Buffer.from(caPem).toString('base64'),
        },
      },
    ],
    users: [{ name: 'admin', user: { token: `tenant-${cluster}` } }],
    contexts: [{ name: 'admin', context: { cluster: 'tenant-test', user: 'admin' } }],
    'current-context': 'admin',
  })
}

function workerNode(name: string, vmid: number): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      uid: `node-${vmid}`,
      resourceVersion: '1',
      annotations: { 'fochista.dev/applied': '{"labels":{},"taints":[]}' },
    },
    spec: { providerID: providerId('dc1', vmid) },
    status: {
      addresses: [{ type: 'InternalIP', address: `10.${vmid >> 16}.${(vmid >> 8) & 255}.${vmid & 255}` }],
      conditions: [
        { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
      ],
      images: Array.from({ length: 20 }, (_, index) => ({
        names: [`registry.example/app-${index}@sha256:${'0'.repeat(64)}`],
        sizeBytes: 10 ** 8,
      })),
    },
  } as unknown as Node
}

function listed(vmid: number, node: string, name: string, pool: string): object {
  return {
    ...aVm(vmid, node, { name, pool, tags: 'fochista' }),
    template: 0,
    cpu: 0.0123456789,
    maxcpu: 2,
    mem: 2_147_483_648,
    memhost: 2_200_000_000,
    disk: 0,
    maxdisk: 21_474_836_480,
    diskread: 123_456_789,
    diskwrite: 987_654_321,
    netin: 1_234_567,
    netout: 7_654_321,
    uptime: 86_400,
  }
}

function configMap(data: Record<string, string>): KubernetesObject {
  const metadata = { name: INSTALLATION_CONFIG_MAP, namespace: SYSTEM_NAMESPACE }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as KubernetesObject
}

function secret(namespace: string, name: string, texts: Record<string, string>): KubernetesObject {
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  )
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data } as KubernetesObject
}
