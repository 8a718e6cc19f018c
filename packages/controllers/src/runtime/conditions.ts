import { getCondition, removeCondition, setCondition, type Condition } from '@fochista/api'
import type { KubernetesObject } from '@fochista/kubernetes'
import type { Clock } from './clock.ts'
import type { Recorder } from './recorder.ts'

interface WithConditions extends KubernetesObject {
  status?: { conditions?: Condition[] }
}

/** Says something of an object: the same sentence as its condition and, when it is news, as an Event. */
export interface Voice {
  /** It is so. */
  yes(object: WithConditions, type: string, reason: string, message: string): void
  /** It is not so, and somebody should know why. */
  no(object: WithConditions, type: string, reason: string, message: string): void
  /** It is so, and it should not be. */
  alert(object: WithConditions, type: string, reason: string, message: string): void
  /** Not yet known, or under way. */
  unknown(object: WithConditions, type: string, reason: string, message: string): void
  /** Takes back what was said. */
  unsay(object: WithConditions, type: string): void
  /** Only an Event. */
  tell(object: KubernetesObject, type: 'Normal' | 'Warning', reason: string, message: string): void
  /** Resolves when all Events so far have been written, or could not be: before an object goes that only they tell of. */
  told(): Promise<void>
}

/** Makes a voice. A message that alone changes (progress in per cent) is no news and makes no Event. */
export function createVoice({ clock, recorder }: { clock: Clock; recorder: Recorder }): Voice {
  const set = (
    object: WithConditions,
    type: string,
    status: Condition['status'],
    reason: string,
    message: string,
    isBad = status === 'False',
  ): void => {
    const before = getCondition(object, type)
    const { generation } = object.metadata
    setCondition(
      object,
      {
        type,
        status,
        reason,
        message,
        ...(generation === undefined ? {} : { observedGeneration: generation }),
      },
      clock.now(),
    )
    if (before?.status !== status || before.reason !== reason)
      recorder.say(object, { type: isBad ? 'Warning' : 'Normal', reason, message })
  }
  return {
    yes: (object, type, reason, message) => set(object, type, 'True', reason, message),
    no: (object, type, reason, message) => set(object, type, 'False', reason, message),
    alert: (object, type, reason, message) => set(object, type, 'True', reason, message, true),
    unknown: (object, type, reason, message) => set(object, type, 'Unknown', reason, message),
    unsay: (object, type) => removeCondition(object, type),
    tell: (object, type, reason, message) => recorder.say(object, { type, reason, message }),
    told: () => recorder.flush(),
  }
}
