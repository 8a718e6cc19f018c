import { Answer, type Call } from '../handler.ts'
import { can, printIdentity } from '../permissions.ts'
import type { Task } from '../tasks.ts'

/** Lists tasks of a host: the archive of finished ones, those that run, or both; newest first. */
export function listTasks(call: Call): Answer {
  const node = call.text('node')
  const source = call.optional('source') ?? 'archive'
  const start = call.number('start') ?? 0
  const limit = call.number('limit') ?? 50
  const seesAll = can(call.world, call.identity, `/nodes/${node}`, ['Sys.Audit'])
  const wanted = [...call.world.tasks.values()].filter(
    (task) =>
      task.node === node &&
      (source === 'all' || (source === 'active') === (task.exitstatus === undefined)) &&
      (seesAll || isOwnTask(call, task.user)) &&
      passesFilters(call, task),
  )
  const running = wanted.filter((task) => task.exitstatus === undefined)
  const finished = wanted.filter((task) => task.exitstatus !== undefined)
  finished.sort(byEnding)
  const entries = [...running, ...finished].slice(start, start + limit).map(entryOf)
  return new Answer(entries, wanted.length > 0 ? { total: wanted.length } : {})
}

/** Order of an archive: the last to end comes first. */
export function byEnding(one: Task, other: Task): number {
  return (other.ended ?? 0) - (one.ended ?? 0)
}

/** Whether a task belongs to the caller: a user's own, or one of its tokens'. */
export function isOwnTask(call: Call, user: string): boolean {
  const caller = printIdentity(call.identity)
  return user === caller || (call.identity.token === undefined && user.startsWith(`${caller}!`))
}

/** User and token of a task, as answers have them: apart. */
export function ownerOf({ user }: Task): { user: string; tokenid?: string } {
  const [name = '', tokenid] = user.split('!')
  return tokenid === undefined ? { user: name } : { user: name, tokenid }
}

function entryOf(task: Task): Record<string, unknown> {
  const { upid, node, pid, pstart, starttime, type, id } = task
  const facts = { upid, node, pid, pstart, starttime, type, id, ...ownerOf(task) }
  return task.exitstatus === undefined
    ? { ...facts, status: 'RUNNING', saved: '0' }
    : { ...facts, endtime: task.endtime, status: task.exitstatus }
}

function passesFilters(call: Call, task: Task): boolean {
  const type = call.optional('typefilter')
  const user = call.optional('userfilter')
  const vmid = call.optional('vmid')
  const since = call.number('since')
  const until = call.number('until')
  const statuses = call
    .optional('statusfilter')
    ?.toLowerCase()
    .split(/[,; ]+/)
  return (
    (type === undefined || task.type === type) &&
    (user === undefined || task.user.toLowerCase().includes(user.toLowerCase())) &&
    (vmid === undefined || task.id === vmid) &&
    (since === undefined || task.starttime >= since) &&
    (until === undefined || task.starttime <= until) &&
    (!call.flag('errors') || (task.exitstatus !== undefined && !isGood(task.exitstatus))) &&
    (statuses === undefined || statuses.includes(kindOf(task.exitstatus)))
  )
}

function isGood(exitstatus: string): boolean {
  return exitstatus === 'OK' || exitstatus.startsWith('WARNINGS:')
}

function kindOf(exitstatus: string | undefined): string {
  if (exitstatus === undefined || exitstatus === 'unexpected status') return 'unknown'
  if (exitstatus === 'OK') return 'ok'
  return isGood(exitstatus) ? 'warning' : 'error'
}
