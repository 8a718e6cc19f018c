import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alarmIn } from './alarm.ts'

test('alarms ring in the order of their times, each once, and not when cancelled', async () => {
  const rung: string[] = []
  const last = Promise.withResolvers<void>()
  // What waits for an alarm has a connection; a test has this.
  const alive = setInterval(() => undefined, 1000)
  const begun = performance.now()
  alarmIn(90, () => rung.push('third'))
  const cancel = alarmIn(10, () => rung.push('never'))
  alarmIn(60, () => rung.push('second'))
  alarmIn(30, () => {
    rung.push('first')
    // Later than the others, however late this one rings.
    alarmIn(70, () => {
      rung.push('fourth')
      last.resolve()
    })
  })
  const neverEnding = alarmIn(Number.POSITIVE_INFINITY, () => rung.push('never'))
  cancel()
  await last.promise
  clearInterval(alive)
  neverEnding()
  assert.deepEqual(rung, ['first', 'second', 'third', 'fourth'])
  assert.ok(performance.now() - begun >= 100)
})

test('of a process that has stood still the alarms ring in the order of their times', async () => {
  const rung: string[] = []
  const last = Promise.withResolvers<void>()
  const alive = setInterval(() => undefined, 1000)
  alarmIn(20, () => {
    rung.push('second')
    last.resolve()
  })
  alarmIn(10, () => rung.push('first'))
  for (const until = performance.now() + 40; performance.now() < until;);
  await last.promise
  clearInterval(alive)
  assert.deepEqual(rung, ['first', 'second'])
})
