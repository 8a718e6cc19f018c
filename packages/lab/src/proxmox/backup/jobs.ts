import { randomUUID } from 'node:crypto'
import { ApiError, die, parameterError } from '../api-error.ts'
import { createCall } from '../call.ts'
import type { Call, Handlers } from '../handler.ts'
import { nextRun } from '../jobs/calendar.ts'
import { isRoot } from '../permissions.ts'
import { sectionHandlers, type Section, type SectionFile } from '../sections.ts'
import type { Params } from '../verify/params.ts'

const LIST = '/cluster/backup'
/** Options that only root sets. */
const ROOT_ONLY = ['dumpdir', 'script', 'tmpdir']
/** Options that are shown as objects. */
const OBJECTS = ['fleecing', 'performance', 'prune-backups']

const jobFile: SectionFile = {
  list: LIST,
  id: 'id',
  sections: ({ cluster }) => cluster.backupJobs,
  lock: 'jobs_cfg',
  exists: (id) => die(`Job '${id}' already exists`),
  missing: (id) => parameterError({ id: `No such job '${id}'` }),
  digest: () => undefined,
  passedOver: ['starttime', 'dow'],
  check: (call, _, section) => checkJob(call, section),
  facts: (call, _, section) => ({ type: 'vzdump', ...objects(section), ...plan(call, section) }),
}
const jobs = sectionHandlers(jobFile)

/** Jobs that would make backups at their times. The lab keeps the list, and makes backups when it is asked. */
export const backupJobHandlers: Handlers = {
  ...jobs,
  [`POST ${LIST}`]: (call) => {
    const id = call.optional('id') ?? `backup-${randomUUID().slice(0, 13)}`
    const made = withParams(call, { enabled: '1', ...call.params, id, ...scheduleOf(call) })
    checkJob(made, made.params)
    return inLock(() => jobs[`POST ${LIST}`]?.(made))
  },
  [`PUT ${LIST}/{id}`]: (call) =>
    inLock(() => jobs[`PUT ${LIST}/{id}`]?.(withParams(call, { ...call.params, ...scheduleOf(call) }))),
  [`DELETE ${LIST}/{id}`]: (call) => inLock(() => jobs[`DELETE ${LIST}/{id}`]?.(call)),
}

function withParams(call: Call, params: Params): Call {
  return createCall(call, call.identity, call.headers, params)
}

/** The code of an error that is raised under the file's lock is part of the outer one's text. */
async function inLock(work: () => unknown): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 400) throw error
    throw new ApiError(500, `400 ${error.message}`)
  }
}

/** A schedule in the words of old clients: a time, and days of the week. */
function scheduleOf(call: Call): { schedule?: string } {
  const time = call.optional('starttime')
  if (time === undefined) return {}
  const days = call.optional('dow')
  return { schedule: days === undefined ? time : `${days} ${time}` }
}

function checkJob(call: Call, section: Section): void {
  if (!isRoot(call.identity))
    for (const name of ROOT_ONLY)
      if (call.params[name] !== undefined) parameterError({ [name]: 'Only root may set this option.' })
  const { all, vmid, pool, exclude } = section
  if (all === '1' && vmid !== undefined) parameterError({ all: "option conflicts with option 'vmid'" })
  if (pool !== undefined && vmid !== undefined)
    parameterError({ pool: "option conflicts with option 'vmid'" })
  if (all !== '1' && vmid === undefined && pool === undefined && exclude === undefined)
    parameterError({ vmid: 'property is missing and it is not optional' })
}

/** Fields of property strings, numbers as numbers. */
function objects(section: Section): Record<string, unknown> {
  return Object.fromEntries(
    OBJECTS.filter((name) => section[name] !== undefined).map((name) => [
      name,
      Object.fromEntries(
        String(section[name])
          .split(/[,;]/)
          .map((part): [string, string | number] => {
            const [key = '', value = key] = part.split('=')
            const field = part.includes('=') ? key : 'enabled'
            return [field, /^\d+$/.test(value) ? Number(value) : value]
          }),
      ),
    ]),
  )
}

function plan(call: Call, { schedule, enabled }: Section): Record<string, unknown> {
  const next = enabled === '0' ? undefined : nextRun(schedule, call.world.clock.now())
  return next === undefined ? {} : { 'next-run': next }
}
