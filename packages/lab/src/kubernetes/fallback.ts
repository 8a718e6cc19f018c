import type { ResourceDefinition } from './resources.ts'

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** The kinds the server itself cannot do without. */
export function fallbackResources(): ResourceDefinition[] {
  const make = (
    group: string,
    version: string,
    resource: string,
    kind: string,
    namespaced: boolean,
    status = false,
  ): ResourceDefinition => ({
    group,
    version,
    resource,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    namespaced,
    verbs: VERBS,
    ...(status ? { subresources: [{ name: 'status', kind, verbs: ['get', 'patch', 'update'] }] } : {}),
  })
  const rbac = 'rbac.authorization.k8s.io'
  return [
    make('', 'v1', 'namespaces', 'Namespace', false, true),
    make('', 'v1', 'configmaps', 'ConfigMap', true),
    make('', 'v1', 'secrets', 'Secret', true),
    make('', 'v1', 'serviceaccounts', 'ServiceAccount', true),
    make('', 'v1', 'services', 'Service', true, true),
    make('', 'v1', 'nodes', 'Node', false, true),
    make('', 'v1', 'pods', 'Pod', true, true),
    make('', 'v1', 'events', 'Event', true),
    make('apps', 'v1', 'deployments', 'Deployment', true, true),
    make('apps', 'v1', 'daemonsets', 'DaemonSet', true, true),
    make('coordination.k8s.io', 'v1', 'leases', 'Lease', true),
    make('certificates.k8s.io', 'v1', 'certificatesigningrequests', 'CertificateSigningRequest', false, true),
    make('apiextensions.k8s.io', 'v1', 'customresourcedefinitions', 'CustomResourceDefinition', false, true),
    make(rbac, 'v1', 'roles', 'Role', true),
    make(rbac, 'v1', 'rolebindings', 'RoleBinding', true),
    make(rbac, 'v1', 'clusterroles', 'ClusterRole', false),
    make(rbac, 'v1', 'clusterrolebindings', 'ClusterRoleBinding', false),
  ]
}
