import type { ResourceDefinition, Subresource } from '../resources.ts'

const ALL = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const READ_WRITE = ['get', 'patch', 'update']
const PROXY = ['create', 'delete', 'get', 'patch', 'update']

/** Subresources that are not the parent's kind under the usual verbs. */
const SUBRESOURCES: { [name: string]: Omit<Subresource, 'name'> } = {
  scale: { kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: READ_WRITE },
  token: { kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', verbs: ['create'] },
  eviction: { kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] },
  binding: { kind: 'Binding', verbs: ['create'] },
  attach: { kind: 'PodAttachOptions', verbs: ['create', 'get'] },
  exec: { kind: 'PodExecOptions', verbs: ['create', 'get'] },
  portforward: { kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
}

/** What differs from a namespaced kind with all verbs. */
interface Traits {
  cluster?: true
  short?: string
  categories?: string[]
  /** Names, separated by spaces. */
  sub?: string
  verbs?: string[]
  singular?: string
  deprecated?: string
  storedAs?: { group: string; resource: string }
}

function kind(
  group: string,
  version: string,
  name: string,
  resource: string,
  traits: Traits = {},
): ResourceDefinition {
  const subresources = traits.sub?.split(' ').map((each) => subresource(each, name))
  return {
    group,
    version,
    resource,
    singular: traits.singular ?? name.toLowerCase(),
    kind: name,
    listKind: `${name}List`,
    namespaced: traits.cluster !== true,
    verbs: traits.verbs ?? ALL,
    ...(traits.short === undefined ? {} : { shortNames: traits.short.split(' ') }),
    ...(traits.categories === undefined ? {} : { categories: traits.categories }),
    ...(subresources === undefined ? {} : { subresources }),
    ...(traits.deprecated === undefined ? {} : { deprecationWarning: traits.deprecated }),
    ...(traits.storedAs === undefined ? {} : { storedAs: traits.storedAs }),
  }
}

function subresource(name: string, parent: string): Subresource {
  const known = SUBRESOURCES[name]
  if (known !== undefined) return { name, ...known }
  if (name === 'proxy') return { name, kind: `${parent}ProxyOptions`, verbs: PROXY }
  if (name === 'log') return { name, kind: parent, verbs: ['get'] }
  if (name === 'finalize') return { name, kind: parent, verbs: ['update'] }
  return { name, kind: parent, verbs: READ_WRITE }
}

const all = ['all']
const extensions = ['api-extensions']
const create = ['create']

/** The kinds of the core group. */
function core(): ResourceDefinition[] {
  const v1 = (name: string, resource: string, traits?: Traits): ResourceDefinition =>
    kind('', 'v1', name, resource, traits)
  return [
    v1('Binding', 'bindings', { verbs: create }),
    v1('ComponentStatus', 'componentstatuses', {
      cluster: true,
      short: 'cs',
      verbs: ['get', 'list'],
      deprecated: 'v1 ComponentStatus is deprecated in v1.19+',
    }),
    v1('ConfigMap', 'configmaps', { short: 'cm' }),
    v1('Endpoints', 'endpoints', {
      short: 'ep',
      deprecated: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
    }),
    v1('Event', 'events', { short: 'ev' }),
    v1('LimitRange', 'limitranges', { short: 'limits' }),
    v1('Namespace', 'namespaces', {
      cluster: true,
      short: 'ns',
      sub: 'finalize status',
      verbs: ALL.filter((verb) => verb !== 'deletecollection'),
    }),
    v1('Node', 'nodes', { cluster: true, short: 'no', sub: 'proxy status' }),
    v1('PersistentVolumeClaim', 'persistentvolumeclaims', { short: 'pvc', sub: 'status' }),
    v1('PersistentVolume', 'persistentvolumes', { cluster: true, short: 'pv', sub: 'status' }),
    v1('Pod', 'pods', {
      short: 'po',
      categories: all,
      sub: 'attach binding ephemeralcontainers eviction exec log portforward proxy resize status',
    }),
    v1('PodTemplate', 'podtemplates'),
    v1('ReplicationController', 'replicationcontrollers', {
      short: 'rc',
      categories: all,
      sub: 'scale status',
    }),
    v1('ResourceQuota', 'resourcequotas', { short: 'quota', sub: 'status' }),
    v1('Secret', 'secrets'),
    v1('ServiceAccount', 'serviceaccounts', { short: 'sa', sub: 'token' }),
    v1('Service', 'services', { short: 'svc', categories: all, sub: 'proxy status' }),
  ]
}

/** The kinds of workloads and what scales them. */
function workloads(): ResourceDefinition[] {
  const apps = (name: string, resource: string, short: string, sub = 'scale status'): ResourceDefinition =>
    kind('apps', 'v1', name, resource, { short, categories: all, sub })
  const hpa = { short: 'hpa', categories: all, sub: 'status' }
  return [
    kind('apps', 'v1', 'ControllerRevision', 'controllerrevisions'),
    apps('DaemonSet', 'daemonsets', 'ds', 'status'),
    apps('Deployment', 'deployments', 'deploy'),
    apps('ReplicaSet', 'replicasets', 'rs'),
    apps('StatefulSet', 'statefulsets', 'sts'),
    kind('events.k8s.io', 'v1', 'Event', 'events', {
      short: 'ev',
      storedAs: { group: '', resource: 'events' },
    }),
    kind('authentication.k8s.io', 'v1', 'SelfSubjectReview', 'selfsubjectreviews', {
      cluster: true,
      verbs: create,
    }),
    kind('authentication.k8s.io', 'v1', 'TokenReview', 'tokenreviews', { cluster: true, verbs: create }),
    ...(
      [
        ['LocalSubjectAccessReview', 'localsubjectaccessreviews'],
        ['SelfSubjectAccessReview', 'selfsubjectaccessreviews'],
        ['SelfSubjectRulesReview', 'selfsubjectrulesreviews'],
        ['SubjectAccessReview', 'subjectaccessreviews'],
      ] as const
    ).map(([name, resource]) =>
      kind('authorization.k8s.io', 'v1', name, resource, {
        verbs: create,
        ...(name.startsWith('Local') ? {} : { cluster: true as const }),
      }),
    ),
    kind('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', hpa),
    kind('autoscaling', 'v1', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', hpa),
    kind('batch', 'v1', 'CronJob', 'cronjobs', { short: 'cj', categories: all, sub: 'status' }),
    kind('batch', 'v1', 'Job', 'jobs', { categories: all, sub: 'status' }),
  ]
}

/** The other groups, in the order of their priority. */
function others(): ResourceDefinition[] {
  const clusterWide = (
    group: string,
    name: string,
    resource: string,
    traits: Traits = {},
  ): ResourceDefinition => kind(group, 'v1', name, resource, { cluster: true, ...traits })
  const admission = (name: string, resource: string, sub?: string): ResourceDefinition =>
    clusterWide('admissionregistration.k8s.io', name, resource, {
      categories: extensions,
      ...(sub === undefined ? {} : { sub }),
    })
  const network = 'networking.k8s.io'
  const rbac = 'rbac.authorization.k8s.io'
  const storage = 'storage.k8s.io'
  const dynamic = 'resource.k8s.io'
  const flow = 'flowcontrol.apiserver.k8s.io'
  return [
    clusterWide('certificates.k8s.io', 'CertificateSigningRequest', 'certificatesigningrequests', {
      short: 'csr',
      sub: 'approval status',
    }),
    clusterWide(network, 'IngressClass', 'ingressclasses'),
    kind(network, 'v1', 'Ingress', 'ingresses', { short: 'ing', sub: 'status' }),
    clusterWide(network, 'IPAddress', 'ipaddresses', { short: 'ip' }),
    kind(network, 'v1', 'NetworkPolicy', 'networkpolicies', { short: 'netpol' }),
    clusterWide(network, 'ServiceCIDR', 'servicecidrs', { sub: 'status' }),
    kind('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets', { short: 'pdb', sub: 'status' }),
    clusterWide(rbac, 'ClusterRoleBinding', 'clusterrolebindings'),
    clusterWide(rbac, 'ClusterRole', 'clusterroles'),
    kind(rbac, 'v1', 'RoleBinding', 'rolebindings'),
    kind(rbac, 'v1', 'Role', 'roles'),
    clusterWide(storage, 'CSIDriver', 'csidrivers'),
    clusterWide(storage, 'CSINode', 'csinodes'),
    kind(storage, 'v1', 'CSIStorageCapacity', 'csistoragecapacities'),
    clusterWide(storage, 'StorageClass', 'storageclasses', { short: 'sc' }),
    clusterWide(storage, 'VolumeAttachment', 'volumeattachments', { sub: 'status' }),
    clusterWide(storage, 'VolumeAttributesClass', 'volumeattributesclasses', { short: 'vac' }),
    admission('MutatingAdmissionPolicy', 'mutatingadmissionpolicies'),
    admission('MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings'),
    admission('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations'),
    admission('ValidatingAdmissionPolicy', 'validatingadmissionpolicies', 'status'),
    admission('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'),
    admission('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations'),
    clusterWide('apiextensions.k8s.io', 'CustomResourceDefinition', 'customresourcedefinitions', {
      short: 'crd crds',
      categories: extensions,
      sub: 'status',
    }),
    clusterWide('scheduling.k8s.io', 'PriorityClass', 'priorityclasses', { short: 'pc' }),
    kind('coordination.k8s.io', 'v1', 'Lease', 'leases'),
    clusterWide('node.k8s.io', 'RuntimeClass', 'runtimeclasses'),
    kind('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices'),
    clusterWide(dynamic, 'DeviceClass', 'deviceclasses'),
    kind(dynamic, 'v1', 'ResourceClaim', 'resourceclaims', { sub: 'status' }),
    kind(dynamic, 'v1', 'ResourceClaimTemplate', 'resourceclaimtemplates'),
    clusterWide(dynamic, 'ResourceSlice', 'resourceslices'),
    clusterWide(flow, 'FlowSchema', 'flowschemas', { sub: 'status' }),
    clusterWide(flow, 'PriorityLevelConfiguration', 'prioritylevelconfigurations', { sub: 'status' }),
  ]
}

/** The built-in kinds in the order discovery shows their groups, without schemas. */
export function builtinKinds(): ResourceDefinition[] {
  return [
    ...core(),
    kind('apiregistration.k8s.io', 'v1', 'APIService', 'apiservices', {
      cluster: true,
      categories: extensions,
      sub: 'status',
    }),
    ...workloads(),
    ...others(),
  ]
}
