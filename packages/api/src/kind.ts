import type { TSchema } from 'typebox'
import type { Rule } from './schema.ts'

/** How a kind is addressed; has the shape that Kubernetes clients ask for. `T` is only for types. */
export interface Kind<T> {
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  /** Never present; carries the type of the objects. */
  readonly type?: T
}

/** ObjectMeta, as far as we read and write it. */
export interface ObjectMeta {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
}

/** An object of one of our kinds. */
export interface Resource<Spec, Status> {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: Spec
  status?: Status
}

/** A column of `kubectl get`. Priority 1 shows only with `-o wide`. */
export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date' | 'boolean'
  readonly jsonPath: string
  readonly description?: string
  readonly priority?: number
}

/** Everything that makes a CustomResourceDefinition of a kind. */
export interface KindDefinition {
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames?: readonly string[]
  readonly namespaced: boolean
  readonly description: string
  readonly spec: TSchema
  readonly status: TSchema
  readonly columns: readonly PrinterColumn[]
  /** Rules over the object as a whole, its name among it. */
  readonly rules?: readonly Rule[]
  readonly scale?: {
    readonly specReplicasPath: string
    readonly statusReplicasPath: string
    readonly labelSelectorPath: string
  }
}
