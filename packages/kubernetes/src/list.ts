import type { Kubernetes, ListOptions } from './client-types.ts'
import { isGone, KubernetesAnswerError } from './errors.ts'
import { collectionPath } from './kind.ts'
import type { Kind } from './kind.ts'
import type { KubernetesObject, ObjectList } from './objects.ts'

type Page<T> = {
  kind?: string
  items?: T[] | null
  metadata?: { resourceVersion?: string; continue?: string }
}

/**
 * Lists page by page. When the snapshot behind the pages has expired it begins again without pages, as one answer cannot
 * expire half-way.
 */
export async function listPages<T extends KubernetesObject>(
  request: Kubernetes['request'],
  kind: Kind<T>,
  options: ListOptions,
): Promise<ObjectList<T>> {
  const {
    namespace,
    labelSelector,
    fieldSelector,
    pageSize = 500,
    limit = Number.POSITIVE_INFINITY,
    signal,
    timeoutMs,
  } = options
  const path = collectionPath(kind as Kind, namespace)
  const call = { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) }
  const items: T[] = []
  let next: string | undefined
  let resourceVersion = ''
  let paged = true
  for (;;) {
    try {
      const size = paged ? Math.min(pageSize, limit - items.length) : undefined
      const page = await request<Page<T>>('GET', path, {
        ...call,
        query: { labelSelector, fieldSelector, limit: size, continue: next },
      })
      if (!page || typeof page !== 'object' || !page.metadata)
        throw new KubernetesAnswerError(`GET ${path}: the answer is not a list`)
      resourceVersion = page.metadata.resourceVersion ?? ''
      for (const item of page.items ?? []) items.push(named(item, kind))
      next = page.metadata.continue
      if (!next || items.length >= limit) break
    } catch (error) {
      if (!next || !isGone(error)) throw error
      items.length = 0
      next = undefined
      paged = false
    }
  }
  if (items.length > limit) items.length = limit
  return { items, metadata: { resourceVersion } }
}

/** Items of built-in kinds come without apiVersion and kind. */
function named<T extends KubernetesObject>(item: T, { apiVersion, kind }: Kind<T>): T {
  if (!item?.metadata || typeof item.metadata.name !== 'string')
    throw new KubernetesAnswerError(`an item in a list of ${kind} has no name`)
  return item.kind ? item : { ...item, apiVersion, kind }
}
