import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareUnchanged } from './share.ts'

const read = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>

test('what did not change is the same as before, and what changed is as it was read', () => {
  const text = '{"metadata":{"name":"a","labels":{"x":"1"}},"spec":{"list":[{"a":1},{"b":[2]}]},"gone":{}}'
  const next =
    '{"spec":{"list":[{"a":1},{"b":[2]},{}]},"metadata":{"labels":{"x":"1"},"name":"b"},"more":null}'
  const old = read(text)
  const fresh = read(next)
  assert.equal(shareUnchanged(fresh, old), fresh)
  assert.deepEqual(fresh, read(next))
  assert.deepEqual(old, read(text))
  const parts = (of: unknown) => of as { metadata: { labels: object }; spec: { list: object[] } }
  assert.equal(parts(fresh).metadata.labels, parts(old).metadata.labels)
  assert.equal(parts(fresh).spec.list[1], parts(old).spec.list[1])
  assert.notEqual(parts(fresh).spec.list, parts(old).spec.list)
})

test('the same in another order is the old object itself', () => {
  const old = read('{"a":{"b":1,"c":[true,null,"x"]},"d":0}')
  assert.equal(shareUnchanged(read('{"d":0,"a":{"c":[true,null,"x"],"b":1}}'), old), old)
})

test('nothing but equal parts is taken from the old object', () => {
  for (const [old, fresh] of [
    ['{"a":1,"b":2}', '{"a":1}'],
    ['{"a":1}', '{"a":1,"b":2}'],
    ['{"a":[]}', '{"a":{}}'],
    ['{"a":{}}', '{"a":[]}'],
    ['{"a":[1,2]}', '{"a":[1]}'],
    ['{"a":null}', '{"a":{}}'],
    ['{"a":{}}', '{"a":null}'],
    ['{"a":"1"}', '{"a":1}'],
    ['{}', '{"__proto__":{}}'],
    ['{"__proto__":{"x":1}}', '{"__proto__":{"x":1}}'],
    ['{}', '{"constructor":{},"toString":{}}'],
  ] as const) {
    const given = read(old)
    const made = read(fresh)
    assert.equal(shareUnchanged(made, given), made, `${old} to ${fresh}`)
    assert.equal(JSON.stringify(made), fresh)
    assert.equal(JSON.stringify(given), old)
  }
})

test('what is nested deeper than any kind is compared no further', () => {
  const text = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  const fresh = read(text)
  assert.equal(shareUnchanged(fresh, read(text)), fresh)
})
