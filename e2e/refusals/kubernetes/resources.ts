/** A resource of the API, as much of it as a refusal speaks of. */
export interface Resource {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  /** Of a CustomResourceDefinition: the generic server answers in other words than that of built-in kinds. */
  readonly custom: boolean
  /** Its subresources that are asked for. */
  readonly subs: readonly string[]
  /** A whole object but for its name, where one can be made. */
  readonly whole?: Readonly<Record<string, unknown>>
}

type Facts = Partial<Omit<Resource, 'resource' | 'kind'>>

const builtin = (group: string, resource: string, kind: string, facts: Facts = {}): Resource => ({
  group,
  version: 'v1',
  resource,
  kind,
  namespaced: true,
  custom: false,
  subs: [],
  ...facts,
})
const custom = (group: string, resource: string, kind: string, facts: Facts = {}): Resource =>
  builtin(group, resource, kind, { version: 'v1alpha1', custom: true, ...facts })

const template = {
  metadata: { labels: { app: 'a' } },
  spec: { containers: [{ name: 'c', image: 'i' }] },
}

/** What users of Kamaji and of ours call. */
export const RESOURCES: readonly Resource[] = [
  builtin('', 'pods', 'Pod', { subs: ['status', 'log', 'eviction', 'exec'], whole: { spec: template.spec } }),
  builtin('', 'services', 'Service', { subs: ['status'], whole: { spec: { ports: [{ port: 80 }] } } }),
  builtin('', 'configmaps', 'ConfigMap', { whole: { data: { a: '1' } } }),
  builtin('', 'secrets', 'Secret', { whole: { stringData: { a: '1' } } }),
  builtin('', 'serviceaccounts', 'ServiceAccount', { whole: {} }),
  builtin('', 'events', 'Event'),
  builtin('', 'nodes', 'Node', { namespaced: false, subs: ['status'], whole: {} }),
  builtin('', 'namespaces', 'Namespace', { namespaced: false, subs: ['status', 'finalize'] }),
  builtin('apps', 'deployments', 'Deployment', {
    subs: ['status', 'scale'],
    whole: { spec: { selector: { matchLabels: { app: 'a' } }, template } },
  }),
  builtin('coordination.k8s.io', 'leases', 'Lease'),
  custom('kamaji.clastix.io', 'tenantcontrolplanes', 'TenantControlPlane', {
    subs: ['status', 'scale'],
    whole: {
      spec: {
        controlPlane: { deployment: { replicas: 0 }, service: { serviceType: 'ClusterIP' } },
        kubernetes: { version: 'v1.34.0', kubelet: { cgroupfs: 'systemd' } },
        networkProfile: { port: 6443 },
        addons: {},
      },
    },
  }),
  custom('kamaji.clastix.io', 'datastores', 'DataStore', { namespaced: false, subs: ['status'] }),
  custom('kamaji.clastix.io', 'kubeconfiggenerators', 'KubeconfigGenerator', {
    namespaced: false,
    subs: ['status'],
  }),
  custom('fochista.dev', 'proxmoxclusters', 'ProxmoxCluster', { namespaced: false, subs: ['status'] }),
  custom('fochista.dev', 'machineclasses', 'MachineClass', { namespaced: false }),
  custom('fochista.dev', 'nodepools', 'NodePool', {
    subs: ['status', 'scale'],
    whole: { spec: { clusterName: 'none', className: 'none', replicas: 0 } },
  }),
  custom('fochista.dev', 'machines', 'Machine', { subs: ['status'] }),
]

/** The namespace that is asked in. */
export const NAMESPACE = 'refusals'

/** `v1`, `apps/v1`. */
export const groupVersionOf = ({ group, version }: Resource): string =>
  group === '' ? version : `${group}/${version}`

/** Path of a collection; of all namespaces, where that is said. */
export function collectionOf(of: Resource, inAll = false, namespace = NAMESPACE): string {
  const base = of.group === '' ? '/api/v1' : `/apis/${groupVersionOf(of)}`
  return of.namespaced && !inAll ? `${base}/namespaces/${namespace}/${of.resource}` : `${base}/${of.resource}`
}
