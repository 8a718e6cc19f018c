import type { Manifest } from './install.ts'

/** The account that people call the API of the management cluster with, as Kamaji's documentation names it. */
export const API_ACCESS_ACCOUNT = { name: 'api-access', namespace: 'kube-system' } as const

const rbac = 'rbac.authorization.k8s.io'
const name = 'fochista-api-access'
const read = ['get', 'list', 'watch']

/**
 * What `kubectl create token api-access -n kube-system` needs: the account, and the rights to create, change and delete tenant control planes
 * of all namespaces and to see what they run as. The admin kubeconfig is read by its Secret's name; Secrets are not listed.
 */
export function apiAccessManifests(): Manifest[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      // Whose label says that it goes with us.
      metadata: { ...API_ACCESS_ACCOUNT, labels: { 'app.kubernetes.io/name': 'fochista' } },
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name },
      rules: [
        {
          apiGroups: ['kamaji.clastix.io'],
          resources: ['tenantcontrolplanes', 'tenantcontrolplanes/scale'],
          verbs: [...read, 'create', 'update', 'patch', 'delete'],
        },
        {
          apiGroups: ['kamaji.clastix.io'],
          resources: ['tenantcontrolplanes/status', 'datastores'],
          verbs: read,
        },
        { apiGroups: ['apps'], resources: ['deployments'], verbs: read },
        { apiGroups: [''], resources: ['pods', 'pods/log', 'services', 'nodes', 'events'], verbs: read },
        { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', ...API_ACCESS_ACCOUNT }],
    },
  ]
}
