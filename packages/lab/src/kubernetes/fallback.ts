import type { ResourceDefinition, Subresource } from './resources.ts'

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const RBAC = 'rbac.authorization.k8s.io'
const READ_WRITE = ['get', 'patch', 'update']

/** The kinds the server itself cannot do without: used until the full set of built-in kinds is registered. */
export function fallbackResources(): ResourceDefinition[] {
  const make = (
    group: string,
    resource: string,
    kind: string,
    namespaced: boolean,
    shortNames: string[] = [],
    subresources: string[] = [],
    verbs: string[] = VERBS,
  ): ResourceDefinition => ({
    group,
    version: 'v1',
    resource,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    namespaced,
    shortNames,
    verbs,
    subresources: subresources.map((name) => subresource(name, kind)),
  })
  const create = ['create']
  return [
    make(
      '',
      'namespaces',
      'Namespace',
      false,
      ['ns'],
      ['status', 'finalize'],
      VERBS.filter((verb) => verb !== 'deletecollection'),
    ),
    make('', 'configmaps', 'ConfigMap', true, ['cm']),
    make('', 'secrets', 'Secret', true),
    make('', 'serviceaccounts', 'ServiceAccount', true, ['sa'], ['token']),
    make('', 'services', 'Service', true, ['svc'], ['status']),
    make('', 'nodes', 'Node', false, ['no'], ['status']),
    make('', 'pods', 'Pod', true, ['po'], ['status']),
    make('', 'events', 'Event', true, ['ev']),
    make('apps', 'deployments', 'Deployment', true, ['deploy'], ['status', 'scale']),
    make('apps', 'daemonsets', 'DaemonSet', true, ['ds'], ['status']),
    make('coordination.k8s.io', 'leases', 'Lease', true),
    make(
      'certificates.k8s.io',
      'certificatesigningrequests',
      'CertificateSigningRequest',
      false,
      ['csr'],
      ['status', 'approval'],
    ),
    make(
      'apiextensions.k8s.io',
      'customresourcedefinitions',
      'CustomResourceDefinition',
      false,
      ['crd', 'crds'],
      ['status'],
    ),
    make(RBAC, 'roles', 'Role', true),
    make(RBAC, 'rolebindings', 'RoleBinding', true),
    make(RBAC, 'clusterroles', 'ClusterRole', false),
    make(RBAC, 'clusterrolebindings', 'ClusterRoleBinding', false),
    make('authentication.k8s.io', 'tokenreviews', 'TokenReview', false, [], [], create),
    make('authentication.k8s.io', 'selfsubjectreviews', 'SelfSubjectReview', false, [], [], create),
    make('authorization.k8s.io', 'subjectaccessreviews', 'SubjectAccessReview', false, [], [], create),
    make(
      'authorization.k8s.io',
      'localsubjectaccessreviews',
      'LocalSubjectAccessReview',
      true,
      [],
      [],
      create,
    ),
    make(
      'authorization.k8s.io',
      'selfsubjectaccessreviews',
      'SelfSubjectAccessReview',
      false,
      [],
      [],
      create,
    ),
    make('authorization.k8s.io', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview', false, [], [], create),
  ]
}

function subresource(name: string, kind: string): Subresource {
  if (name === 'token')
    return { name, kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', verbs: ['create'] }
  if (name === 'scale') return { name, kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: READ_WRITE }
  return { name, kind, verbs: name === 'finalize' ? ['update'] : READ_WRITE }
}
