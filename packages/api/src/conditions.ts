import type { Condition } from './schema.ts'

export type { Condition } from './schema.ts'

/** The seven steps of a machine's way, in order; each has a condition of its own. */
export const MACHINE_STEPS = [
  'Placed',
  'Cloned',
  'Configured',
  'Seeded',
  'Started',
  'Joined',
  'Ready',
] as const

/** One of the steps. */
export type MachineStep = (typeof MACHINE_STEPS)[number]

interface WithConditions {
  status?: { conditions?: Condition[] }
}

/** The condition of a type, if anything was said of it. */
export function getCondition(object: WithConditions, type: string): Condition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type)
}

/** True when the condition is there and its status is True. */
export function isTrue(object: WithConditions, type: string): boolean {
  return getCondition(object, type)?.status === 'True'
}

/**
 * Says something of an object, in place. The time moves only when the status changes.
 * @returns whether anything changed.
 */
export function setCondition(
  object: WithConditions,
  said: Omit<Condition, 'lastTransitionTime'>,
  now: number,
): boolean {
  const status = (object.status ??= {})
  const all = (status.conditions ??= [])
  const index = all.findIndex(({ type }) => type === said.type)
  const before = all[index]
  const since =
    before && before.status === said.status
      ? before.lastTransitionTime
      : `${new Date(now).toISOString().slice(0, 19)}Z`
  const after: Condition = { ...said, lastTransitionTime: since }
  if (
    before &&
    before.reason === after.reason &&
    before.message === after.message &&
    before.lastTransitionTime === since &&
    before.observedGeneration === after.observedGeneration
  )
    return false
  if (before) all[index] = after
  else all.push(after)
  return true
}

/** Takes back what was said of a type, in place. */
export function removeCondition(object: WithConditions, type: string): void {
  if (object.status?.conditions)
    object.status.conditions = object.status.conditions.filter((condition) => condition.type !== type)
}
