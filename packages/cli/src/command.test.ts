import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choice, duration, integer, list, parsePairs } from './command.ts'
import { UsageError } from './errors.ts'

const refusal = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof UsageError)
    return [error.message, error.hint].filter(Boolean).join(' | ')
  }
  return assert.fail('it was accepted')
}

test('a duration is a number with its unit, in milliseconds', () => {
  const option = duration('--timeout <time>', '', '30m')
  assert.equal(option.initial, 1_800_000)
  for (const [given, ms] of [
    ['90s', 90_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['20m', 1_200_000],
  ] as const)
    assert.equal(option.parse?.(given, undefined), ms)
  for (const wrong of ['90', 's', '-1s', '1d', '1 m', ''])
    assert.equal(
      refusal(() => option.parse?.(wrong, undefined)),
      `--timeout: "${wrong}" is not a duration like 90s, 20m or 1h`,
    )
})

test('a whole number keeps its bounds, and the message names the option, the value and the rule', () => {
  const option = integer('-r, --replicas <n>', '', { min: 0, max: 10 })
  assert.equal(option.parse?.('0', undefined), 0)
  assert.equal(option.parse?.('10', undefined), 10)
  for (const wrong of ['-1', '11', '1.5', '0x3', '', '99999999999999999999'])
    assert.equal(
      refusal(() => option.parse?.(wrong, undefined)),
      `--replicas: "${wrong}" is not a whole number of at least 0 and at most 10`,
    )
})

test('a choice knows its words, and the nearest to a slip', () => {
  const option = choice('-o, --output <format>', 'how', ['table', 'json'] as const, 'table')
  assert.equal(option.parse?.('json', undefined), 'json')
  assert.equal(
    refusal(() => option.parse?.('jsno', undefined)),
    '--output: "jsno" is not one of table, json | did you mean "json"?',
  )
})

test('a repeated option gathers its values', () => {
  const option = list('--dns <address>', '')
  assert.deepEqual(option.parse?.('b', ['a']), ['a', 'b'])
})

test('pairs are key=value, each key once; the value may hold anything', () => {
  assert.deepEqual(parsePairs('--label', ['a=b=c', 'd=']), { a: 'b=c', d: '' })
  assert.equal(
    refusal(() => parsePairs('--pool', ['workers'])),
    '--pool: "workers" is not key=value',
  )
  assert.equal(
    refusal(() => parsePairs('--pool', ['=3'])),
    '--pool: "=3" is not key=value',
  )
  assert.equal(
    refusal(() => parsePairs('--pool', ['w=1', 'w=2'])),
    '--pool: "w" is given twice',
  )
})
