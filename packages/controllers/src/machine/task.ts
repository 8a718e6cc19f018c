import { getCondition, type Machine, type MachineStep } from '@fochista/api'
import { isUpid, parseUpid } from '@fochista/proxmox'
import type { MachineContext, StepResult } from './context.ts'
import { blocked, waiting } from './context.ts'

/** How our task in flight stands. */
export type TaskState =
  | { readonly state: 'none' }
  | { readonly state: 'running'; readonly upid: string; readonly type: string }
  | { readonly state: 'ended'; readonly upid: string; readonly type: string }
  | { readonly state: 'failed'; readonly upid: string; readonly type: string; readonly exitStatus: string }

/** The task that a Machine names. What is no UPID, whoever wrote it, is none: a status can be lost, and must hold nobody up. */
export function taskOf({ status }: Machine): string | undefined {
  return isUpid(status?.task) ? status.task : undefined
}

/** How the task of a look ended, for the steps that come after the one which took it off the status. */
const ended = new WeakMap<MachineContext, TaskState>()

/** Looks at the task that `status.task` names. One that has ended is taken off the status; every step of the look is told how. */
export async function lookAtTask(context: MachineContext): Promise<TaskState> {
  const upid = taskOf(context.machine)
  if (upid === undefined) {
    delete context.machine.status?.task
    return ended.get(context) ?? { state: 'none' }
  }
  const { type } = parseUpid(upid)
  const status = await context.connection.hypervisor.task(upid)
  if (status?.state === 'running') return { state: 'running', upid, type }
  delete context.machine.status?.task
  context.forgetConfig()
  context.connection.taskTimes.ended(upid, context.world.clock.now())
  const state: TaskState =
    status?.state === 'failed'
      ? { state: 'failed', upid, type, exitStatus: status.exitStatus }
      : { state: 'ended', upid, type }
  ended.set(context, state)
  const { failures } = context.world
  if (state.state === 'failed') failures.set(context.key, (failures.get(context.key) ?? 0) + 1)
  return state
}

/** What failed is tried again after this, milliseconds; doubled with each further failure in a row, up to the longest. */
const FIRST_RETRY_MS = 5000
const LONGEST_RETRY_MS = 120_000

/** How long to wait after the last failed task of a machine, milliseconds. */
export function retryPause({ world, key }: MachineContext): number {
  const failures = world.failures.get(key) ?? 1
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1))
}

/**
 * Holds a step up for a while after it has failed in a way that may last. The failure itself is written to the Machine, which wakes it at
 * once: without this the same task would be begun again and again.
 */
export function holdAfterFailure(
  context: MachineContext,
  step: MachineStep,
  reasons: readonly string[],
): StepResult | undefined {
  const { machine, world } = context
  const said = getCondition(machine, step)
  if (said?.status !== 'False' || !reasons.includes(said.reason)) return undefined
  const rest = Date.parse(said.lastTransitionTime) + retryPause(context) - world.clock.now()
  return rest > 0 ? blocked(said.reason, said.message, rest) : undefined
}

/** Notes a task that was just started, at once: after a crash it is what is waited for. */
export async function noteTask(context: MachineContext, upid: string): Promise<void> {
  context.forgetConfig()
  ended.delete(context)
  context.connection.taskTimes.began(upid, context.world.clock.now())
  ;(context.machine.status ??= {}).task = upid
  await context.save()
}

/** When to look at a task again. Only while a task of ours runs do we ask at all. */
export function taskPause(context: MachineContext, upid: string): number {
  return context.connection.taskTimes.pause(upid, context.world.clock.now())
}

/** A task that has run for so long is told of: it may hang, and nobody but a person knows, milliseconds. */
const LONG_MS = 30 * 60_000

/** A step that waits for its task. Of one that takes very long it says how to look at it and how to end it; it is waited for all the same. */
export function waitingFor(
  context: MachineContext,
  upid: string,
  reason: string,
  message: string,
): StepResult {
  if (context.connection.taskTimes.age(upid, context.world.clock.now()) >= LONG_MS)
    return blocked(
      'TaskTakesLong',
      `${message} Its task has run for more than ${LONG_MS / 60_000} minutes: \`fochista task log ${upid}\` shows what it does, \`fochista task stop ${upid}\` ends it.`,
      taskPause(context, upid),
    )
  return waiting(reason, message, taskPause(context, upid))
}
