import type { GroupVersionResource } from '../kubernetes/resources.ts'

const of = (group: string, version: string, resource: string): GroupVersionResource => ({
  group,
  version,
  resource,
})

/** Where the kinds that the lab's parts read and write are served. */
export const gvr = {
  tenantControlPlanes: of('kamaji.clastix.io', 'v1alpha1', 'tenantcontrolplanes'),
  dataStores: of('kamaji.clastix.io', 'v1alpha1', 'datastores'),
  kubeconfigGenerators: of('kamaji.clastix.io', 'v1alpha1', 'kubeconfiggenerators'),
  namespaces: of('', 'v1', 'namespaces'),
  services: of('', 'v1', 'services'),
  serviceAccounts: of('', 'v1', 'serviceaccounts'),
  secrets: of('', 'v1', 'secrets'),
  configMaps: of('', 'v1', 'configmaps'),
  pods: of('', 'v1', 'pods'),
  nodes: of('', 'v1', 'nodes'),
  deployments: of('apps', 'v1', 'deployments'),
  jobs: of('batch', 'v1', 'jobs'),
  validatingWebhooks: of('admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations'),
  daemonSets: of('apps', 'v1', 'daemonsets'),
  ingresses: of('networking.k8s.io', 'v1', 'ingresses'),
  roles: of('rbac.authorization.k8s.io', 'v1', 'roles'),
  roleBindings: of('rbac.authorization.k8s.io', 'v1', 'rolebindings'),
  clusterRoles: of('rbac.authorization.k8s.io', 'v1', 'clusterroles'),
  clusterRoleBindings: of('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings'),
  certificateSigningRequests: of('certificates.k8s.io', 'v1', 'certificatesigningrequests'),
  leases: of('coordination.k8s.io', 'v1', 'leases'),
} as const

/** Keys that Kamaji reads and writes on objects. */
export const keys = {
  project: 'kamaji.clastix.io/project',
  name: 'kamaji.clastix.io/name',
  component: 'kamaji.clastix.io/component',
  lifecycle: 'kamaji.clastix.io/certificate_lifecycle_controller',
  checksum: 'kamaji.clastix.io/checksum',
  paused: 'kamaji.clastix.io/paused',
  rotate: 'certs.kamaji.clastix.io/rotate',
  apiServerArgs: 'kube-apiserver.kamaji.clastix.io/args',
  finalizer: 'finalizer.kamaji.clastix.io',
  sootFinalizer: 'finalizer.kamaji.clastix.io/soot',
  dataStoreSecretFinalizer: 'finalizer.kamaji.clastix.io/datastore-secret',
  dataStoreFinalizer: 'kamaji.clastix.io/TenantControlPlane',
} as const

/** Highest minor that this Kamaji makes control planes of. */
export const MAXIMUM = { major: 1, minor: 36 } as const

/** The field manager of Kamaji's writes. */
export const MANAGER = 'kamaji'
