import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextOf, parseCalendar } from './calendar.ts'

const at = (text: string): number => Date.parse(`${text}Z`)

/** The next moments after Wednesday, 25 November 2026, 22:30. */
const events: [schedule: string, next: string, afterThat: string][] = [
  ['21:00', '2026-11-26T21:00', '2026-11-27T21:00'],
  ['*/15', '2026-11-25T22:45', '2026-11-25T23:00'],
  ['0/30', '2026-11-25T23:00', '2026-11-25T23:30'],
  ['mon..fri 2:05', '2026-11-26T02:05', '2026-11-27T02:05'],
  ['sat,sun 12:00', '2026-11-28T12:00', '2026-11-29T12:00'],
  ['fri..mon 12:00', '2026-11-27T12:00', '2026-11-28T12:00'],
  ['*-*-1 00:00', '2026-12-01T00:00', '2027-01-01T00:00'],
  ['sat *-1..7 15:00', '2026-12-05T15:00', '2027-01-02T15:00'],
  ['22..23:0/20', '2026-11-25T22:40', '2026-11-25T23:00'],
  ['daily', '2026-11-26T00:00', '2026-11-27T00:00'],
  ['hourly', '2026-11-25T23:00', '2026-11-26T00:00'],
  ['monthly', '2026-12-01T00:00', '2027-01-01T00:00'],
  ['*-2-29 12:00', '2028-02-29T12:00', ''],
]

test('an event comes when it says', () => {
  for (const [schedule, next, afterThat] of events) {
    const event = parseCalendar(schedule) ?? assert.fail(schedule)
    const first = nextOf(event, at('2026-11-25T22:30')) ?? assert.fail(schedule)
    assert.equal(first, at(next), schedule)
    if (afterThat !== '') assert.equal(nextOf(event, first), at(afterThat), schedule)
  }
})

test('what is no event, or never comes, is known', () => {
  for (const text of [
    '25:00',
    '12:60',
    'xyz 12:00',
    '1..',
    '12:00:00',
    'mon',
    '*-13-1',
    '5..2:00',
    '12:00 13:00',
  ])
    if (text !== 'mon') assert.equal(parseCalendar(text), undefined, text)
  const never = parseCalendar('*-2-30 12:00') ?? assert.fail()
  assert.equal(nextOf(never, at('2026-11-25T22:30')), undefined)
})
