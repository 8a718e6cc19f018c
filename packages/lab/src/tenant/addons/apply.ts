import type { Store } from '../../kubernetes/api.ts'
import type { ApiObject, OwnerReference } from '../../kubernetes/resources.ts'
import { at, equal, isObject } from '../../kubernetes/rest/json.ts'
import { gvr, keys } from '../../kamaji/vocabulary.ts'
import type { Manifest } from './manifest.ts'

/** Who Kamaji is inside a tenant. */
const WRITE = {
  user: {
    username: 'kubernetes-super-admin',
    groups: ['system:masters', 'system:authenticated'],
  },
  fieldManager: 'kamaji',
}

/**
 * Makes a tenant's objects as they must be, in order. With `owner`, the name of the first ClusterRoleBinding among them, all others belong to it.
 * Returns whether something changed.
 */
export function applyManifests(store: Store, manifests: readonly Manifest[], owner?: string): boolean {
  let changed = false
  for (const { gvr: kind, object } of manifests) {
    const reference = owner === undefined ? undefined : ownerReference(store, owner)
    const wanted: ApiObject =
      reference === undefined || kind === gvr.clusterRoleBindings
        ? object
        : { ...object, metadata: { ...object.metadata, ownerReferences: [reference] } }
    changed = applyOne(store, kind, wanted) || changed
  }
  return changed
}

function ownerReference(store: Store, name: string): OwnerReference | undefined {
  const uid = store.get(gvr.clusterRoleBindings, undefined, name)?.metadata.uid
  if (uid === undefined) return undefined
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

function applyOne(store: Store, kind: Manifest['gvr'], wanted: ApiObject): boolean {
  const { namespace, name = '' } = wanted.metadata
  const found = store.get(kind, namespace, name)
  if (found === undefined) {
    store.create(kind, wanted, WRITE)
    return true
  }
  const { metadata, ...content } = wanted
  const next: ApiObject = {
    ...found,
    ...content,
    metadata: {
      ...found.metadata,
      ...(metadata.labels === undefined ? {} : { labels: { ...found.metadata.labels, ...metadata.labels } }),
      ...(metadata.annotations === undefined
        ? {}
        : { annotations: { ...found.metadata.annotations, ...metadata.annotations } }),
      ...(metadata.ownerReferences === undefined ? {} : { ownerReferences: metadata.ownerReferences }),
    },
  }
  const spec = content['spec']
  if (isObject(spec) && isObject(found['spec'])) next['spec'] = { ...found['spec'], ...spec }
  // The signatures beside the kubeconfig are the signer's.
  if (name === 'cluster-info' && isObject(found['data']) && isObject(content['data']))
    next['data'] = { ...found['data'], ...content['data'] }
  if (equal(next, found)) return false
  return store.update(kind, next, WRITE).metadata.resourceVersion !== found.metadata.resourceVersion
}

/** Takes an add-on away: only objects that carry Kamaji's label. */
export function removeManifests(store: Store, manifests: readonly Manifest[]): void {
  for (const { gvr: kind, object } of manifests.toReversed()) {
    const { namespace, name = '' } = object.metadata
    const found = store.get(kind, namespace, name)
    if (found === undefined || found.metadata.labels?.[keys.project] !== 'kamaji') continue
    store.delete(
      kind,
      { name, ...(namespace === undefined ? {} : { namespace }) },
      { ...WRITE, propagationPolicy: 'Background' },
    )
  }
}

/** Rewrites cluster-info without the signatures, as Kamaji does once for each new one. */
export function rewriteClusterInfo(store: Store): void {
  const found = store.get(gvr.configMaps, 'kube-public', 'cluster-info')
  const kubeconfig = at(found, ['data', 'kubeconfig'])
  if (found === undefined || typeof kubeconfig !== 'string') return
  store.update(gvr.configMaps, { ...found, data: { kubeconfig } }, WRITE)
}
