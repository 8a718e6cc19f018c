import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '../test/manual-clock.ts'
import { createQueue } from './queue.ts'

const MINUTE = 60_000

/** Keys of one back end that fails until it is told not to, and how often it was asked. */
function aBackEnd(
  keys: readonly string[],
  cause: (key: string) => string | undefined = () => 'clone',
  maxDelayMs = 30_000,
) {
  const clock = createManualClock()
  const asked: string[] = []
  const broken = new Set(keys)
  const through = new Set<string>()
  const queue = createQueue({
    clock,
    concurrency: 100,
    maxDelayMs,
    causeOf: (key) => cause(key),
    process: (key) => {
      asked.push(key)
      if (broken.has(key)) return Promise.reject(new Error('no'))
      through.add(key)
      return Promise.resolve(undefined)
    },
  })
  for (const key of keys) queue.add(key)
  return { clock, queue, asked, broken, through }
}

const many = Array.from({ length: 100 }, (_, index) => `m${index}`)

test('what fails for all is tried by one, at pauses that grow to six seconds', async () => {
  const { clock, asked } = aBackEnd(['a', 'b'])
  await clock.advance(MINUTE)
  // Two at first, four while the pauses grow, then one in six seconds.
  assert.ok(asked.length <= 2 + 4 + 9, `asked ${asked.length} times`)
  assert.ok(asked.filter((key) => key === 'a').length >= 5, 'each has its turn')
  assert.ok(asked.filter((key) => key === 'b').length >= 5, 'each has its turn')
})

test('all go on within seconds once it works again, however long it did not', async () => {
  const { clock, broken, through } = aBackEnd(many)
  await clock.advance(10 * MINUTE)
  broken.clear()
  await clock.advance(6000)
  assert.equal(through.size, many.length)
})

test('a crowd that fails asks no more often than each would alone with the longest pause', async () => {
  const { clock, asked } = aBackEnd(many)
  await clock.advance(2000)
  asked.length = 0
  await clock.advance(10 * MINUTE)
  const most = (10 * MINUTE) / 15_000
  assert.ok(asked.length <= many.length * most + 120, `asked ${asked.length} times`)
})

test('one that heals alone lets two others try, and no crowd loose', async () => {
  // Nobody comes by itself meanwhile.
  const { clock, asked, broken, through } = aBackEnd(many, () => 'clone', 1000 * MINUTE)
  await clock.advance(2000)
  broken.delete('m50')
  while (!through.has('m50')) {
    asked.length = 0
    // Shorter than the pause until the line tries next.
    await clock.advance(1000)
  }
  assert.equal(asked.slice(asked.indexOf('m50') + 1).length, 2)
  await clock.advance(MINUTE)
  assert.deepEqual([...through], ['m50'])
})

test('the failures of another cause neither wait nor go on with them', async () => {
  const { clock, broken, through, asked } = aBackEnd(['a', 'b', 'own'], (key) =>
    key === 'own' ? undefined : `cause of ${key}`,
  )
  await clock.advance(MINUTE)
  broken.delete('a')
  asked.length = 0
  await clock.advance(6000)
  assert.deepEqual([...through], ['a'])
  assert.ok(asked.filter((key) => key === 'b').length <= 2)
})

test('one that fails alone is tried less and less often, down to twice a minute, and is through within half a one', async () => {
  // It does not come by itself meanwhile.
  const { clock, asked, broken, through } = aBackEnd(['a'], () => 'clone', 1000 * MINUTE)
  await clock.advance(MINUTE)
  assert.ok(asked.length >= 9, 'in its first minute it may be anybody’s affair')
  asked.length = 0
  await clock.advance(59 * MINUTE)
  assert.ok(asked.length >= 118 && asked.length <= 140, `asked ${asked.length} times`)
  asked.length = 0
  await clock.advance(10 * MINUTE)
  assert.equal(asked.length, 20)
  broken.clear()
  await clock.advance(30_000)
  assert.deepEqual([...through], ['a'])
})

test('as soon as another fails likewise both are tried every six seconds', async () => {
  const { clock, queue, asked, broken, through } = aBackEnd(['a', 'b'], () => 'clone', 1000 * MINUTE)
  broken.delete('b')
  await clock.advance(60 * MINUTE)
  assert.ok(through.has('b'))
  broken.add('b')
  queue.add('b')
  await clock.advance(6000)
  asked.length = 0
  await clock.advance(MINUTE)
  assert.equal(asked.length, 10)
  broken.clear()
  await clock.advance(6000)
  assert.ok(through.has('a'))
})

test('who fails for something else leaves the line, and a queue that stops tries nothing more', async () => {
  let cause: string | undefined = 'clone'
  const { clock, queue, asked } = aBackEnd(['a'], () => cause)
  await clock.advance(10_000)
  cause = undefined
  await clock.advance(MINUTE)
  asked.length = 0
  await clock.advance(10 * MINUTE)
  assert.ok(asked.length <= (10 * MINUTE) / 15_000 + 1, 'its pauses are its own')
  await queue.stop()
  assert.equal(clock.pending, 0)
})
