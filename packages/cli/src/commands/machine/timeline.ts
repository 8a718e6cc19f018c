import type { Machine } from '@fochista/api'
import { tr } from '../../locale.ts'
import type { ProgressLine } from '../../progress.ts'

interface ConditionLike {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

/** The seven steps of a machine's way, in order; each has a condition of its own. */
export const steps = ['Placed', 'Cloned', 'Configured', 'Seeded', 'Started', 'Joined', 'Ready'] as const

/** A condition of a machine, or undefined if nothing was said of it yet. */
export function conditionOf(machine: Machine, type: string): ConditionLike | undefined {
  return (machine.status?.conditions as ConditionLike[] | undefined)?.find(
    (condition) => condition.type === type,
  )
}

/** Where a machine stands: the first step that is not done, in the words of its condition. */
export function stepOf(machine: Machine): ProgressLine {
  const name = machine.metadata.name
  if (machine.metadata.deletionTimestamp) {
    const leaving = conditionOf(machine, 'Leaving') ?? conditionOf(machine, 'Drained')
    return { name, state: tr('Leaving', 'In uscita'), detail: leaving?.message, style: 'off' }
  }
  for (const [index, type] of steps.entries()) {
    const condition = conditionOf(machine, type)
    if (condition?.status === 'True') continue
    const failed = condition?.status === 'False' && index < steps.length - 2
    return {
      name,
      state: type,
      detail: condition?.message ?? tr('not begun', 'non iniziato'),
      style: failed ? 'waiting' : 'working',
    }
  }
  return { name, state: 'Ready', detail: machine.status?.nodeName, style: 'ready' }
}
