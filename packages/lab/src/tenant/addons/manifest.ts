import type { TenantControlPlane } from '@fochista/kamaji'
import type { ApiObject, GroupVersionResource, JsonObject } from '../../kubernetes/resources.ts'
import { gvr, keys } from '../../kamaji/vocabulary.ts'

/** An object to have, with the place it is served at. */
export interface Manifest {
  gvr: GroupVersionResource
  object: ApiObject
}

/** What the add-ons depend on. */
export interface AddonFacts {
  tcp: TenantControlPlane
  /** The address of the API server's Service. */
  address: string
  /** Host and port as in admin.conf. */
  endpoint: { host: string; port: number }
  caPem: string
  etcdEndpoints: readonly string[]
}

/** Group of the tokens that nodes join with. */
export const BOOTSTRAP_GROUP = 'system:bootstrappers:kubeadm:default-node-token'
/** The label of what Kamaji may take away again. */
export const PROJECT: Record<string, string> = { [keys.project]: 'kamaji' }

const RBAC = 'rbac.authorization.k8s.io'

/** A subject of a binding. */
export const group = (name: string): JsonObject => ({ kind: 'Group', apiGroup: RBAC, name })
/** A subject of a binding. */
export const user = (name: string): JsonObject => ({ kind: 'User', apiGroup: RBAC, name })
/** A subject of a binding. */
export const account = (name: string, namespace = 'kube-system'): JsonObject => ({
  kind: 'ServiceAccount',
  name,
  namespace,
})

/** A binding for the whole cluster. */
export function clusterBinding(
  name: string,
  role: string,
  subjects: JsonObject[],
  labels?: Record<string, string>,
): Manifest {
  return {
    gvr: gvr.clusterRoleBindings,
    object: {
      metadata: { name, ...(labels === undefined ? {} : { labels }) },
      subjects,
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    },
  }
}

/** A role to read one ConfigMap, and its binding. */
export function readConfigMap(
  namespace: string,
  name: string,
  configMap: string,
  subjects: JsonObject[],
  labels?: Record<string, string>,
): Manifest[] {
  const metadata = { name, namespace, ...(labels === undefined ? {} : { labels }) }
  return [
    {
      gvr: gvr.roles,
      object: {
        metadata,
        rules: [{ verbs: ['get'], apiGroups: [''], resources: ['configmaps'], resourceNames: [configMap] }],
      },
    },
    {
      gvr: gvr.roleBindings,
      object: { metadata, subjects, roleRef: { apiGroup: RBAC, kind: 'Role', name } },
    },
  ]
}
