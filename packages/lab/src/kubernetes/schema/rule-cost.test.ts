import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ruleCostProblems } from './rule-cost.ts'

function problems(messageExpression: string): string[] {
  const spec = { type: 'object', 'x-kubernetes-validations': [{ rule: 'true', messageExpression }] }
  return ruleCostProblems({ type: 'object', properties: { spec } }, 'schema').map(({ field }) => field)
}

test('a message that joins what string() makes costs too much, and one that joins texts does not', () => {
  const field = 'schema.properties[spec].x-kubernetes-validations[0].messageExpression'
  assert.deepEqual(problems("'has ' + string(self.replicas)"), [field, field, 'schema'])
  assert.deepEqual(problems("string(self.replicas) + ' are there'"), [field, field, 'schema'])
  assert.deepEqual(problems("self.size == 'small' ? 'a + string(b)' : 'c'"), [])
  assert.deepEqual(problems('string(self.replicas)'), [])
})
