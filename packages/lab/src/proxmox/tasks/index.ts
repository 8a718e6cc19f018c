import { parameterError, forbidden, die } from '../api-error.ts'
import { Answer, Download, type Call, type Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { killTask, type Task } from '../tasks.ts'
import { isOwnTask, listTasks, ownerOf } from './list.ts'

/** Milliseconds that a stopped task has for its last words. */
const GRACE = 5000

const UPID =
  /^UPID:([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[0-9A-Fa-f]{8}:([^:\s/]+):([^:\s/]*):([^:\s/]+):$/

/** Tasks of a host: the list, and each one's status, log and end. */
export const taskHandlers: Handlers = {
  'GET /nodes/{node}/tasks': listTasks,
  'GET /nodes/{node}/tasks/{upid}': () => [{ name: 'log' }, { name: 'status' }],
  'GET /nodes/{node}/tasks/{upid}/status': (call) => {
    const task = findTask(call)
    requireRight(call, task.user, 'Sys.Audit')
    const { upid, node, pid, pstart, starttime, type, id, exitstatus } = task
    return {
      upid,
      node,
      pid,
      pstart,
      starttime,
      type,
      id,
      ...ownerOf(task),
      status: exitstatus === undefined ? 'running' : 'stopped',
      exitstatus,
    }
  },
  'GET /nodes/{node}/tasks/{upid}/log': readLog,
  'DELETE /nodes/{node}/tasks/{upid}': stopTask,
}

function parse(call: Call): { type: string; user: string } {
  const [, , type, , user] = UPID.exec(call.text('upid')) ?? []
  if (type === undefined || user === undefined) return parameterError({ upid: 'unable to parse worker upid' })
  return { type, user }
}

/** The task of a call. Refuses what is no UPID, and a UPID that no task of the host has. */
function findTask(call: Call): Task {
  parse(call)
  const task = call.world.tasks.get(call.text('upid'))
  return task?.node === call.text('node') ? task : parameterError({ upid: 'no such task' })
}

function requireRight(call: Call, user: string, privilege: string): void {
  const path = `/nodes/${call.text('node')}`
  if (isOwnTask(call, user) || can(call.world, call.identity, path, [privilege])) return
  forbidden(`${path}, ${privilege}`)
}

function readLog(call: Call): unknown {
  const { type, user } = parse(call)
  requireRight(call, user, 'Sys.Audit')
  const task = call.world.tasks.get(call.text('upid'))
  if (call.flag('download')) {
    if (call.optional('start') !== undefined || call.optional('limit') !== undefined)
      die("'download' cannot be used together with 'start' or 'limit' parameters")
    const at = new Date((task?.starttime ?? 0) * 1000).toISOString().replace(/\.\d+/, '')
    const text = (task?.log ?? []).map((line) => `${line}\n`).join('')
    return new Download(`task-${call.text('node')}-${type}-${at}.log`, text)
  }
  const only = (t: string): Answer => new Answer([{ n: 1, t }], { total: 1 })
  if (task === undefined) return only('unable to open file - No such file or directory')
  if (task.log.length === 0) return only('no content')
  const start = call.number('start') ?? 0
  const limit = call.number('limit') ?? 50
  const lines = task.log.slice(start, limit === 0 ? undefined : start + limit)
  return new Answer(
    lines.map((t, index) => ({ n: start + index + 1, t })),
    { total: task.log.length },
  )
}

/** Stops a task and waits for its end; one that does not listen is killed. */
async function stopTask(call: Call): Promise<null> {
  const task = findTask(call)
  requireRight(call, task.user, 'Sys.Modify')
  if (task.exitstatus !== undefined) return null
  task.abort.abort()
  await Promise.race([task.done, call.world.clock.sleep(GRACE)])
  killTask(call.world, task)
  return null
}
