import type { Work } from '../proxmox/tasks.ts'
import type { Armed } from './occasion.ts'

/** How often a hanging task looks whether its fault is over, milliseconds. */
const LOOK = 50

/** A task's work as a fault lets it go. */
export function faultTask(armed: Armed, work: Work): Work {
  const { what } = armed.spec
  switch (what.kind) {
    case 'task-fails':
      return async (worker) => {
        if (what.at === 'after') await work(worker)
        throw new Error(what.exit)
      }
    case 'task-hangs':
      return async (worker) => {
        if (what.at === 'after') await work(worker)
        // Spent means that it struck as often as it should, this task included: only its end lets go.
        while (armed.state !== 'over') {
          worker.signal.throwIfAborted()
          await new Promise((resolve) => setTimeout(resolve, LOOK).unref())
        }
        if (what.at !== 'after') await work(worker)
      }
    case 'task-warns':
      return async (worker) => {
        await work(worker)
        worker.warn(what.text)
      }
    default:
      return work
  }
}
