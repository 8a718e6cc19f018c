import { randomUUID } from 'node:crypto'
import { ApiError, die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { splitList } from '../verify/string-formats.ts'

/** Jobs that would make backups at their times. The lab keeps the list, and makes backups when it is asked. */
export const backupJobHandlers: Handlers = {
  'GET /cluster/backup': ({ world }) =>
    [...world.cluster.backupJobs].map(([id, options]) => show(id, options, world.clock.now())),
  'GET /cluster/backup/{id}': (call) => {
    const id = call.text('id')
    const options = call.world.cluster.backupJobs.get(id) ?? noJob(id)
    return show(id, options, call.world.clock.now())
  },
  'POST /cluster/backup': (call) => {
    const id = call.optional('id') ?? `backup-${randomUUID().slice(0, 13)}`
    if (call.world.cluster.backupJobs.has(id)) die(`Job '${id}' already exists`)
    call.world.cluster.backupJobs.set(id, optionsOf(call))
    return null
  },
  'PUT /cluster/backup/{id}': (call) => {
    const options = call.world.cluster.backupJobs.get(call.text('id')) ?? noJob(call.text('id'))
    for (const name of splitList(call.optional('delete') ?? '')) delete options[name]
    Object.assign(options, optionsOf(call))
    return null
  },
  'DELETE /cluster/backup/{id}': (call) => {
    // The code of the inner call's error is part of the outer one's text.
    if (!call.world.cluster.backupJobs.delete(call.text('id')))
      throw new ApiError(500, '400 Parameter verification failed.\n')
    return null
  },
}

function noJob(id: string): never {
  return die(`No such job '${id}'`)
}

function optionsOf(call: Call): Record<string, string> {
  const options: Record<string, string> = {}
  for (const name in call.params) if (!['id', 'delete'].includes(name)) options[name] = call.text(name)
  options['enabled'] ??= '1'
  return options
}

const NUMBERS = new Set([
  'enabled',
  'all',
  'bwlimit',
  'maxfiles',
  'repeat-missed',
  'protected',
  'remove',
  'zstd',
])

function show(id: string, options: Readonly<Record<string, string>>, now: number): Record<string, unknown> {
  const shown: Record<string, unknown> = { id, type: 'vzdump' }
  for (const [name, value] of Object.entries(options)) shown[name] = NUMBERS.has(name) ? Number(value) : value
  const next = nextRun(options['schedule'], now)
  if (next !== undefined && options['enabled'] !== '0') shown['next-run'] = next
  return shown
}

/** When a job of a daily schedule, `21:00`, runs next: seconds since 1970. */
function nextRun(schedule: string | undefined, now: number): number | undefined {
  const [, hours, minutes] = /(\d{1,2}):(\d{2})$/.exec(schedule ?? '') ?? []
  if (hours === undefined || minutes === undefined) return undefined
  const today = new Date(now)
  today.setUTCHours(Number(hours), Number(minutes), 0, 0)
  const at = today.getTime()
  return Math.floor((at > now ? at : at + 86_400_000) / 1000)
}
