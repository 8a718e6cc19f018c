import type { Machine } from '@fochista/api'
import { tr } from '../../locale.ts'
import type { ProgressLine } from '../../progress.ts'

type Condition = NonNullable<NonNullable<Machine['status']>['conditions']>[number]
type Step = (typeof steps)[number]

/** The seven steps of a machine's way, in order; each has a condition of its own. */
export const steps = ['Placed', 'Cloned', 'Configured', 'Seeded', 'Started', 'Joined', 'Ready'] as const

/** A condition of a machine, or undefined if nothing was said of it yet. */
export function conditionOf(machine: Machine, type: string): Condition | undefined {
  return machine.status?.conditions?.find((condition) => condition.type === type)
}

/** The first step that is not done; undefined once the machine is Ready. */
export function currentStep(machine: Machine): Step | undefined {
  return steps.find((step) => conditionOf(machine, step)?.status !== 'True')
}

/** What is at work on a machine that leaves: the last thing said that is none of the seven steps. */
export function leavingCondition(machine: Machine): Condition | undefined {
  const others = (machine.status?.conditions ?? []).filter(
    ({ type }) => !(steps as readonly string[]).includes(type),
  )
  return others.findLast(({ status }) => status !== 'True') ?? others.at(-1)
}

/** Where a machine stands: the first step that is not done, in the words of its condition. */
export function stepOf(machine: Machine): ProgressLine {
  const { name, deletionTimestamp, annotations } = machine.metadata
  const { failure } = machine.status ?? {}
  if (deletionTimestamp) {
    const detail = leavingCondition(machine)?.message || tr('being deleted', 'in eliminazione')
    return { name, state: tr('Leaving', 'In uscita'), detail, style: 'off' }
  }
  if (failure) return { name, state: tr('Failed', 'Fallita'), detail: failure.message, style: 'failed' }
  if (annotations?.['fochista.dev/paused'] !== undefined)
    return { name, state: tr('Paused', 'In pausa'), detail: 'fochista.dev/paused', style: 'off' }
  const step = currentStep(machine)
  if (!step) return { name, state: 'Ready', detail: machine.status?.nodeName, style: 'ready' }
  const condition = conditionOf(machine, step)
  return {
    name,
    state: step,
    detail: condition?.message || tr('not begun', 'non iniziato'),
    style: condition?.status === 'False' ? 'waiting' : 'working',
  }
}
