import type { KubernetesObject } from '@fochista/kubernetes'

/** A change of an object, as an informer tells it. */
export interface Change<T> {
  readonly type: 'added' | 'modified' | 'deleted'
  readonly object: T
  /** What was known before; undefined if nothing was. */
  readonly old?: T | undefined
}

/**
 * True if a change is more than what we say ourselves in an object's status: it came, it goes, or somebody changed its spec or its
 * metadata. Who depends on what an object asks for need not hear of every word in its status: each machine of a pool would look again
 * whenever one of them has moved.
 */
export function isMoreThanStatus({ type, object, old }: Change<KubernetesObject>): boolean {
  if (type !== 'modified' || !old) return true
  const [now, before] = [object.metadata, old.metadata]
  return (
    now.uid !== before.uid ||
    now.generation !== before.generation ||
    now.deletionTimestamp !== before.deletionTimestamp ||
    // A kind without generations changes without them.
    now.generation === undefined ||
    differs(now.annotations, before.annotations) ||
    differs(now.labels, before.labels) ||
    differs(now.finalizers, before.finalizers)
  )
}

/** Whether two values of plain data differ. */
export function differs(one: object | undefined, other: object | undefined): boolean {
  return one !== other && JSON.stringify(one) !== JSON.stringify(other)
}
