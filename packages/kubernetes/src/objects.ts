/** Who owns an object: it is deleted after its owner. */
export type OwnerReference = {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

/** Metadata of every object. What the server sets is absent in an object that is about to be created. */
export type ObjectMeta = {
  name: string
  generateName?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  /** RFC 3339, seconds. */
  creationTimestamp?: string
  /** Set while the object is being deleted and its finalizers run. */
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  managedFields?: unknown[]
}

/** What every Kubernetes object has. */
export interface KubernetesObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
}

/** Name of an object, and its namespace if the kind has one. An object's `metadata` is one. */
export type ObjectRef = { name: string; namespace?: string }

/** A list as the server answers it, pages joined. `metadata.resourceVersion` is where a watch may begin. */
export type ObjectList<T> = { items: T[]; metadata: { resourceVersion: string } }

/** One observation of a condition, in the form all Kubernetes kinds share. */
export type Condition = {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason?: string
  message?: string
  lastTransitionTime?: string
  observedGeneration?: number
}
