import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getCondition, setCondition, type Condition } from './conditions.ts'

test('the time of a condition moves only when its status does, and saying the same again changes nothing', () => {
  const object: { status?: { conditions?: Condition[] } } = {}
  assert.equal(
    setCondition(object, { type: 'Placed', status: 'Unknown', reason: 'A', message: 'a' }, 0),
    true,
  )
  assert.equal(
    setCondition(object, { type: 'Placed', status: 'Unknown', reason: 'A', message: 'a' }, 60_000),
    false,
  )
  assert.equal(
    setCondition(object, { type: 'Placed', status: 'Unknown', reason: 'B', message: 'b' }, 60_000),
    true,
  )
  assert.equal(getCondition(object, 'Placed')?.lastTransitionTime, '1970-01-01T00:00:00Z')
  setCondition(object, { type: 'Placed', status: 'True', reason: 'Placed', message: '' }, 60_000)
  assert.equal(getCondition(object, 'Placed')?.lastTransitionTime, '1970-01-01T00:01:00Z')
})
