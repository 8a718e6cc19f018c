import { die, parameterError } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { sectionHandlers, sectionsOf, type Section, type SectionFile } from '../sections.ts'
import { nextOf, nextRun, parseCalendar } from './calendar.ts'

/** Types of realms that have a directory to take users from. */
const WITH_DIRECTORY = ['ad', 'ldap']

const realmSyncFile: SectionFile = {
  list: '/cluster/jobs/realm-sync',
  id: 'id',
  madeByName: true,
  sections: (world) => sectionsOf(world, 'jobs/realm-sync'),
  lock: 'jobs_cfg',
  exists: (id) => die(`Job '${id}' already exists`),
  missing: (id) => parameterError({ id: `No such job '${id}'` }),
  listsDigest: false,
  required: { '': ['realm'] },
  check: ({ world }, _, { realm }) => {
    const name = String(realm)
    const { type } = world.cluster.realms.get(name) ?? die(`realm '${name}' does not exist`)
    if (!WITH_DIRECTORY.includes(String(type))) die(`Cannot sync realm type '${type}'`)
  },
  facts: (call, _, { enabled = '1', schedule }: Section) => ({
    type: 'realm-sync',
    enabled: Number(enabled),
    ...(enabled !== '0' && { 'next-run': nextRun(schedule, call.world.clock.now()) }),
  }),
}

/** Jobs at set times. The lab keeps them, and tells when they would run. */
export const jobHandlers: Handlers = {
  ...sectionHandlers(realmSyncFile),
  'GET /cluster/jobs/schedule-analyze': analyze,
}

/** The next moments of a schedule. */
function analyze(call: Call): unknown {
  const event = parseCalendar(call.text('schedule'))
  if (event === undefined) return die(`invalid calendar event '${call.text('schedule')}'`)
  const list: { timestamp: number; utc: string }[] = []
  let after: number | undefined = (call.number('starttime') ?? 0) * 1000 || call.world.clock.now()
  for (let left = call.number('iterations') ?? 10; left > 0; left -= 1) {
    after = nextOf(event, after)
    if (after === undefined) break
    list.push({ timestamp: after / 1000, utc: printTime(new Date(after)) })
  }
  return list
}

/** A time as Perl prints it: `Wed Nov 25 22:30:00 2026`. */
function printTime(date: Date): string {
  const [weekday = '', day = '', month = '', year = '', time = ''] = date
    .toUTCString()
    .replace(',', '')
    .split(' ')
  return `${weekday} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`
}
