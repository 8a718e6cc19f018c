import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareAnswers } from './compare.ts'
import { readCutJson } from './cut-json.ts'
import type { Header, RecordedAnswer } from './recorded.ts'
import type { WireAnswer } from './wire.ts'

const HEADERS: readonly Header[] = [
  ['Cache-Control', 'max-age=0'],
  ['Connection', 'Keep-Alive'],
  ['Content-Type', 'application/json;charset=UTF-8'],
]

function compare(want: string, got: string, change: Partial<WireAnswer> = {}): string[] {
  const recorded: RecordedAnswer = {
    status: 200,
    reason: 'OK',
    headers: HEADERS,
    body: want,
    connection_closed_by_server: false,
    elapsed_s: 0,
  }
  const body = Buffer.from(got)
  const more: Header[] = [
    ['Date', 'now'],
    ['Expires', 'now'],
    ['Content-Length', String(body.length)],
  ]
  const answer: WireAnswer = {
    status: 200,
    reason: 'OK',
    headers: [...HEADERS, ...more],
    body,
    closed: false,
    seconds: 0,
    ...change,
  }
  return compareAnswers(recorded, answer, { shapeOnly: false, speed: 1 })
}

test('what varies by nature does not count: order, times, UPIDs, statistics', () => {
  const want =
    '{"data":[{"vmid":1,"cpu":0.5,"uptime":3},{"upid":"UPID:pve1:00000001:00000002:00000003:qmstart:1:root@pam:"}]}'
  const got =
    '{"data":[{"upid":"UPID:pve1:0000000A:0000000B:0000000C:qmstart:1:root@pam:"},{"uptime":9,"cpu":0,"vmid":1}]}'
  assert.deepEqual(compare(want, got), [])
})

test('a number is no text, a missing key is missing, another text is another', () => {
  const want = '{"data":{"vmid":1,"name":"a"}}'
  for (const got of [
    '{"data":{"vmid":"1","name":"a"}}',
    '{"data":{"vmid":1}}',
    '{"data":{"vmid":1,"name":"b"}}',
    '{"data":{"vmid":1,"name":"a","tags":"x"}}',
  ])
    assert.equal(compare(want, got).length, 1, got)
})

test('status, reason, headers and closing count', () => {
  const body = '{"data":null}'
  assert.match(compare(body, body, { status: 500 })[0] ?? '', /^status/)
  assert.match(compare(body, body, { reason: 'Fine' })[0] ?? '', /^reason/)
  assert.match(compare(body, body, { closed: true })[0] ?? '', /^closed/)
  assert.ok(compare(body, body, { headers: HEADERS }).length > 0)
  assert.match(compare(body, body, { seconds: 5 })[0] ?? '', /^seconds/)
})

test('of a cut body whole entries are read, and looked for in the answer', () => {
  assert.deepEqual(readCutJson('{"data":[{"a":1},{"b":"x"},{"c":'), { data: [{ a: 1 }, { b: 'x' }] })
  assert.deepEqual(compare('{"data":[{"a":1},{"b"...[900 bytes in all]', '{"data":[{"b":2},{"a":1}]}'), [])
  assert.equal(compare('{"data":[{"a":1},{"b"...[900 bytes in all]', '{"data":[{"b":2}]}').length, 1)
})
