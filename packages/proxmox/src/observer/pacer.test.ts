import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObserverClock } from './observer.ts'
import { createPacer } from './pacer.ts'

function handClock(): ObserverClock & { advance(ms: number): Promise<void> } {
  let time = 0
  const timers = new Map<() => void, number>()
  return {
    now: () => time,
    setTimeout: (callback, ms) => {
      timers.set(callback, time + ms)
      return () => timers.delete(callback)
    },
    advance: async (ms) => {
      for (const end = time + ms; time < end;) {
        time += 100
        for (const [callback, at] of timers)
          if (at <= time) {
            timers.delete(callback)
            callback()
          }
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}

test('however many take turns, there is no more than one request a second', async () => {
  const clock = handClock()
  const pacer = createPacer({ clock })
  let sent = 0
  const asking = async (requests: number, pause: number): Promise<void> => {
    for (;;) {
      await pacer.take(requests)
      sent += requests
      await new Promise<void>((resolve) => clock.setTimeout(resolve, pause))
    }
  }
  void asking(2, 2000)
  void asking(1, 10_000)
  for (let other = 0; other < 10; other += 1) void asking(1, 5000)
  await clock.advance(600_000)
  assert.ok(sent <= 602, `${sent} requests in ten minutes`)
  assert.ok(sent >= 590, `${sent} requests in ten minutes`)
})

test('what was sent without a turn is made up for by those who take turns', async () => {
  const clock = handClock()
  const pacer = createPacer({ clock })
  pacer.charge(30)
  let isSent = false
  void pacer.take(1).then(() => (isSent = true))
  await clock.advance(29_900)
  assert.equal(isSent, false)
  await clock.advance(200)
  assert.equal(isSent, true)
})

test('who no longer wants its turn is told at once', async () => {
  const pacer = createPacer({ clock: handClock() })
  await pacer.take(1)
  const abort = new AbortController()
  const waiting = pacer.take(1, abort.signal)
  abort.abort(new Error('stopping'))
  await assert.rejects(waiting, /stopping/)
  await assert.rejects(pacer.take(1, abort.signal), /stopping/)
})
