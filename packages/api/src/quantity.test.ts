import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBytes, parseBytes, parseDuration } from './quantity.ts'

test('quantities of bytes are read as Kubernetes reads them', () => {
  for (const [given, wanted] of [
    ['8Gi', 8 * 2 ** 30],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['1G', 1e9],
    ['512', 512],
    ['1.1G', 1_100_000_000],
    ['0.1Ki', 103],
    ['4.1Ti', 4_507_997_673_882],
    ['9007199254740993', undefined],
    ['8192Pi', undefined],
    ['', undefined],
    ['8GiB', undefined],
    ['-1Gi', undefined],
    ['1e3', undefined],
  ] as const) {
    assert.equal(parseBytes(given), wanted, given)
  }
})

test('bytes are printed in the largest unit that divides them', () => {
  assert.deepEqual([8 * 2 ** 30, 1536 * 2 ** 20, 1000].map(formatBytes), ['8Gi', '1536Mi', '1000'])
})

test('durations add up', () => {
  assert.deepEqual(['20m', '1h30m', '90s', '250ms', 'soon'].map(parseDuration), [
    1_200_000,
    5_400_000,
    90_000,
    250,
    undefined,
  ])
})
