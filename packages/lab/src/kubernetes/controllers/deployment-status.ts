import { asText } from '../rest/json.ts'
import type { ApiObject, JsonObject } from '../resources.ts'
import { member } from '../builtin/defaults/fields.ts'
import { numberOr, shareOf, specOf, statusOf } from './objects.ts'

/** What a Deployment's status is made of. */
export interface RolloutFacts {
  deployment: ApiObject
  sets: ApiObject[]
  /** The set of the present template; undefined before there is one. */
  current: ApiObject | undefined
  /** Pods that are being deleted. */
  going: number
  /** Pods of a set that are there. */
  replicasOf(set: ApiObject): number
  conditions: JsonObject[]
  progressing: JsonObject | undefined
  /** Milliseconds since 1970. */
  now: number
}

function time(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** Sets a condition with the two times a Deployment's conditions have: of the last change of text, and of status. */
function put(conditions: JsonObject[], next: JsonObject, now: string): JsonObject[] {
  const before = conditions.find((each) => each['type'] === next['type'])
  if (
    before !== undefined &&
    before['status'] === next['status'] &&
    before['reason'] === next['reason'] &&
    before['message'] === next['message']
  )
    return conditions
  const made: JsonObject = {
    type: next['type'],
    status: next['status'],
    lastUpdateTime: now,
    lastTransitionTime: before?.['status'] === next['status'] ? (before?.['lastTransitionTime'] ?? now) : now,
    reason: next['reason'],
    message: next['message'],
  }
  return [...conditions.filter((each) => each !== before), made]
}

/** The status of a Deployment as its sets and pods are. */
export function rolloutStatus(facts: RolloutFacts): JsonObject {
  const { deployment, sets, current } = facts
  const wanted = numberOr(specOf(deployment)['replicas'], 1)
  const sum = (field: string, of: ApiObject[] = sets): number =>
    of.reduce((total, set) => total + numberOr(statusOf(set)[field], 0), 0)
  const replicas = sets.reduce((total, set) => total + facts.replicasOf(set), 0)
  const updated = current === undefined ? 0 : facts.replicasOf(current)
  const ready = sum('readyReplicas')
  const available = sum('availableReplicas')
  const missing = Math.max(
    0,
    sets.reduce((total, set) => total + numberOr(specOf(set)['replicas'], 0), 0) - available,
  )
  const now = time(facts.now)
  const rules = member(member(specOf(deployment), 'strategy'), 'rollingUpdate')
  const least = wanted - shareOf(rules?.['maxUnavailable'], wanted, 'down')
  let conditions = put(
    facts.conditions,
    available >= least
      ? {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
        }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
    now,
  )
  if (current !== undefined) {
    const complete = updated === wanted && replicas === wanted && available === wanted
    const name = current.metadata.name ?? ''
    const done = facts.progressing?.['reason'] === 'NewReplicaSetAvailable'
    conditions = put(conditions, progress(facts, { complete, name, done }), now)
  }
  const status: JsonObject = { observedGeneration: deployment.metadata.generation }
  for (const [field, value] of [
    ['replicas', replicas],
    ['updatedReplicas', updated],
    ['readyReplicas', ready],
    ['availableReplicas', available],
    ['unavailableReplicas', missing],
  ] as const)
    if (value > 0) status[field] = value
  status['terminatingReplicas'] = facts.going
  status['conditions'] = conditions
  return status
}

function progress(
  facts: RolloutFacts,
  state: { complete: boolean; name: string; done: boolean },
): JsonObject {
  const condition = (status: string, reason: string, message: string): JsonObject => ({
    type: 'Progressing',
    status,
    reason,
    message,
  })
  if (state.complete)
    return condition(
      'True',
      'NewReplicaSetAvailable',
      `ReplicaSet "${state.name}" has successfully progressed.`,
    )
  // A finished roll-out that only scales stays finished.
  const message = typeof facts.progressing?.['message'] === 'string' ? facts.progressing['message'] : ''
  if (state.done && message.includes(`"${state.name}"`) && facts.progressing !== undefined)
    return condition('True', 'NewReplicaSetAvailable', message)
  const since = Date.parse(asText(facts.progressing?.['lastUpdateTime']))
  const deadline = numberOr(specOf(facts.deployment)['progressDeadlineSeconds'], 600) * 1000
  if (!Number.isNaN(since) && facts.now - since > deadline)
    return condition(
      'False',
      'ProgressDeadlineExceeded',
      `ReplicaSet "${state.name}" has timed out progressing.`,
    )
  return condition('True', 'ReplicaSetUpdated', `ReplicaSet "${state.name}" is progressing.`)
}
