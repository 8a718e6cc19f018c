const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const DAY = 86_400_000
/** Days that are looked at before an event counts as one that never comes. */
const HORIZON = 366 * 5

const WORDS: Readonly<Record<string, string>> = {
  minutely: '*:*',
  hourly: '*:00',
  daily: '00:00',
  weekly: 'mon 00:00',
  monthly: '*-*-1 00:00',
  yearly: '*-1-1 00:00',
  annually: '*-1-1 00:00',
  quarterly: '*-1,4,7,10-1 00:00',
  'semi-annually': '*-1,7-1 00:00',
  semiannually: '*-1,7-1 00:00',
}

/** A calendar event: what each part of a time must be; absent is anything. */
interface CalendarEvent {
  readonly weekdays?: ReadonlySet<number>
  readonly years?: ReadonlySet<number>
  readonly months?: ReadonlySet<number>
  readonly days?: ReadonlySet<number>
  readonly hours: readonly number[]
  readonly minutes: readonly number[]
}

/**
 * Reads a calendar event as systemd and the original write it: `mon..fri 21:00`, `*-*-1..7 02:30`, `0/15`, `daily`. Seconds are not
 * known, and times are those of UTC.
 * @returns undefined for what is none.
 */
export function parseCalendar(text: string): CalendarEvent | undefined {
  const trimmed = text.trim().toLowerCase()
  const words = (WORDS[trimmed] ?? trimmed).split(/\s+/)
  const weekdays = /^[a-z]/.test(words[0] ?? '') ? readWeekdays(words.shift() ?? '') : undefined
  const date = /^[^:]*-[^:]*$/.test(words[0] ?? '') ? readDate(words.shift() ?? '') : undefined
  if (weekdays === null || date === null || words.length > 1) return undefined
  const time = readTime(words[0] ?? '00:00')
  return time && { ...(weekdays && { weekdays }), ...date, ...time }
}

function readWeekdays(text: string): Set<number> | null {
  const days = new Set<number>()
  for (const part of text.split(',')) {
    const [from = '', to = from] = part.split('..')
    const [first, last] = [indexOfDay(from), indexOfDay(to)]
    if (first < 0 || last < 0) return null
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day)
      if (day === last) break
    }
  }
  return days
}

function indexOfDay(text: string): number {
  return text.length < 3 ? -1 : DAYS.findIndex((day) => text.startsWith(day))
}

type DateParts = Pick<CalendarEvent, 'years' | 'months' | 'days'>

function readDate(text: string): DateParts | null {
  const parts = text.split('-')
  const [days, months, years] = parts.reverse()
  const read = {
    days: readValues(days ?? '', 1, 31),
    months: readValues(months ?? '*', 1, 12),
    years: readValues(years ?? '*', 1970, 2200),
  }
  if (parts.length > 3 || Object.values(read).includes(undefined)) return null
  return Object.fromEntries(
    Object.entries(read).flatMap(([name, values]) => (values === '*' ? [] : [[name, new Set(values)]])),
  ) as DateParts
}

/** Without a colon the minutes of each hour. */
function readTime(text: string): Pick<CalendarEvent, 'hours' | 'minutes'> | undefined {
  const parts = text.split(':')
  if (parts.length > 2) return undefined
  const [hours, minutes] = parts.length === 1 ? ['*', parts[0] ?? ''] : parts
  const read = [readValues(hours ?? '', 0, 23), readValues(minutes ?? '', 0, 59)]
  const [of24, of60] = read.map((values, index) => (values === '*' ? upTo(index === 0 ? 23 : 59) : values))
  return of24 && of60 && { hours: of24, minutes: of60 }
}

function upTo(last: number): number[] {
  return Array.from({ length: last + 1 }, (_, value) => value)
}

/** Values of a part: `*`, or numbers, ranges `1..7` and repetitions `0/15`, in order. */
function readValues(text: string, low: number, high: number): number[] | '*' | undefined {
  if (text === '*') return '*'
  const values = new Set<number>()
  for (const part of text.split(',')) {
    const match = /^(?:(\*)|(\d+)(?:\.\.(\d+))?)(?:\/(\d+))?$/.exec(part)
    if (!match) return undefined
    const [, any, first, last, step] = match
    const from = any === undefined ? Number(first) : low
    const to = last !== undefined ? Number(last) : any !== undefined || step !== undefined ? high : from
    const by = Number(step ?? 1)
    if (from < low || to > high || from > to || by < 1) return undefined
    for (let value = from; value <= to; value += by) values.add(value)
  }
  return [...values].toSorted((one, other) => one - other)
}

/**
 * The first moment of an event after a moment.
 * @param after ms since 1970.
 * @returns ms since 1970; undefined when there is none in the next five years.
 */
export function nextOf(event: CalendarEvent, after: number): number | undefined {
  const start = Math.floor(after / DAY) * DAY
  for (let ahead = 0; ahead < HORIZON; ahead += 1) {
    const day = start + ahead * DAY
    if (!isOn(event, new Date(day))) continue
    for (const hour of event.hours) {
      if (day + (hour + 1) * 3_600_000 <= after) continue
      for (const minute of event.minutes) {
        const at = day + hour * 3_600_000 + minute * 60_000
        if (at > after) return at
      }
    }
  }
  return undefined
}

function isOn({ weekdays, years, months, days }: CalendarEvent, date: Date): boolean {
  return (
    (weekdays?.has(date.getUTCDay()) ?? true) &&
    (years?.has(date.getUTCFullYear()) ?? true) &&
    (months?.has(date.getUTCMonth() + 1) ?? true) &&
    (days?.has(date.getUTCDate()) ?? true)
  )
}

/** When a schedule comes next, in seconds since 1970; undefined for none, or for one that never does. */
export function nextRun(schedule: unknown, now: number): number | undefined {
  const event = typeof schedule === 'string' ? parseCalendar(schedule) : undefined
  const next = event && nextOf(event, now)
  return next === undefined ? undefined : next / 1000
}
