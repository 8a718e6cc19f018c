import type { LabClock } from '../clock.ts'
import type { ApiServer } from '../kubernetes/api.ts'
import { isObject } from '../kubernetes/rest/json.ts'
import { gvr } from '../kamaji/vocabulary.ts'
import { rewriteClusterInfo } from './addons/apply.ts'

/** Objects of these kinds that somebody deletes or edits in a tenant are put back. */
const KEPT = [
  gvr.configMaps,
  gvr.daemonSets,
  gvr.deployments,
  gvr.services,
  gvr.serviceAccounts,
  gvr.roles,
  gvr.roleBindings,
  gvr.clusterRoles,
  gvr.clusterRoleBindings,
] as const

const NAMESPACES = new Set(['kube-system', 'kube-public', undefined])

/**
 * Watches a tenant as Kamaji's part inside it does: calls `restore` when something of its kinds was deleted, and rewrites cluster-info once for every
 * new signature in it. Returns what ends it.
 */
export function watchTenant(api: ApiServer, clock: LabClock, restore: () => void): () => void {
  const { store } = api
  let stopped = false
  let pending: (() => void) | undefined
  const later = (): void => {
    pending ??= clock.setTimeout(() => {
      pending = undefined
      if (!stopped) restore()
    }, 100)
  }
  const known = new Set<string>()
  const signatures = (data: unknown): string[] =>
    isObject(data) ? Object.keys(data).filter((key) => key.startsWith('jws-kubeconfig-')) : []
  const stops = [
    ...KEPT.map((kind) =>
      store.watch(kind, store.revision, ({ type, object }) => {
        if (type === 'DELETED' && NAMESPACES.has(object.metadata.namespace)) later()
      }),
    ),
    store.watch(gvr.configMaps, store.revision, ({ type, object }) => {
      if (type === 'DELETED' || object.metadata.name !== 'cluster-info') return
      const fresh = signatures(object['data']).filter((key) => !known.has(key))
      for (const key of fresh) known.add(key)
      if (fresh.length > 0)
        clock.setTimeout(() => {
          if (!stopped) rewriteClusterInfo(store)
        }, 400)
    }),
  ]
  return () => {
    stopped = true
    pending?.()
    for (const stop of stops) stop()
  }
}
