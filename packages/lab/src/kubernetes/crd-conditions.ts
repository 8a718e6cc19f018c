import type { ApiObject, JsonObject } from './resources.ts'
import { at, isObject } from './rest/json.ts'
import type { Core } from './rest/core.ts'
import { timestamp } from './rest/core.ts'

/** Finalizer of a CRD whose objects are still there. */
export const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io'

/** Marks a CRD for deletion: it stays until its objects are gone. */
export function markForDeletion(core: Core, crd: ApiObject): ApiObject {
  const finalizers = crd.metadata.finalizers ?? []
  const metadata = {
    ...crd.metadata,
    deletionTimestamp: timestamp(core),
    finalizers: finalizers.includes(CLEANUP) ? finalizers : [...finalizers, CLEANUP],
  }
  return withCondition(
    core,
    { ...crd, metadata },
    {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    },
  )
}

function conditionsOf(crd: ApiObject): JsonObject[] {
  const conditions = at(crd, ['status', 'conditions'])
  return Array.isArray(conditions) ? conditions.filter(isObject) : []
}

/** A condition of a CRD by its type. */
export function conditionOf(crd: ApiObject, type: string): JsonObject | undefined {
  return conditionsOf(crd).find((each) => each['type'] === type)
}

/** The CRD with a condition set; its time moves only when its status changes. */
export function withCondition(core: Core, crd: ApiObject, wanted: JsonObject): ApiObject {
  const old = conditionsOf(crd)
  const before = old.find((each) => each['type'] === wanted['type'])
  const { type, status, reason, message } = wanted
  const since =
    before?.['status'] === status ? (before?.['lastTransitionTime'] ?? timestamp(core)) : timestamp(core)
  const condition = { type, status, lastTransitionTime: since, reason, message }
  const conditions =
    before === undefined ? [...old, condition] : old.map((each) => (each['type'] === type ? condition : each))
  return { ...crd, status: { ...(isObject(crd['status']) ? crd['status'] : {}), conditions } }
}
