import type { KubernetesObject } from '@fochista/kubernetes'

/** True while the object waits for its finalizers. */
export function isDeleting(object: KubernetesObject): boolean {
  return object.metadata.deletionTimestamp !== undefined
}

/** True if the object bears the finalizer. */
export function hasFinalizer(object: KubernetesObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false
}

/** Puts a finalizer on, in place. */
export function addFinalizer(object: KubernetesObject, finalizer: string): void {
  if (!hasFinalizer(object, finalizer))
    object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer]
}

/** Takes a finalizer off, in place. */
export function removeFinalizer(object: KubernetesObject, finalizer: string): void {
  object.metadata.finalizers = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer)
}
