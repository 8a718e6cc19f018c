import type { Keep, ListOptions, RawRequestOptions } from './client-types.ts'
import { isGone, KubernetesAnswerError } from './errors.ts'
import { collectionPath } from './kind.ts'
import type { Kind } from './kind.ts'
import type { KubernetesObject, ObjectList } from './objects.ts'

type Page<T> = {
  kind?: string
  items?: T[] | null
  metadata?: { resourceVersion?: string; continue?: string }
}

/** What a list may cost, whatever the server says. */
type ListLimits = {
  maxItems?: number | undefined
  maxListBytes?: number | undefined
  pageSize?: number | undefined
  listTimeoutMs?: number | undefined
}

/** A GET; answers the decoded body, and how many bytes it had. */
export type Ask = <T>(path: string, options: RawRequestOptions) => Promise<{ value: T; bytes: number }>

/** Pages with nothing in them that a server may send, though it says that more follows. */
const MOST_EMPTY_PAGES = 16

/**
 * Lists page by page. When the snapshot behind the pages has expired it begins again without pages, as one answer cannot
 * expire half-way. Throws a KubernetesAnswerError for what is no list, and for one that exceeds the limits.
 */
export async function listPages<T extends KubernetesObject>(
  ask: Ask,
  kind: Kind<T>,
  options: ListOptions & { keep?: Keep<T> | undefined },
  limits: ListLimits = {},
): Promise<ObjectList<T>> {
  const any = Number.POSITIVE_INFINITY
  const { maxItems = any, maxListBytes = any, listTimeoutMs = any } = limits
  const {
    namespace,
    labelSelector,
    fieldSelector,
    pageSize = limits.pageSize ?? 500,
    limit = any,
    signal,
    timeoutMs,
    keep,
  } = options
  const path = collectionPath(kind as Kind, namespace)
  const call = { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) }
  const items: T[] = []
  let next: string | undefined
  let resourceVersion = ''
  let paged = true
  let emptyPages = 0
  let size = 0
  const deadline = performance.now() + listTimeoutMs
  for (;;) {
    if (performance.now() > deadline)
      throw new KubernetesAnswerError(`GET ${path}: the list does not end within ${listTimeoutMs / 1000} s`)
    try {
      const { value: page, bytes } = await ask<Page<T>>(path, {
        ...call,
        query: {
          labelSelector,
          fieldSelector,
          limit: paged ? Math.min(pageSize, limit - items.length) : undefined,
          continue: next,
        },
      })
      if (!page || typeof page !== 'object' || !page.metadata || !Array.isArray(page.items ?? []))
        throw new KubernetesAnswerError(`GET ${path}: the answer is not a list`)
      resourceVersion = textOf(page.metadata.resourceVersion)
      for (const item of page.items ?? []) items.push(keep ? keep(named(item, kind)) : named(item, kind))
      if (!keep) size += bytes
      if (size > maxListBytes)
        throw new KubernetesAnswerError(`GET ${path}: the list is larger than ${maxListBytes} bytes`)
      if (items.length > maxItems)
        throw new KubernetesAnswerError(`GET ${path}: the list has more than ${maxItems} objects`)
      emptyPages = page.items?.length ? 0 : emptyPages + 1
      if (emptyPages > MOST_EMPTY_PAGES)
        throw new KubernetesAnswerError(`GET ${path}: the list goes on without objects`)
      next = textOf(page.metadata.continue)
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

/** What an answer says in a field that holds text; a number or worse counts as nothing. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Items of built-in kinds come without apiVersion and kind. */
function named<T extends KubernetesObject>(item: T, kind: Kind<T>): T {
  requireObject(item, kind, `an item in a list of ${kind.kind}`)
  return item.kind ? item : { ...item, apiVersion: kind.apiVersion, kind: kind.kind }
}

/** Throws a KubernetesAnswerError unless a value is an object of the kind, or one that does not say its kind. */
export function requireObject(value: unknown, kind: { kind: string }, what: string): void {
  const { kind: said, metadata } = (value ?? {}) as { kind?: unknown; metadata?: { name?: unknown } }
  if (typeof metadata?.name !== 'string' || metadata.name === '')
    throw new KubernetesAnswerError(`${what} has no name`)
  if (said !== undefined && said !== kind.kind)
    throw new KubernetesAnswerError(
      `${what} is a ${typeof said === 'string' ? said.slice(0, 63) : typeof said}`,
    )
}
