import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ListReader } from './list-reader.ts'

/** What is made of a text that comes in pieces of so many bytes. */
function read(text: string, size: number): { body: unknown; handed: unknown[] } {
  const handed: unknown[] = []
  const reader = new ListReader((entry) => {
    handed.push(entry)
    return { entry }
  })
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
  return { body: reader.end(), handed }
}

/** Entries of more than several pieces, with what is mistaken easily: braces in texts, characters of several bytes. */
const entries = Array.from({ length: 3000 }, (_, index) => ({
  id: `qemu/${index}`,
  name: index % 7 === 0 ? 'a},{"b":1},{' : 'grün 漢字 😀',
  tags: 'x'.repeat(index % 50),
}))

test('a list is handed over entry by entry, wherever its bytes are parted', () => {
  const whole = JSON.stringify({ data: entries })
  for (const size of [1, 7, 4096, 16_384, 100_000, whole.length * 2]) {
    const { body, handed } = read(whole, size)
    assert.deepEqual(handed, entries)
    assert.deepEqual(body, { data: entries.map((entry) => ({ entry })) })
  }
})

test('entries are handed over before the last has come', () => {
  let handed = 0
  const reader = new ListReader(() => (handed += 1))
  const list = Array.from({ length: 3000 }, (_, index) => ({ id: `qemu/${index}`, tags: 'x'.repeat(50) }))
  reader.push(Buffer.from(JSON.stringify({ data: list }).slice(0, -200)))
  assert.equal(handed, 2997)
})

test('what holds objects itself, is one long entry or stands beside other things is read as well', () => {
  const nested = entries.map((entry) => ({ parts: [{ a: 1 }, { a: 2 }], entry }))
  const long = [{ text: 'y'.repeat(200_000) }, { text: '},{'.repeat(50_000) }, { end: true }]
  for (const data of [nested, long, entries.map(({ id }) => id), [], [{}], [[]], [1, null]]) {
    const made = data.map((entry) => ({ entry }))
    assert.deepEqual(read(JSON.stringify({ data, total: 5 }), 5000).body, { data: made, total: 5 })
    assert.deepEqual(read(JSON.stringify({ total: 5, data }), 5000).body, { total: 5, data: made })
    assert.deepEqual(read(JSON.stringify({ data }, null, 1), 5000).body, { data: made })
  }
})

test('what is no list is given back as it came', () => {
  for (const body of [{ data: null }, { data: { a: 1 } }, null, 7, { other: [{}] }])
    assert.deepEqual(read(JSON.stringify(body), 3), { body, handed: [] })
})

test('what is no JSON, or not all of it, is an error', () => {
  const whole = JSON.stringify({ data: entries })
  for (const text of [
    '',
    '<html>',
    whole.slice(0, -1),
    whole.slice(0, 50_000),
    `${whole}]`,
    whole.replace('"},{"id', '"},,{"id'),
  ])
    assert.throws(() => read(text, 4096), SyntaxError)
})

test('what the taker of an entry throws comes out', () => {
  const reader = new ListReader(() => {
    throw new RangeError('not this one')
  })
  assert.throws(() => reader.push(Buffer.from(JSON.stringify({ data: entries }))), RangeError)
})
