import type { ApiObject, JsonObject, OwnerReference } from '../resources.ts'
import { items, member, textOf } from '../builtin/defaults/fields.ts'

/** The spec of an object; empty when it has none. */
export function specOf(object: ApiObject | undefined): JsonObject {
  return member(object, 'spec') ?? {}
}

/** The status of an object; empty when it has none. */
export function statusOf(object: ApiObject | undefined): JsonObject {
  return member(object, 'status') ?? {}
}

/** The condition of a type. */
export function conditionOf(object: ApiObject | undefined, type: string): JsonObject | undefined {
  return items(statusOf(object), 'conditions').find((each) => each['type'] === type)
}

/** Whether a condition is True. */
export function holds(object: ApiObject | undefined, type: string): boolean {
  return conditionOf(object, type)?.['status'] === 'True'
}

/** The owner that controls an object. */
export function controllerOf(object: ApiObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((each) => each.controller === true)
}

/** The reference that makes an object's owner its controller. */
export function ownedBy(owner: ApiObject, apiVersion: string, kind: string): OwnerReference {
  return {
    apiVersion,
    kind,
    name: owner.metadata.name ?? '',
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** Labels of a pod template. */
export function templateLabels(template: JsonObject): { [key: string]: string } {
  const labels = member(member(template, 'metadata'), 'labels') ?? {}
  const result: { [key: string]: string } = {}
  for (const [key, value] of Object.entries(labels)) if (typeof value === 'string') result[key] = value
  return result
}

/** Annotations of a pod template. */
export function templateAnnotations(template: JsonObject): { [key: string]: string } {
  const annotations = member(member(template, 'metadata'), 'annotations') ?? {}
  const result: { [key: string]: string } = {}
  for (const [key, value] of Object.entries(annotations)) if (typeof value === 'string') result[key] = value
  return result
}

/** A number or a percentage of a whole, as in maxSurge; percentages are rounded up or down. */
export function shareOf(value: unknown, whole: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value
  const percent = /^(\d+)%$/.exec(typeof value === 'string' ? value : '')?.[1]
  if (percent === undefined) return 0
  const share = (Number(percent) * whole) / 100
  return round === 'up' ? Math.ceil(share) : Math.floor(share)
}

/** A number, or what stands for an absent one. */
export function numberOr(value: unknown, instead: number): number {
  return typeof value === 'number' ? value : instead
}

/** The node a pod is bound to, or ''. */
export function nodeNameOf(pod: ApiObject): string {
  return textOf(specOf(pod)['nodeName'])
}

/** Whether a pod has ended for good. */
export function isFinished(pod: ApiObject): boolean {
  const phase = statusOf(pod)['phase']
  return phase === 'Succeeded' || phase === 'Failed'
}

/** Sets a condition in a list, keeping its transition time when its status stays. Returns the new list. */
export function withCondition(conditions: JsonObject[], next: JsonObject, now: string): JsonObject[] {
  const before = conditions.find((each) => each['type'] === next['type'])
  const same = before?.['status'] === next['status']
  const made: JsonObject = {
    ...next,
    lastTransitionTime: same ? (before?.['lastTransitionTime'] ?? now) : now,
  }
  if (before === undefined) return [...conditions, made]
  return conditions.map((each) => (each === before ? { ...before, ...made } : each))
}
