import { parseUpid } from '@fochista/proxmox'
import type { MachineContext, StepResult } from './context.ts'
import { waiting } from './context.ts'

/** How our task in flight stands. */
export type TaskState =
  | { readonly state: 'none' }
  | { readonly state: 'running'; readonly upid: string; readonly type: string }
  | { readonly state: 'ended'; readonly upid: string; readonly type: string }
  | { readonly state: 'failed'; readonly upid: string; readonly type: string; readonly exitStatus: string }

/** Looks at the task that `status.task` names. One that has ended is taken off the status. */
export async function lookAtTask(context: MachineContext): Promise<TaskState> {
  const upid = context.machine.status?.task
  if (upid === undefined) return { state: 'none' }
  const { type } = parseUpid(upid)
  const status = await context.connection.hypervisor.task(upid)
  if (status?.state === 'running') return { state: 'running', upid, type }
  delete context.machine.status?.task
  context.forgetConfig()
  return status?.state === 'failed'
    ? { state: 'failed', upid, type, exitStatus: status.exitStatus }
    : { state: 'ended', upid, type }
}

/** Notes a task that was just started, at once: after a crash it is what is waited for. */
export async function noteTask(context: MachineContext, upid: string): Promise<void> {
  context.forgetConfig()
  ;(context.machine.status ??= {}).task = upid
  await context.save()
}

const SHORTEST_MS = 150
const LONGEST_MS = 2000

/** When to look at a task again: often at first, then less. Only while a task of ours runs do we ask at all. */
export function taskPause(context: MachineContext, upid: string): number {
  const age = context.world.clock.now() - Number(parseUpid(upid).starttime) * 1000
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, age / 8))
}

/** A step that waits for its task. */
export function waitingFor(
  context: MachineContext,
  upid: string,
  reason: string,
  message: string,
): StepResult {
  return waiting(reason, message, taskPause(context, upid))
}
