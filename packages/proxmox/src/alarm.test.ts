import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alarmIn } from './alarm.ts'

/** Sets alarms within 10 ms: if the process stood still meanwhile their times are others, and they are set anew. */
function setTogether(set: () => readonly (() => void)[]): void {
  for (;;) {
    const begun = performance.now()
    const cancels = set()
    if (performance.now() - begun < 10) return
    for (const cancel of cancels) cancel()
  }
}

test('alarms ring in the order of their times, each once, and not when cancelled', async () => {
  const rung: string[] = []
  const last = Promise.withResolvers<void>()
  // What waits for an alarm has a connection; a test has this.
  const alive = setInterval(() => undefined, 1000)
  const begun = performance.now()
  const first = (): void => {
    rung.push('first')
    // Later than the others, however late this one rings.
    alarmIn(70, () => {
      rung.push('fourth')
      last.resolve()
    })
  }
  setTogether(() => [
    alarmIn(90, () => rung.push('third')),
    alarmIn(60, () => rung.push('second')),
    alarmIn(30, first),
  ])
  alarmIn(10, () => rung.push('never'))()
  const neverEnding = alarmIn(Number.POSITIVE_INFINITY, () => rung.push('never'))
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
  const second = (): void => {
    rung.push('second')
    last.resolve()
  }
  setTogether(() => [alarmIn(20, second), alarmIn(10, () => rung.push('first'))])
  for (const until = performance.now() + 40; performance.now() < until;);
  await last.promise
  clearInterval(alive)
  assert.deepEqual(rung, ['first', 'second'])
})
