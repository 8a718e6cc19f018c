import type { Call } from '../handler.ts'
import { can } from '../permissions.ts'
import { byEnding, isOwnTask, ownerOf } from '../tasks/list.ts'
import type { Task } from '../tasks.ts'

/** How many tasks each host tells the others of. */
const PUBLISHED = 25

/** Lists the tasks that hosts tell each other of: those that run, and the last that ended. */
export function clusterTasks(call: Call): Record<string, unknown>[] {
  const seesAll = can(call.world, call.identity, '/', ['Sys.Audit'])
  const list: Record<string, unknown>[] = []
  for (const node of call.world.hosts.keys()) {
    const tasks = [...call.world.tasks.values()].filter((task) => task.node === node)
    const running = tasks.filter(({ exitstatus }) => exitstatus === undefined)
    const finished = tasks.filter(({ exitstatus }) => exitstatus !== undefined).sort(byEnding)
    for (const task of [...running, ...finished.slice(0, Math.max(0, PUBLISHED - running.length))])
      if (seesAll || isOwnTask(call, task.user)) list.push(entryOf(task))
  }
  return list
}

function entryOf(task: Task): Record<string, unknown> {
  const { upid, node, type, id, starttime, endtime, exitstatus, pid } = task
  const facts = { upid, node, type, id, starttime, ...ownerOf(task) }
  return exitstatus === undefined
    ? { ...facts, pid, saved: '0' }
    : { ...facts, endtime, status: exitstatus, saved: '1' }
}
