import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aMachine } from '../test/factories.ts'
import { isMoreThanStatus } from './news.ts'

const before = aMachine({ metadata: { uid: 'u', generation: 1, resourceVersion: '1' } })
const changed = (metadata: object, more: object = {}) =>
  isMoreThanStatus({
    type: 'modified',
    object: { ...before, ...more, metadata: { ...before.metadata, resourceVersion: '2', ...metadata } },
    old: before,
  })

test('a status alone is no news to those who depend on what an object asks for', () => {
  assert.equal(changed({}, { status: { phase: 'Cloning' } }), false)
  assert.equal(changed({ generation: 2 }), true)
  assert.equal(changed({ deletionTimestamp: '2026-01-01T00:00:00Z' }), true)
  assert.equal(changed({ annotations: { 'fochista.dev/paused': '' } }), true)
  assert.equal(changed({ labels: {} }), true)
  assert.equal(changed({ finalizers: [] }), true)
  assert.equal(changed({ uid: 'another' }), true)
})

test('what comes, what goes, and what was not known before is news', () => {
  assert.equal(isMoreThanStatus({ type: 'added', object: before }), true)
  assert.equal(isMoreThanStatus({ type: 'deleted', object: before, old: before }), true)
  assert.equal(isMoreThanStatus({ type: 'modified', object: before }), true)
})
