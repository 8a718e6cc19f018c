import type { StorageKeeper } from '../kubernetes/api.ts'
import type { ApiObject } from '../kubernetes/resources.ts'
import type { TenantKeeper } from '../tenant/clusters.ts'
import type { Journal } from './journal.ts'

/**
 * Keeps the objects of one API server in a journal. Each write is in it before whoever wrote is answered.
 * @param section `management`, or that of a tenant.
 */
function keepObjects(journal: Journal, section: string): StorageKeeper {
  const prefix = `k/${section}/`
  const revisionKey = `r/${section}`
  const revision = journal.get(revisionKey)
  return {
    restored:
      typeof revision !== 'number'
        ? undefined
        : {
            revision,
            objects: [...journal.entries(prefix)].map(([path, value]) => {
              const [bucket = '', namespace = '', name = ''] = path.slice(prefix.length).split('|')
              return { key: { bucket, namespace, name }, object: value as ApiObject }
            }),
          },
    changed({ bucket, namespace, name }, object, at) {
      journal.put([
        [
          `${prefix}${bucket}|${namespace}|${name}`,
          object === undefined ? undefined : JSON.stringify(object),
        ],
        [revisionKey, String(at)],
      ])
    },
  }
}

/** Keeps a management cluster and its tenants. */
export function keepClusters(journal: Journal): { objects: StorageKeeper; tenants: TenantKeeper } {
  const objects = keepObjects(journal, 'management')
  // A tenant that went in the moment of a kill left its objects behind.
  const alive = new Set([
    'management',
    ...(objects.restored?.objects ?? []).map(({ object }) => object.metadata.uid),
  ])
  for (const [key] of journal.entries('r/')) if (!alive.has(key.slice(2))) dropObjects(journal, key.slice(2))
  return {
    objects,
    tenants: {
      open: (uid) => keepObjects(journal, uid),
      drop: (uid) => dropObjects(journal, uid),
    },
  }
}

/** Forgets an API server's objects. */
function dropObjects(journal: Journal, section: string): void {
  journal.drop(`k/${section}/`)
  journal.put([[`r/${section}`, undefined]])
}
