import { argument, command, flag, integer, type Command } from '../../command.ts'
import { UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { connectProxmox } from '../../proxmox-environment.ts'
import { verbCommand, type Find, type Verb } from '../proxmox-call/verb.ts'
import { followTasks } from '../proxmox-call/tasks.ts'
import { timeoutOption } from '../waiting.ts'

/** A task says itself on which host it runs. */
const ofUpid: Find = async (_proxmox, _words, { upid }) => {
  if (upid === undefined) return [{ name: 'tasks', path: {} }]
  return [{ name: upid, path: { node: await hostOf(upid), upid } }]
}

/** The host of a task. Throws UsageError for what is no task's name. */
async function hostOf(upid: string): Promise<string> {
  const { isUpid, parseUpid } = await import('@fochista/proxmox')
  const isTask: boolean = isUpid(upid)
  if (isTask) return parseUpid(upid).node
  throw new UsageError(
    tr(`"${upid}" is no task: it begins with UPID:`, `"${upid}" non è un task: inizia con UPID:`),
    {
      hint: `${tr('list the latest ones:', 'elenca gli ultimi:')}  fochista task list -o yaml`,
    },
  )
}

/** Calls on tasks. */
export const taskVerbs: readonly Verb[] = [
  {
    path: 'task list',
    method: 'GET',
    call: '/cluster/tasks',
    summary: tr('list the latest tasks of all hosts', 'elenca gli ultimi task di tutti gli host'),
    examples: ['fochista task list'],
  },
  {
    path: 'task get <upid>',
    method: 'GET',
    call: '/nodes/{node}/tasks/{upid}/status',
    summary: tr('show how a task stands', 'mostra lo stato di un task'),
    examples: ['fochista task get UPID:pve1:…'],
  },
  {
    path: 'task stop <upid>',
    method: 'DELETE',
    call: '/nodes/{node}/tasks/{upid}',
    summary: tr('stop a task', 'ferma un task'),
    isDestructive: true,
    examples: ['fochista task stop UPID:pve1:…'],
  },
]

const taskLog = command({
  path: 'task log <upid>',
  calls: ['GET /nodes/{node}/tasks/{upid}/log'],
  summary: tr('print a task’s log', 'mostra il log di un task'),
  options: {
    follow: flag('-f, --follow', tr('go on until the task has ended', 'prosegue fino alla fine del task')),
    lines: integer('--lines <n>', tr('only the last lines', 'solo le ultime righe'), { min: 1 }),
  },
  examples: ['fochista task log -f UPID:pve1:…'],
  run: async (context, args, options) => {
    const upid = argument(args, 'upid')
    await hostOf(upid)
    const proxmox = await connectProxmox(context)
    try {
      if (options.follow)
        for await (const line of proxmox.tasks.log(upid, { signal: context.signal })) context.io.out(line)
      else for (const line of await proxmox.tasks.tail(upid, options.lines ?? 1_000_000)) context.io.out(line)
    } finally {
      await proxmox.close()
    }
  },
})

const taskWait = command({
  path: 'task wait <upid>',
  calls: ['GET /nodes/{node}/tasks/{upid}/status'],
  summary: tr('wait for a task to end', 'attende la fine di un task'),
  options: { timeout: timeoutOption('1h') },
  examples: ['fochista task wait UPID:pve1:…'],
  run: async (context, args, options) => {
    const upid = argument(args, 'upid')
    await hostOf(upid)
    const proxmox = await connectProxmox(context)
    try {
      await followTasks(context, proxmox, [{ name: upid, upid }], options.timeout)
    } finally {
      await proxmox.close()
    }
  },
})

/** The commands of the noun `task`. */
export const taskCommands: readonly Command[] = [
  ...taskVerbs.map((verb) => verbCommand(verb, ofUpid)),
  taskLog,
  taskWait,
]
