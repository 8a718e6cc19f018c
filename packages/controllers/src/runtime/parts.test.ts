import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settled } from '../test/manual-clock.ts'
import { createBackground } from './background.ts'
import { addFinalizer, hasFinalizer, isDeleting, removeFinalizer } from './finalizers.ts'
import { keyOf, splitKey } from './keys.ts'
import { createKeyedMutex } from './mutex.ts'
import { timestampOf } from './clock.ts'

test('a background operation is begun once a key, tells where it stands, and hands its result out for a while', async () => {
  const woken: string[] = []
  let now = 0
  const background = createBackground<number>((key) => woken.push(key), { now: () => now })
  const gate = Promise.withResolvers<number>()
  let begun = 0
  const run = (_signal: AbortSignal, say: (message: string) => void): Promise<number> => {
    begun += 1
    say('half way')
    return gate.promise
  }
  background.look('a', run)
  assert.deepEqual(background.look('a', run), { state: 'running', message: 'half way' })
  assert.equal(begun, 1)
  gate.resolve(7)
  await settled()
  assert.deepEqual(woken, ['a', 'a'], 'woken by the news and by the end')
  assert.deepEqual(background.look('a', run), { state: 'done', value: 7, isNew: true })
  now = 299_000
  assert.deepEqual(background.look('a', run), { state: 'done', value: 7, isNew: false })
  assert.equal(begun, 1, 'what follows may be tried again')
  now = 300_000
  background.look('a', run)
  await settled()
  background.cancel('a')
  background.look('a', run)
  assert.equal(begun, 3, 'it begins anew when its time is over, or it is taken back')
})

test('a background operation that fails hands out its failure', async () => {
  const background = createBackground<number>(() => undefined)
  const error = new Error('no')
  background.look('a', () => Promise.reject(error))
  await settled()
  assert.deepEqual(
    background.look('a', () => Promise.resolve(1)),
    { state: 'failed', error },
  )
})

test('a background operation that throws at once is a failure as well', async () => {
  const background = createBackground<number>(() => undefined)
  const error = new Error('no')
  background.look('a', () => {
    throw error
  })
  await settled()
  assert.deepEqual(
    background.look('a', () => Promise.resolve(1)),
    { state: 'failed', error },
  )
})

test('a background operation that failed is not begun again by those who hear of its failure', async () => {
  let now = 0
  let begun = 0
  const background = createBackground<number>(() => look(), { now: () => now })
  const look = () => {
    const progress = background.look('a', () => {
      begun += 1
      return Promise.reject(new Error('refused'))
    })
    return progress.state
  }
  look()
  await settled()
  assert.deepEqual([look(), begun], ['failed', 1])
  now = 5000
  assert.deepEqual([look(), begun], ['running', 2])
})

test('a cancelled background operation is aborted and wakes nobody', async () => {
  const woken: string[] = []
  const background = createBackground<number>((key) => woken.push(key))
  let signal: AbortSignal | undefined
  background.look('a', (given) => {
    signal = given
    return new Promise((_resolve, reject) =>
      given.addEventListener('abort', () => reject(given.reason as Error)),
    )
  })
  background.cancel('a')
  await settled()
  assert.equal(signal?.aborted, true)
  assert.deepEqual(woken, [])
})

test('stopping aborts every background operation and waits for it', async () => {
  const background = createBackground<number>(() => undefined)
  const ended: string[] = []
  for (const key of ['a', 'b'])
    background.look(key, async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      await settled()
      ended.push(key)
      return 1
    })
  await background.stop()
  assert.deepEqual(ended, ['a', 'b'])
})

test('functions of one key run one after the other, those of others do not wait', async () => {
  const mutex = createKeyedMutex()
  const log: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = mutex('a', async () => {
    log.push('a1 begins')
    await gate.promise
    log.push('a1 ends')
  })
  const second = mutex('a', () => Promise.resolve(log.push('a2')))
  await mutex('b', () => Promise.resolve(log.push('b')))
  assert.deepEqual(log, ['a1 begins', 'b'])
  gate.resolve()
  await Promise.all([first, second])
  assert.deepEqual(log, ['a1 begins', 'b', 'a1 ends', 'a2'])
})

test('a failure under the mutex passes to its caller only', async () => {
  const mutex = createKeyedMutex()
  const failing = mutex('a', () => Promise.reject(new Error('no')))
  const next = mutex('a', () => Promise.resolve('yes'))
  await assert.rejects(failing, /no/)
  assert.equal(await next, 'yes')
})

test('a finalizer is put on once and taken off alone', () => {
  const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x', finalizers: ['theirs'] } }
  addFinalizer(object, 'ours')
  addFinalizer(object, 'ours')
  assert.deepEqual(object.metadata.finalizers, ['theirs', 'ours'])
  assert.ok(hasFinalizer(object, 'ours'))
  removeFinalizer(object, 'ours')
  assert.deepEqual(object.metadata.finalizers, ['theirs'])
  assert.equal(isDeleting(object), false)
})

test('a key leads back to its object, with and without a namespace', () => {
  assert.deepEqual(splitKey(keyOf({ metadata: { name: 'w', namespace: 'acme' } })), {
    namespace: 'acme',
    name: 'w',
  })
  assert.deepEqual(splitKey(keyOf({ metadata: { name: 'dc1' } })), { namespace: '', name: 'dc1' })
})

test('a moment is written in whole seconds', () => {
  assert.equal(timestampOf(Date.parse('2026-01-01T00:00:00.999Z')), '2026-01-01T00:00:00Z')
})
