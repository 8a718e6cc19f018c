import { getCondition, type Machine, type MachineStep } from '@fochista/api'
import { isUpid, parseUpid } from '@fochista/proxmox'
import { isShared } from '../placement/storages.ts'
import type { Holdup, MachineContext, StepResult } from './context.ts'
import { blocked, waiting } from './context.ts'
import { UNCALLED_MS } from './retries.ts'
import { isHostGone } from './host.ts'

/** How our task in flight stands. */
export type TaskState =
  | { readonly state: 'none' }
  | { readonly state: 'running'; readonly upid: string; readonly type: string }
  | { readonly state: 'ended'; readonly upid: string; readonly type: string }
  | FailedTask

/** A task that has failed. */
export interface FailedTask {
  readonly state: 'failed'
  readonly upid: string
  readonly type: string
  readonly exitStatus: string
  /** How long it ran, milliseconds. */
  readonly tookMs: number
}

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
  const { type, node } = parseUpid(upid)
  const status = await context.connection.hypervisor.task(upid).catch(async (error: unknown) => {
    // A task has ended with its host; what has become of the VM its own host says.
    if (await isHostGone(context, node).catch(() => false)) return undefined
    throw error
  })
  if (status?.state === 'running') return { state: 'running', upid, type }
  delete context.machine.status?.task
  context.forgetConfig()
  const { clock, retries } = context.world
  const tookMs = context.connection.taskTimes.age(upid, clock.now())
  context.connection.taskTimes.ended(upid, clock.now())
  const state: TaskState =
    status?.state === 'failed'
      ? { state: 'failed', upid, type, exitStatus: status.exitStatus, tookMs }
      : { state: 'ended', upid, type }
  ended.set(context, state)
  if (state.state === 'ended') retries.passed(context.key, type)
  return state
}

/**
 * A step whose task has failed. It is tried again when it is the machine's turn among all that fail so on its host, or on the storage that
 * all hosts share: one of them tries, and when it gets through the others follow.
 */
export function failedAt(context: MachineContext, task: FailedTask, reason: string, message: string): Holdup {
  const { spec, status } = context.machine
  const storage = task.type === 'imgcopy' ? spec.isoStorage : isOfDisks(task.type) ? spec.storage : undefined
  const host = isShared(context.connection.storages(), storage) ? undefined : (status?.node ?? spec.host)
  const where = [spec.proxmoxCluster, host, storage]
  context.world.retries.failed(context.key, { what: task.type, where }, task.tookMs)
  return blocked(reason, message, UNCALLED_MS)
}

const isOfDisks = (type: string): boolean => type === 'qmclone' || type === 'resize'

/**
 * Holds a step up that has failed in a way that may last until it is its turn. The failure itself is written to the Machine, which wakes it
 * at once: without this the same task would be begun again and again.
 */
export function holdAfterFailure(
  context: MachineContext,
  step: MachineStep,
  reasons: readonly string[],
): StepResult | undefined {
  const { machine, world, key } = context
  const said = getCondition(machine, step)
  if (said?.status !== 'False' || !reasons.includes(said.reason)) return undefined
  return world.retries.isHeld(key) ? blocked(said.reason, said.message, UNCALLED_MS) : undefined
}

/**
 * Notes a task that was just started, at once: after a crash it is what is waited for. What is said of it is written along with it.
 * @returns what `waitingFor` says
 */
export async function noteTask(
  context: MachineContext,
  upid: string,
  reason: string,
  message: string,
): Promise<StepResult> {
  context.forgetConfig()
  ended.delete(context)
  context.connection.taskTimes.began(upid, context.world.clock.now())
  context.world.retries.began(context.key)
  ;(context.machine.status ??= {}).task = upid
  const said = waitingFor(context, upid, reason, message)
  context.say(said)
  await context.save()
  return said
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
