import type { KubernetesObject } from '@fochista/kubernetes'

/** What kubectl writes down of an object that was applied: as long as the object itself. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * An object without what nobody here reads: who manages which field, and what was applied last. Both are for the API server and kubectl, and
 * make up half of what a cache of thousands of objects takes. Patches are differences, so that they take nothing away by that.
 */
export function withoutManagement<T extends KubernetesObject>(object: T): T {
  const {
    managedFields: _managers,
    annotations,
    ...metadata
  } = object.metadata as T['metadata'] & {
    managedFields?: unknown
  }
  if (annotations === undefined) return { ...object, metadata }
  const { [LAST_APPLIED]: _applied, ...others } = annotations
  return { ...object, metadata: { ...metadata, annotations: others } }
}
