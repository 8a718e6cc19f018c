import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LabClock } from '../clock.ts'
import { createLocks } from './locks.ts'

/** Everything that needs no time has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A clock whose time passes when a test says so; what is due is called in one go, as by a process that has stood still until then. */
function aClock() {
  const timers = new Map<symbol, { at: number; callback: () => void }>()
  let now = 0
  const clock: LabClock = {
    speed: 1,
    now: () => now,
    setTimeout: (callback, ms) => {
      const key = Symbol()
      timers.set(key, { at: now + ms, callback })
      return () => timers.delete(key)
    },
    sleep: (ms) => new Promise((resolve) => void clock.setTimeout(resolve, ms)),
  }
  return {
    clock,
    jump: async (ms: number): Promise<void> => {
      now += ms
      const due = [...timers].filter(([, { at }]) => at <= now).toSorted(([, a], [, b]) => a.at - b.at)
      for (const [key, { callback }] of due)
        if (timers.delete(key)) {
          callback()
          await settled()
        }
    },
  }
}

test('a lock that is not free in time is given up with its words', async () => {
  const { clock, jump } = aClock()
  const locks = createLocks(clock)
  void locks.hold('a', 10_000, '', () => clock.sleep(60_000))
  const waiting = assert.rejects(
    locks.hold('a', 10_000, 'got timeout', () => Promise.resolve()),
    /got timeout/,
  )
  let isOver = false
  void waiting.then(() => (isOver = true))
  for (let turn = 0; turn < 9; turn += 1) await jump(1000)
  assert.equal(isOver, false)
  await jump(1000)
  await waiting
})

test('nobody gives up waiting because the lab itself has stood still: its holders go on first', async () => {
  const { clock, jump } = aClock()
  const locks = createLocks(clock)
  const order: number[] = []
  const all = [1, 2, 3, 4].map((who) =>
    locks.hold('a', 10_000, `${who} got timeout`, async () => {
      await clock.sleep(500)
      order.push(who)
    }),
  )
  await settled()
  // Longer than anybody waits.
  for (let turn = 0; turn < 4; turn += 1) await jump(15_000)
  await Promise.all(all)
  assert.deepEqual(order, [1, 2, 3, 4])
})
