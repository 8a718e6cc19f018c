import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KubernetesTimeoutError } from '@fochista/kubernetes'
import { createBreaker } from './breaker.ts'

test('a call that is answered late lets all others through again', async () => {
  const guarded = createBreaker(() => 0)
  const late = Promise.withResolvers<string>()
  const answer = guarded(() => late.promise)
  const silent = (): Promise<never> =>
    Promise.reject(new KubernetesTimeoutError({ method: 'GET', path: '/' }, 10_000))
  for (let call = 0; call < 4; call += 1) await assert.rejects(guarded(silent), /no answer within/)
  const next = (): Promise<string> => guarded(() => Promise.resolve('it answers'))
  await assert.rejects(next(), /has not answered 4 calls in a row/)
  late.resolve('late')
  assert.equal(await answer, 'late')
  assert.equal(await next(), 'it answers')
})
