import { randomUUID } from 'node:crypto'
import { updateManagedFields } from '../fields/manage.ts'
import type { ApiObject, Json, JsonObject } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { timestamp } from '../rest/core.ts'

const GROUP = 'rbac.authorization.k8s.io'
const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update']

function rule(apiGroups: string[], resources: string[], verbs: string[]): JsonObject {
  return { apiGroups, resources, verbs }
}

/** Read-only resources of a namespace, by group, as the view role has them. */
const VIEWED: JsonObject[] = [
  rule(
    [''],
    [
      'configmaps',
      'endpoints',
      'persistentvolumeclaims',
      'persistentvolumeclaims/status',
      'pods',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'serviceaccounts',
      'services',
      'services/status',
    ],
    READ,
  ),
  rule(
    [''],
    [
      'bindings',
      'events',
      'limitranges',
      'namespaces/status',
      'pods/log',
      'pods/status',
      'replicationcontrollers/status',
      'resourcequotas',
      'resourcequotas/status',
    ],
    READ,
  ),
  rule([''], ['namespaces'], READ),
  rule(['discovery.k8s.io'], ['endpointslices'], READ),
  rule(
    ['apps'],
    [
      'controllerrevisions',
      'daemonsets',
      'daemonsets/status',
      'deployments',
      'deployments/scale',
      'deployments/status',
      'replicasets',
      'replicasets/scale',
      'replicasets/status',
      'statefulsets',
      'statefulsets/scale',
      'statefulsets/status',
    ],
    READ,
  ),
  rule(['autoscaling'], ['horizontalpodautoscalers', 'horizontalpodautoscalers/status'], READ),
  rule(['batch'], ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status'], READ),
  rule(['policy'], ['poddisruptionbudgets', 'poddisruptionbudgets/status'], READ),
  rule(['networking.k8s.io'], ['ingresses', 'ingresses/status', 'networkpolicies'], READ),
]

const EDITED: JsonObject[] = [
  rule(
    [''],
    ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'],
    READ,
  ),
  rule([''], ['serviceaccounts'], ['impersonate']),
  rule([''], ['pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy'], WRITE),
  rule([''], ['pods/eviction'], ['create']),
  rule(
    [''],
    [
      'configmaps',
      'persistentvolumeclaims',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'secrets',
      'serviceaccounts',
      'services',
      'services/proxy',
    ],
    WRITE,
  ),
  rule([''], ['serviceaccounts/token'], ['create']),
  rule(['', 'events.k8s.io'], ['events'], WRITE),
  rule(
    ['apps'],
    [
      'daemonsets',
      'deployments',
      'deployments/rollback',
      'deployments/scale',
      'replicasets',
      'replicasets/scale',
      'statefulsets',
      'statefulsets/scale',
    ],
    WRITE,
  ),
  rule(['autoscaling'], ['horizontalpodautoscalers'], WRITE),
  rule(['batch'], ['cronjobs', 'jobs'], WRITE),
  rule(['policy'], ['poddisruptionbudgets'], WRITE),
  rule(['networking.k8s.io'], ['ingresses', 'networkpolicies'], WRITE),
  rule(['coordination.k8s.io'], ['leases'], [...WRITE, ...READ].toSorted()),
]

const ADMINISTERED: JsonObject[] = [
  rule(['authorization.k8s.io'], ['localsubjectaccessreviews'], ['create']),
  rule([GROUP], ['rolebindings', 'roles'], [...WRITE, ...READ].toSorted()),
]

const DISCOVERY = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/healthz',
  '/livez',
  '/openapi',
  '/openapi/*',
  '/readyz',
  '/version',
  '/version/',
]

const ROLES: { [name: string]: JsonObject[] } = {
  'cluster-admin': [rule(['*'], ['*'], ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }],
  'system:aggregate-to-view': VIEWED,
  'system:aggregate-to-edit': EDITED,
  'system:aggregate-to-admin': ADMINISTERED,
  'system:discovery': [{ nonResourceURLs: DISCOVERY, verbs: ['get'] }],
  'system:public-info-viewer': [
    { nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'], verbs: ['get'] },
  ],
  'system:monitoring': [
    {
      nonResourceURLs: [
        '/healthz',
        '/healthz/*',
        '/livez',
        '/livez/*',
        '/metrics',
        '/metrics/slis',
        '/readyz',
        '/readyz/*',
      ],
      verbs: ['get'],
    },
  ],
  'system:basic-user': [
    rule(['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
    rule(['authentication.k8s.io'], ['selfsubjectreviews'], ['create']),
  ],
  'system:auth-delegator': [
    rule(['authentication.k8s.io'], ['tokenreviews'], ['create']),
    rule(['authorization.k8s.io'], ['subjectaccessreviews'], ['create']),
  ],
  'system:service-account-issuer-discovery': [
    {
      nonResourceURLs: [
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ],
      verbs: ['get'],
    },
  ],
  'system:node-bootstrapper': [
    rule(['certificates.k8s.io'], ['certificatesigningrequests'], ['create', ...READ]),
  ],
  'system:certificates.k8s.io:certificatesigningrequests:nodeclient': [
    rule(['certificates.k8s.io'], ['certificatesigningrequests/nodeclient'], ['create']),
  ],
  'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient': [
    rule(['certificates.k8s.io'], ['certificatesigningrequests/selfnodeclient'], ['create']),
  ],
  'system:certificates.k8s.io:kubelet-serving-approver': [
    {
      ...rule(['certificates.k8s.io'], ['signers'], ['approve']),
      resourceNames: ['kubernetes.io/kubelet-serving'],
    },
  ],
  'system:kubelet-api-admin': [
    rule([''], ['nodes'], READ),
    rule([''], ['nodes'], ['proxy']),
    rule(
      [''],
      [
        'nodes/healthz',
        'nodes/log',
        'nodes/metrics',
        'nodes/pods',
        'nodes/proxy',
        'nodes/spec',
        'nodes/stats',
      ],
      ['*'],
    ),
  ],
  'system:node-proxier': [
    rule([''], ['endpoints', 'services'], ['list', 'watch']),
    rule([''], ['nodes'], READ),
    rule(['', 'events.k8s.io'], ['events'], ['create', 'patch', 'update']),
    rule(['discovery.k8s.io'], ['endpointslices'], ['list', 'watch']),
    rule(['networking.k8s.io'], ['servicecidrs'], ['list', 'watch']),
  ],
  'system:node': [
    rule(['authentication.k8s.io'], ['tokenreviews'], ['create']),
    rule(['authorization.k8s.io'], ['localsubjectaccessreviews', 'subjectaccessreviews'], ['create']),
    rule([''], ['services'], READ),
    rule([''], ['nodes'], ['create', ...READ]),
    rule([''], ['nodes', 'nodes/status'], ['patch', 'update']),
    rule([''], ['events'], ['create', 'patch', 'update']),
    rule([''], ['pods'], [...READ, 'create', 'delete']),
    rule([''], ['pods/status'], ['patch', 'update']),
    rule([''], ['pods/eviction'], ['create']),
    rule([''], ['configmaps', 'secrets'], READ),
    rule([''], ['persistentvolumeclaims', 'persistentvolumes'], ['get']),
    rule([''], ['endpoints'], ['get']),
    rule(['certificates.k8s.io'], ['certificatesigningrequests'], ['create', ...READ]),
    rule(['coordination.k8s.io'], ['leases'], ['create', 'delete', 'get', 'patch', 'update']),
    rule(['storage.k8s.io'], ['volumeattachments'], ['get']),
    rule(['storage.k8s.io'], ['csidrivers'], READ),
    rule(['storage.k8s.io'], ['csinodes'], ['create', 'delete', 'get', 'patch', 'update']),
    rule([''], ['serviceaccounts'], ['get']),
    rule([''], ['serviceaccounts/token'], ['create']),
    rule(['node.k8s.io'], ['runtimeclasses'], READ),
  ],
}

const AGGREGATED: { [name: string]: string[] } = {
  view: ['view'],
  edit: ['edit', 'view'],
  admin: ['admin', 'edit', 'view'],
}

const BINDINGS: { [name: string]: { role: string; groups: string[]; users?: string[] } } = {
  'cluster-admin': { role: 'cluster-admin', groups: ['system:masters'] },
  'system:discovery': { role: 'system:discovery', groups: ['system:authenticated'] },
  'system:basic-user': { role: 'system:basic-user', groups: ['system:authenticated'] },
  'system:public-info-viewer': {
    role: 'system:public-info-viewer',
    groups: ['system:authenticated', 'system:unauthenticated'],
  },
  'system:monitoring': { role: 'system:monitoring', groups: ['system:monitoring'] },
  'system:service-account-issuer-discovery': {
    role: 'system:service-account-issuer-discovery',
    groups: ['system:serviceaccounts'],
  },
  // What nodes may do is the Node authorizer's matter.
  'system:node': { role: 'system:node', groups: [] },
  'system:node-proxier': { role: 'system:node-proxier', groups: [], users: ['system:kube-proxy'] },
}

const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }
const ANNOTATIONS = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' }

/** Writes the roles and bindings every cluster has from its start. */
export function installDefaultRoles(core: Core): void {
  const put = (
    kind: string,
    resource: string,
    name: string,
    content: JsonObject,
    labels: { [key: string]: string } = {},
  ): void => {
    const object: ApiObject = {
      kind,
      apiVersion: `${GROUP}/v1`,
      metadata: {
        name,
        uid: randomUUID(),
        creationTimestamp: timestamp(core),
        labels: { ...LABELS, ...labels },
        annotations: ANNOTATIONS,
      },
      ...content,
    }
    noteServer(core, resource, object)
    core.storage.put({ bucket: `${GROUP}/${resource}`, namespace: '', name }, object)
  }
  for (const [name, rules] of Object.entries(ROLES)) {
    const to = /^system:aggregate-to-(\w+)$/.exec(name)?.[1]
    put(
      'ClusterRole',
      'clusterroles',
      name,
      { rules: rules as Json[] },
      to === undefined ? {} : { [`rbac.authorization.k8s.io/aggregate-to-${to}`]: 'true' },
    )
  }
  const parts: { [name: string]: JsonObject[] } = { view: VIEWED, edit: EDITED, admin: ADMINISTERED }
  for (const [name, from] of Object.entries(AGGREGATED)) {
    const selectors = [{ matchLabels: { [`rbac.authorization.k8s.io/aggregate-to-${name}`]: 'true' } }]
    const next = name === 'view' ? 'edit' : name === 'edit' ? 'admin' : undefined
    put(
      'ClusterRole',
      'clusterroles',
      name,
      {
        aggregationRule: { clusterRoleSelectors: selectors },
        rules: from.flatMap((each) => parts[each] ?? []),
      },
      next === undefined ? {} : { [`rbac.authorization.k8s.io/aggregate-to-${next}`]: 'true' },
    )
  }
  for (const [name, { role, groups, users }] of Object.entries(BINDINGS))
    put('ClusterRoleBinding', 'clusterrolebindings', name, {
      subjects: [
        ...groups.map((group): JsonObject => ({ kind: 'Group', apiGroup: GROUP, name: group })),
        ...(users ?? []).map((user): JsonObject => ({ kind: 'User', apiGroup: GROUP, name: user })),
      ],
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: role },
    })
}

/** Notes the server as who manages an object; the rules of a role that aggregates others are not its own. */
function noteServer(core: Core, resource: string, object: ApiObject): void {
  const definition = core.registry.find(GROUP, 'v1', resource)
  if (definition === undefined) return
  const noted = { ...object, ...(object['aggregationRule'] === undefined ? {} : { rules: null }) }
  updateManagedFields(core, definition, undefined, noted, {
    user: { username: 'system:apiserver', groups: ['system:masters'] },
    manager: 'kube-apiserver',
    dryRun: false,
    fieldValidation: 'Ignore',
    warnings: [],
  })
}
