import type { Kind, Kubernetes, KubernetesObject } from '@fochista/kubernetes'
import { isNotFound, orUndefined } from '@fochista/kubernetes'
import { isDeleting } from './finalizers.ts'

/** What writing needs of a cluster. */
export type Patcher = Pick<Kubernetes, 'patch'>

/**
 * Writes what differs between two states of an object, and nothing if nothing does: `status` through its subresource, everything else
 * (spec, labels, annotations, finalizers) under an optimistic lock, so that a decision taken on an old state fails with a conflict.
 * The status goes first: an object whose last finalizer goes may be gone with the second request. A leaving object that is gone by then
 * is not an error; of any other it is, lest something be made for an object that is no more.
 * @returns the object as the server has it now; `after` if nothing was written.
 */
export async function patchIfChanged<T extends KubernetesObject>(
  kubernetes: Patcher,
  kind: Kind<T>,
  before: T,
  after: T,
): Promise<T> {
  const ref = {
    name: before.metadata.name,
    ...(before.metadata.namespace ? { namespace: before.metadata.namespace } : {}),
  }
  const isGone = (error: unknown): boolean => isDeleting(before) && isNotFound(error)
  let current = after
  const statusPatch = mergePatch(field(before, 'status'), field(after, 'status'))
  const bodyPatch = mergePatch(bodyOf(before), bodyOf(after))
  let version = before.metadata.resourceVersion
  if (statusPatch !== undefined) {
    // A status alone is what was seen, and true whatever happened meanwhile. With a decision beside it the lock begins here: the version
    // that this write answers would hide what somebody else wrote before it.
    const locked = bodyPatch !== undefined && version ? { resourceVersion: version } : {}
    const written = await orUndefined(
      isGone,
      kubernetes.patch(kind, ref, { status: statusPatch }, { subresource: 'status', ...locked }),
    )
    if (!written) return after
    current = written
    version = written.metadata.resourceVersion
  }
  if (bodyPatch === undefined) return current
  const written = await orUndefined(
    isGone,
    kubernetes.patch(kind, ref, bodyPatch, version ? { resourceVersion: version } : {}),
  )
  return written ?? after
}

/** RFC 7386: what makes `before` into `after`; undefined if they are the same. */
export function mergePatch(before: unknown, after: unknown): unknown {
  if (before === after) return undefined
  if (isRecord(before) && isRecord(after)) {
    let patch: Record<string, unknown> | undefined
    for (const key in before)
      if (after[key] === undefined && before[key] !== undefined) (patch ??= {})[key] = null
    for (const key in after) {
      const inner = after[key] === undefined ? undefined : mergePatch(before[key], after[key])
      if (inner !== undefined) (patch ??= {})[key] = inner
    }
    return patch
  }
  return isSameList(before, after) ? undefined : (after ?? null)
}

/** Lists are written whole: most are the same as before, item by item. */
function isSameList(before: unknown, after: unknown): boolean {
  return (
    Array.isArray(before) &&
    Array.isArray(after) &&
    before.length === after.length &&
    before.every((item, at) => mergePatch(item, after[at]) === undefined)
  )
}

function bodyOf(object: KubernetesObject): Record<string, unknown> {
  const { labels, annotations, finalizers } = object.metadata
  return { metadata: { labels, annotations, finalizers: finalizers ?? [] }, spec: field(object, 'spec') }
}

function field(object: KubernetesObject, name: string): unknown {
  return (object as unknown as Record<string, unknown>)[name] ?? {}
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
