import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeNumberProblems } from './whole-numbers.ts'

const spec = {
  type: 'object',
  properties: {
    weight: { type: 'number', multipleOf: 0.5 },
    each: { type: 'array', items: { type: 'number', multipleOf: 0.1 } },
    even: { type: 'integer', multipleOf: 2 },
  },
}
const problems = (text: string): string[] =>
  wholeNumberProblems({ type: 'object', properties: { spec } }, text).map(({ field }) => field)

test('a whole number is refused where the factor is below one, unless it is written with a point', () => {
  assert.deepEqual(problems('{"spec":{"weight":3,"each":[1,2.0,3e0],"even":4}}'), [
    'spec.weight',
    'spec.each[0]',
  ])
  assert.deepEqual(problems('{"spec":{"weight":2.0,"each":[],"even":4}}'), [])
})
