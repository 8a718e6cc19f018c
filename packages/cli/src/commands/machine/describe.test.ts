import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine } from '@fochista/api'
import { headline, timeline } from './describe.ts'
import { stepOf, steps } from './timeline.ts'

type Condition = NonNullable<NonNullable<Machine['status']>['conditions']>[number]

const condition = (
  type: string,
  status: Condition['status'],
  second: number,
  more: Partial<Condition> = {},
) => ({
  type,
  status,
  reason: 'Because',
  message: '',
  lastTransitionTime: `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`,
  ...more,
})

function aMachine(conditions: Condition[], more: Partial<Machine['metadata']> = {}): Machine {
  return {
    apiVersion: 'fochista.dev/v1alpha1',
    kind: 'Machine',
    metadata: { name: 'w-1', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z', ...more },
    spec: { id: '11111111-2222-3333-4444-555555555555', nodePoolName: 'w', proxmoxCluster: 'dc1' },
    status: { conditions, nodeName: 'w-1' },
  }
}

const done = steps.map((step, index) => condition(step, 'True', index + 1))

test('a fresh machine waits for the controllers', () => {
  assert.match(
    headline(aMachine([]), undefined)[0] ?? '',
    /^Waits for Placed: the controllers have not begun/,
  )
})

test('the first line is the step that is not done, in the words of its condition', () => {
  const machine = aMachine([
    ...done.slice(0, 1),
    condition('Cloned', 'False', 2, { message: 'waits for its turn:\u001b[31m 2 clones before it' }),
  ])
  assert.deepEqual(headline(machine, undefined), [
    'Waits for Cloned: waits for its turn: [31m 2 clones before it',
  ])
  assert.equal(stepOf(machine).state, 'Cloning')
})

test('a reason that needs a person comes with what to do', () => {
  const machine = aMachine([
    ...done.slice(0, 6),
    condition('Ready', 'False', 9, { reason: 'WaitingForNetwork', message: 'no network plugin runs' }),
  ])
  assert.equal(stepOf(machine).state, 'NotReady')
  const [first, second] = headline(machine, undefined)
  assert.equal(first, 'Waits for Ready: no network plugin runs')
  assert.match(second ?? '', /^ {2}Install a network plugin.*--apply/)
})

test('a paused machine says so first, whatever else it waits for', () => {
  const machine = aMachine([], { annotations: { 'fochista.dev/paused': '' } })
  assert.deepEqual(headline(machine, 'Paused: x'), ['Paused: x'])
  assert.equal(stepOf(machine).state, 'Paused')
})

test('a machine that leaves says what it is at, a failed one why, a ready one that it waits for nothing', () => {
  const leaving = aMachine([...done, condition('Drained', 'False', 20, { message: '2 pods left' })], {
    deletionTimestamp: '2026-01-01T00:01:00Z',
  })
  assert.deepEqual(headline(leaving, undefined), ['Leaving: 2 pods left'])
  const failed = aMachine(done.slice(0, 5))
  failed.status = { ...failed.status, failure: { reason: 'NeverJoined', message: 'did not join within 20m' } }
  assert.deepEqual(headline(failed, undefined), ['Failed: did not join within 20m'])
  assert.equal(stepOf(failed).style, 'failed')
  assert.deepEqual(headline(aMachine(done), undefined), ['Ready: waits for nothing, as Node w-1'])
})

test('the timeline has all seven steps in order, each with its seconds after the making, then what else was said', () => {
  const rows = timeline(aMachine([...done.slice(0, 3), condition('Drained', 'Unknown', 40)]))
  assert.deepEqual(
    rows.map(({ type, status, after }) => [type, status, after]),
    [
      ['Placed', 'True', '1s'],
      ['Cloned', 'True', '2s'],
      ['Configured', 'True', '3s'],
      ['Seeded', undefined, undefined],
      ['Started', undefined, undefined],
      ['Joined', undefined, undefined],
      ['Ready', undefined, undefined],
      ['Drained', 'Unknown', '40s'],
    ],
  )
})
