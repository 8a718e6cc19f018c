import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock, settled } from '../test/manual-clock.ts'
import { lendingPlace } from './place.ts'
import { createQueue, type QueueConfig } from './queue.ts'

/** A queue on a clock that is moved, whose looks a test ends by hand. */
function aQueue(config: Partial<QueueConfig> = {}) {
  const clock = createManualClock()
  const started: string[] = []
  const gates = new Map<string, PromiseWithResolvers<void>>()
  const queue = createQueue({
    clock,
    random: () => 1,
    process: async (key) => {
      started.push(key)
      const gate = Promise.withResolvers<void>()
      gates.set(key, gate)
      await gate.promise
      return undefined
    },
    ...config,
  })
  const end = async (key: string): Promise<void> => {
    gates.get(key)?.resolve()
    await settled()
  }
  return { queue, clock, started, end }
}

test('ten wishes for one key are one look', async () => {
  const { queue, started, end } = aQueue({ concurrency: 1 })
  queue.add('busy')
  for (let count = 0; count < 10; count += 1) queue.add('a')
  assert.equal(queue.length, 1)
  await end('busy')
  await end('a')
  assert.deepEqual(started, ['busy', 'a'])
})

test('a key is never worked on twice at once, and is looked at once more if it changed meanwhile', async () => {
  const { queue, started, end } = aQueue()
  queue.add('a')
  queue.add('a')
  queue.add('a')
  await settled()
  assert.deepEqual(started, ['a'])
  await end('a')
  assert.deepEqual(started, ['a', 'a'])
  await end('a')
  assert.deepEqual(started, ['a', 'a'])
})

test('whether a wish is news is asked when the key’s look has ended, and another wish counts without it', async () => {
  const { queue, started, end } = aQueue()
  let isNews = true
  queue.add('a')
  queue.add('a', () => isNews)
  isNews = false
  await end('a')
  assert.deepEqual(started, ['a'])
  queue.add('a', () => isNews)
  assert.deepEqual(started, ['a'])
  queue.add('a')
  queue.add('a', () => isNews)
  queue.add('a')
  await end('a')
  assert.deepEqual(started, ['a', 'a', 'a'])
  queue.add('a', () => isNews)
  isNews = true
  await end('a')
  assert.deepEqual(started, ['a', 'a', 'a', 'a'])
})

test('no more keys are at work than the concurrency allows, in the order in which they came', async () => {
  const { queue, started, end } = aQueue({ concurrency: 2 })
  for (const key of ['a', 'b', 'c', 'd']) queue.add(key)
  await settled()
  assert.deepEqual(started, ['a', 'b'])
  assert.equal(queue.length, 2)
  await end('b')
  assert.deepEqual(started, ['a', 'b', 'c'])
  await end('a')
  assert.deepEqual(started, ['a', 'b', 'c', 'd'])
})

test('the pause after a failure doubles up to its limit, and starts anew after a success', async () => {
  const pauses: number[] = []
  let fails = true
  const { queue, clock } = aQueue({
    baseDelayMs: 100,
    maxDelayMs: 1000,
    onError: (_key, _error, retryInMs) => pauses.push(retryInMs),
    process: () => (fails ? Promise.reject(new Error('no')) : Promise.resolve(undefined)),
  })
  queue.add('a')
  await clock.advance(100 + 200 + 400 + 800 + 1000)
  assert.deepEqual(pauses, [100, 200, 400, 800, 1000, 1000])
  fails = false
  await clock.advance(1000)
  fails = true
  queue.add('a')
  await settled()
  assert.equal(pauses.at(-1), 100)
})

test('a look that had to wait for its turn is no success: nobody of its line goes on, and its failures are not over', async () => {
  const started: string[] = []
  let isUntried = false
  const { queue } = aQueue({
    causeOf: () => 'the clone',
    process: (key) => {
      started.push(key)
      if (key === 'b' && isUntried) return Promise.resolve({ isUntried })
      return Promise.reject(new Error('refused'))
    },
  })
  for (const key of ['a', 'b']) queue.add(key)
  await settled()
  isUntried = true
  queue.add('b')
  await settled()
  assert.deepEqual(started, ['a', 'b', 'b'])
})

test('the jitter takes at most half of a pause and never adds to it', async () => {
  for (const [random, expected] of [
    [0, 50],
    [0.5, 75],
    [1, 100],
  ] as const) {
    const pauses: number[] = []
    const { queue } = aQueue({
      baseDelayMs: 100,
      random: () => random,
      onError: (_key, _error, retryInMs) => pauses.push(retryInMs),
      process: () => Promise.reject(new Error('no')),
    })
    queue.add('a')
    await settled()
    assert.deepEqual(pauses, [expected])
  }
})

test('of two wishes for a later look the earlier one counts', async () => {
  for (const [first, second] of [
    [5000, 1000],
    [1000, 5000],
  ] as const) {
    const { queue, clock, started, end } = aQueue()
    queue.addAfter('a', first)
    queue.addAfter('a', second)
    await clock.advance(999)
    assert.deepEqual(started, [])
    await clock.advance(1)
    assert.deepEqual(started, ['a'])
    await end('a')
    await clock.advance(10_000)
    assert.deepEqual(started, ['a'])
  }
})

test('a look now makes a later one that was planned needless', async () => {
  const { queue, clock, started, end } = aQueue()
  queue.addAfter('a', 1000)
  queue.add('a')
  await end('a')
  await clock.advance(5000)
  assert.deepEqual(started, ['a'])
})

test('a key comes back after the time that its look asked for', async () => {
  let looks = 0
  const { queue, clock } = aQueue({
    process: () => {
      looks += 1
      return Promise.resolve(looks === 1 ? { requeueAfterMs: 1500 } : undefined)
    },
  })
  queue.add('a')
  await clock.advance(1499)
  assert.equal(looks, 1)
  await clock.advance(1)
  assert.equal(looks, 2)
  await clock.advance(60_000)
  assert.equal(looks, 2)
})

test('stopping aborts what is at work, waits for its end and takes nothing more', async () => {
  const gate = Promise.withResolvers<void>()
  const signals: AbortSignal[] = []
  const { queue, clock } = aQueue({
    concurrency: 1,
    process: async (_key, signal) => {
      signals.push(signal)
      await gate.promise
      return { requeueAfterMs: 10 }
    },
  })
  queue.add('a')
  queue.add('b')
  queue.addAfter('c', 10)
  await settled()
  let hasStopped = false
  const stopped = queue.stop().then(() => (hasStopped = true))
  await settled()
  assert.equal(signals[0]?.aborted, true)
  assert.equal(hasStopped, false, 'a look is still under way')
  gate.resolve()
  await stopped
  queue.add('d')
  queue.addAfter('e', 1)
  await clock.advance(1000)
  assert.equal(signals.length, 1, 'nothing began after the stop')
})

test('a failure while stopping is neither told nor tried again', async () => {
  const errors: unknown[] = []
  const { queue, clock } = aQueue({
    onError: (_key, error) => errors.push(error),
    process: (_key, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      ),
  })
  queue.add('a')
  await settled()
  await queue.stop()
  await clock.advance(600_000)
  assert.deepEqual(errors, [])
})

test('idle means that nothing is queued or at work', async () => {
  const { queue, end } = aQueue()
  await queue.idle()
  queue.add('a')
  let isIdle = false
  const idle = queue.idle().then(() => (isIdle = true))
  await settled()
  assert.equal(isIdle, false)
  await end('a')
  await idle
})

test('a key that waits for somebody slow lends its place, and however many wait none of the others does', async () => {
  const gate = Promise.withResolvers<void>()
  const done: string[] = []
  const queue = createQueue({
    concurrency: 2,
    process: async (key) => {
      // Two calls at once are one wait.
      if (key.startsWith('slow'))
        await Promise.all([lendingPlace(() => gate.promise), lendingPlace(() => gate.promise)])
      done.push(key)
      return undefined
    },
  })
  for (let key = 0; key < 50; key += 1) queue.add(`slow ${key}`)
  for (const key of ['a', 'b', 'c']) queue.add(key)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(done, ['a', 'b', 'c'])
  gate.resolve()
  await queue.idle()
  assert.equal(done.length, 53)
})

test('what goes on after a key’s work has ended lends no place, and outside a queue there is none to lend', async () => {
  let running = 0
  let most = 0
  const gate = Promise.withResolvers<void>()
  const left: Promise<void>[] = []
  const queue = createQueue({
    concurrency: 1,
    process: async (key) => {
      running += 1
      most = Math.max(most, running)
      if (key === 'first')
        left.push(lendingPlace(() => gate.promise).then(() => lendingPlace(() => gate.promise)))
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      return undefined
    },
  })
  queue.add('first')
  await queue.idle()
  for (const key of ['a', 'b', 'c']) queue.add(key)
  await queue.idle()
  assert.equal(most, 1)
  gate.resolve()
  await Promise.all(left)
  assert.equal(await lendingPlace(() => Promise.resolve(7)), 7)
})
