import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KubernetesApiError } from '@fochista/kubernetes'
import { createManualClock, settled } from '../test/manual-clock.ts'
import { createController } from './controller.ts'
import type { Logger } from './logger.ts'

const conflict = new KubernetesApiError(409, { reason: 'Conflict' }, { method: 'PATCH', path: '/' })
const exists = new KubernetesApiError(409, { reason: 'AlreadyExists' }, { method: 'POST', path: '/' })

function aController(reconcile: (key: string) => Promise<undefined>) {
  const clock = createManualClock()
  const warnings: { key?: string; retryInMs?: number }[] = []
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    error: () => undefined,
    warn: (facts) => warnings.push(facts),
  }
  let tell: (key: string) => void = () => undefined
  let isListening = false
  const controller = createController({
    name: 'thing',
    sources: [
      (add) => {
        tell = add
        isListening = true
        return () => (isListening = false)
      },
    ],
    reconcile,
    clock,
    logger,
  })
  return { controller, clock, warnings, tell: (key: string) => tell(key), isListening: () => isListening }
}

test('a conflict is a quick new look and no failure', async () => {
  let looks = 0
  const { controller, clock, warnings, tell } = aController(() => {
    looks += 1
    return looks === 1 ? Promise.reject(conflict) : Promise.resolve(undefined)
  })
  controller.start()
  tell('a')
  await settled()
  assert.equal(looks, 1)
  await clock.advance(50)
  assert.equal(looks, 2)
  assert.deepEqual(warnings, [])
})

test('conflicts without end do not lengthen the pause, as failures do', async () => {
  let looks = 0
  const { controller, clock, tell } = aController(() => {
    looks += 1
    return Promise.reject(conflict)
  })
  controller.start()
  tell('a')
  await clock.advance(500)
  assert.equal(looks, 11)
})

test('a name that is taken is a failure, not a conflict', async () => {
  const { controller, warnings, tell } = aController(() => Promise.reject(exists))
  controller.start()
  tell('a')
  await settled()
  assert.equal(warnings.length, 1)
  assert.equal(warnings[0]?.key, 'a')
  assert.ok((warnings[0]?.retryInMs ?? 0) > 0)
})

test('nothing is listened to before the start and after the stop', async () => {
  let looks = 0
  const { controller, tell, isListening } = aController(() => {
    looks += 1
    return Promise.resolve(undefined)
  })
  assert.equal(isListening(), false)
  controller.start()
  controller.start()
  assert.equal(isListening(), true)
  tell('a')
  await settled()
  await controller.stop()
  assert.equal(isListening(), false)
  tell('b')
  await settled()
  assert.equal(looks, 1)
})
