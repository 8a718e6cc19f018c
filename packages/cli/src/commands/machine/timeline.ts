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

/** What is at work on a machine that leaves: what was said beside the seven steps, else why it is not Ready any more. */
export function leavingCondition(machine: Machine): Condition | undefined {
  const open = (machine.status?.conditions ?? []).filter(({ status }) => status !== 'True')
  return (
    open.findLast(({ type }) => !(steps as readonly string[]).includes(type)) ??
    open.find(({ type }) => type === 'Ready')
  )
}

/** What is said of something that is to go while nobody has begun with it: it has a finalizer, and only the controllers take that off. */
export const notBegunToGo = (): string =>
  tr(
    'being deleted; no controller has seen that yet (fochista serve)',
    'in eliminazione; nessun controller lo ha ancora visto (fochista serve)',
  )

/** A step while it is not done: what says Ready must be ready. */
const doing: Readonly<Record<Step, () => string>> = {
  Placed: () => tr('Placing', 'Collocazione'),
  Cloned: () => tr('Cloning', 'Clonazione'),
  Configured: () => tr('Configuring', 'Configurazione'),
  Seeded: () => tr('Seeding', 'Preparazione'),
  Started: () => tr('Starting', 'Avvio'),
  Joined: () => tr('Joining', 'Ingresso'),
  Ready: () => 'NotReady',
}

/** Where a machine stands: the first step that is not done, in the words of its condition. */
export function stepOf(machine: Machine): ProgressLine {
  const { name, deletionTimestamp, annotations } = machine.metadata
  const { failure } = machine.status ?? {}
  if (deletionTimestamp) {
    const detail = leavingCondition(machine)?.message || notBegunToGo()
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
    state: doing[step](),
    detail: condition?.message || tr('not begun', 'non iniziato'),
    style: condition?.status === 'False' ? 'waiting' : 'working',
  }
}
