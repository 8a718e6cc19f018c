import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodePoolManifest } from './manifests/node-pool.ts'
import { nodePoolKind } from './resources/node-pool.ts'
import { printProblem, validate } from './validate.ts'

const problemsOf = (spec: object): string[] =>
  validate(nodePoolKind, { spec: { clusterName: 'a', ...spec } }).map(printProblem)

test('the rules that people meet most are said in words', () => {
  assert.deepEqual(problemsOf({ memory: '8GiB' }), [
    'spec.memory: "8GiB": must be a number of bytes, such as 8Gi or 512Mi',
  ])
  assert.deepEqual(problemsOf({ drain: { timeout: 'soon' } }), [
    'spec.drain.timeout: "soon": must be a duration, such as 20m or 1h30m',
  ])
  assert.deepEqual(problemsOf({ node: { taints: [{ key: 'a', effect: 'Never' }] } }), [
    'spec.node.taints[0].effect: "Never": must be one of NoSchedule, PreferNoSchedule, NoExecute',
  ])
})

test('a count or a percentage may be either', () => {
  for (const maxSurge of [0, 3, '3', '25%']) assert.deepEqual(problemsOf({ rollout: { maxSurge } }), [])
  for (const maxSurge of [-1, 1.5, 'some', true])
    assert.notDeepEqual(problemsOf({ rollout: { maxSurge } }), [], String(maxSurge))
})

test('an object without a spec is told so', () => {
  assert.equal(validate(nodePoolKind, {}).length > 0, true)
  assert.deepEqual(validate(nodePoolKind, nodePoolManifest({ name: 'workers', clusterName: 'a' })), [])
})
