import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'node:test'
import { CancelledError, StillInProgressError } from '../errors.ts'
import { contextWithoutBackEnds, testClock, testIo } from '../test-io.ts'
import { waitFor, type Picture } from './waiting.ts'

const pictures = (state: string, done = false): Picture => ({
  done,
  lines: [{ name: 'thing', state, style: 'working' }],
})

function bench(look: () => Picture | Promise<Picture>) {
  const io = testIo()
  const clock = testClock()
  const stop = new AbortController()
  const context = contextWithoutBackEnds(io, { clock, signal: stop.signal })
  const seen = { change: (): void => {}, followed: 0, unfollowed: 0, looks: 0 }
  const counted = (): Picture | Promise<Picture> => {
    seen.looks += 1
    return look()
  }
  const waiting = waitFor(context, { timeoutMs: 60_000, hint: 'look at it' }, counted, (onChange) => {
    seen.followed += 1
    seen.change = onChange
    return () => void (seen.unfollowed += 1)
  })
  return { io, clock, stop, seen, waiting }
}

test('a wait looks at once, again after each change, and ends when it is done', async () => {
  let at = 0
  const { io, seen, waiting } = bench(() => pictures(`step ${at}`, at === 2))
  await turn()
  at = 1
  seen.change()
  await turn()
  at = 2
  seen.change()
  await waiting
  assert.equal(io.stderr, 'thing: step 0\nthing: step 1\nthing: step 2\n')
  assert.deepEqual([seen.followed, seen.unfollowed], [1, 1])
})

test('a change during a look is not lost', async () => {
  let done = false
  const bed = bench(async () => {
    const now = pictures('look', done)
    if (!done) {
      done = true
      bed.seen.change()
    }
    await turn()
    return now
  })
  await bed.waiting
  assert.equal(bed.seen.looks, 2)
})

test('when the time is over it says that it goes on, with the hint', async () => {
  const { clock, seen, waiting } = bench(() => pictures('slow'))
  const ended = assert.rejects(waiting, (error: StillInProgressError) => {
    assert.ok(error instanceof StillInProgressError)
    assert.deepEqual([error.exitCode, error.hint], [8, 'look at it'])
    return true
  })
  await turn()
  clock.move(59_999)
  await turn()
  assert.equal(seen.unfollowed, 0)
  clock.move(1)
  await ended
  assert.equal(seen.unfollowed, 1)
})

test('Ctrl-C ends it at once, with the hint about what goes on', async () => {
  const { stop, seen, waiting } = bench(() => pictures('slow'))
  const ended = assert.rejects(waiting, (error: CancelledError) => {
    assert.ok(error instanceof CancelledError)
    assert.equal(error.hint, 'look at it')
    return true
  })
  await turn()
  stop.abort()
  await ended
  assert.equal(seen.unfollowed, 1)
})

test('what looking throws ends the wait and stops following', async () => {
  const { seen, waiting } = bench(() => {
    throw new Error('refused')
  })
  await assert.rejects(waiting, /refused/)
  assert.equal(seen.unfollowed, 1)
})
