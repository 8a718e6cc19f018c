import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '../test/manual-clock.ts'
import { createRetries } from './retries.ts'

const MINUTE = 60_000
const full = { what: 'qmclone', where: ['dc1', 'pve1', 'local-lvm'] }

/** Machines that each try a task of so many milliseconds when they are called, and fail while the world is broken. */
function aCrowd(count: number, taskMs = 1000) {
  const clock = createManualClock()
  const retries = createRetries(clock)
  const tries: number[] = []
  const through = new Map<string, number>()
  let isBroken = true
  const most = { atOnce: 0 }
  let running = 0
  const attempt = (key: string): void => {
    if (retries.isHeld(key)) return
    tries.push(clock.now())
    retries.began(key)
    running += 1
    most.atOnce = Math.max(most.atOnce, running)
    clock.setTimeout(() => {
      running -= 1
      if (isBroken) retries.failed(key, full, taskMs)
      else {
        through.set(key, clock.now())
        retries.passed(key, 'qmclone')
      }
    }, taskMs)
  }
  retries.subscribe(attempt)
  for (let index = 0; index < count; index += 1) attempt(`m${index}`)
  return { clock, retries, tries, through, most, attempt, heal: () => (isBroken = false) }
}

test('a hundred that fail alike are tried one at a time, every seven seconds, task and pause', async () => {
  const { clock, tries, most } = aCrowd(100)
  await clock.advance(MINUTE)
  tries.length = 0
  most.atOnce = 0
  await clock.advance(10 * MINUTE)
  assert.equal(most.atOnce, 1)
  assert.ok(tries.length >= 80 && tries.length <= 90, `${tries.length} tries in ten minutes`)
})

test('recovery is noticed within seconds, however long it took, and the others follow at once', async () => {
  const { clock, through, heal } = aCrowd(100)
  await clock.advance(60 * MINUTE)
  heal()
  const healed = clock.now()
  await clock.advance(MINUTE)
  assert.equal(through.size, 100)
  const times = [...through.values()].map((at) => at - healed)
  assert.ok(Math.min(...times) <= 7000, `the first after ${Math.min(...times)} ms`)
  // Each that is through lets two go: seven rounds of a second for a hundred.
  assert.ok(Math.max(...times) <= 7000 + 7000, `the last after ${Math.max(...times)} ms`)
})

test('a machine whose task fails for it alone tries twice a minute in the end, and is through within half a one', async () => {
  const { clock, tries, through, heal } = aCrowd(1)
  await clock.advance(60 * MINUTE)
  tries.length = 0
  await clock.advance(10 * MINUTE)
  // Half a minute, and the second that the task takes.
  assert.equal(tries.length, Math.floor((10 * MINUTE) / 31_000))
  heal()
  const healed = clock.now()
  await clock.advance(MINUTE)
  assert.ok((through.get('m0') ?? Number.POSITIVE_INFINITY) - healed <= 32_000)
})

test('nobody else is called while one tries, but a try that hangs does not hold the others for ever', async () => {
  const { clock, tries } = aCrowd(3, 10 * MINUTE)
  await clock.advance(10 * MINUTE)
  tries.length = 0
  await clock.advance(2 * MINUTE)
  assert.equal(tries.length, 1, 'what took long to fail is tried again after two minutes')
  await clock.advance(MINUTE - 1000)
  assert.equal(tries.length, 1)
  await clock.advance(10_000)
  assert.equal(tries.length, 2)
})

test('who was not called is held, whoever wakes it; who is called may try until it fails again', async () => {
  const clock = createManualClock()
  const retries = createRetries(clock)
  assert.equal(retries.isHeld('a'), false)
  retries.failed('a', full)
  assert.equal(retries.isHeld('a'), true)
  await clock.advance(2000)
  assert.equal(retries.isHeld('a'), false)
  retries.failed('a', full)
  assert.equal(retries.isHeld('a'), true)
  retries.forget('a')
  assert.equal(retries.isHeld('a'), false)
  assert.equal(clock.pending, 0, 'an empty line is gone')
})

test('what was done counts for what had failed only, and another cause has a line of its own', async () => {
  const clock = createManualClock()
  const retries = createRetries(clock)
  const woken: string[] = []
  const end = retries.subscribe((key) => woken.push(key))
  retries.failed('a', full)
  retries.failed('b', full)
  retries.failed('c', { ...full, where: ['dc1', 'pve2', 'local-lvm'] })
  retries.passed('a', 'imgcopy')
  assert.equal(retries.isHeld('a'), true)
  retries.passed('a', 'qmclone')
  assert.deepEqual(woken, ['b'])
  assert.deepEqual([retries.isHeld('b'), retries.isHeld('c')], [false, true])
  retries.failed('c', { what: 'room', where: ['dc1'] })
  await clock.advance(MINUTE)
  assert.ok(woken.includes('c'))
  end()
  woken.length = 0
  await clock.advance(MINUTE)
  assert.deepEqual(woken, [])
  retries.stop()
  assert.equal(clock.pending, 0)
})
