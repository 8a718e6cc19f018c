import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alarmIn } from './alarm.ts'

test('alarms ring in the order of their times, each once, and not when cancelled', async () => {
  const rung: string[] = []
  const last = Promise.withResolvers<void>()
  // What waits for an alarm has a connection; a test has this.
  const alive = setInterval(() => undefined, 1000)
  const begun = performance.now()
  alarmIn(90, () => {
    rung.push('third')
    last.resolve()
  })
  const cancel = alarmIn(10, () => rung.push('never'))
  alarmIn(30, () => {
    rung.push('first')
    alarmIn(20, () => rung.push('second'))
  })
  const neverEnding = alarmIn(Number.POSITIVE_INFINITY, () => rung.push('never'))
  cancel()
  await last.promise
  clearInterval(alive)
  neverEnding()
  assert.deepEqual(rung, ['first', 'second', 'third'])
  assert.ok(performance.now() - begun >= 90)
})
