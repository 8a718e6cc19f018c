import { ApiError } from '../api-error.ts'
import type { Call } from '../handler.ts'
import { startTask, type Worker } from '../tasks.ts'

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

/** Text of an error, one line, for a step that puts a prefix before it. */
export function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trimEnd()
}
