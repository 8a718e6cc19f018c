import { ApiError } from '../api-error.ts'
import type { Call } from '../handler.ts'
import { startTask, type Worker } from '../tasks.ts'
import type { Vm } from '../world.ts'
import { lockConfig } from './lock.ts'
import { loadVm, vmidOf } from './vm.ts'

/** Starts a task of a VM for the caller and returns its UPID. `id` is the vmid unless another is given. */
export function startVmTask(
  call: Call,
  type: string,
  work: (worker: Worker) => Promise<void>,
  id: string = call.text('vmid'),
): string {
  return startTask(call.world, { node: call.text('node'), type, id, user: call.user }, (worker) =>
    asTask(() => work(worker)),
  )
}

/**
 * Starts a task that works on the call's VM while holding its configuration lock, with the VM as it is then. The task
 * fails with the first text when there is none, before the wait or after it.
 */
export function startLockedTask(
  call: Call,
  type: string,
  work: (vm: Vm, worker: Worker) => Promise<void>,
): string {
  const [node, vmid] = [call.text('node'), vmidOf(call)]
  return startVmTask(call, type, async (worker) => {
    loadVm(call.world, node, vmid)
    await lockConfig(call.world, vmid, () => work(loadVm(call.world, node, vmid), worker), { worker })
  })
}

/** Runs a step as tasks do: what is raised with a code or for a parameter becomes one text, `403 Permission check failed (...)`. */
async function asTask(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof ApiError) || error.status === 500) throw error
    const parameters = Object.entries(error.errors ?? {}).map(([name, text]) => `${name}: ${text}`)
    throw new Error([`${error.status} ${error.message.trimEnd()}`, ...parameters].join('\n'), {
      cause: error,
    })
  }
}

/** Text of an error, one line, for a step that puts a prefix before it. A task that is stopped says so. */
export function textOf(error: unknown): string {
  if (error instanceof Error && error.name === 'AbortError') return 'received interrupt'
  return (error instanceof Error ? error.message : String(error)).trimEnd()
}
