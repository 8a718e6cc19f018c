import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMark, printMark, withMark, type Mark } from './mark.ts'

const mark: Mark = {
  installation: '11111111-2222-3333-4444-555555555555',
  namespace: 'team-a',
  pool: 'workers',
  machine: 'workers-x7k2',
  id: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
  time: '2026-11-24T14:00:00Z',
}

test('a mark is read back as it was printed, in each of its states', () => {
  for (const state of [{}, { building: true }, { released: true }]) {
    assert.deepEqual(parseMark(printMark({ ...mark, ...state })), { ...mark, ...state })
  }
})

test('what a person writes around a mark does not hide it', () => {
  assert.deepEqual(parseMark(`do not touch!\r\n\n  ${printMark(mark)}\nask Anna`), mark)
})

test('a sentence that only mentions a mark is none', () => {
  assert.equal(parseMark(`it said: ${printMark(mark)}`), undefined)
  assert.equal(parseMark(`${printMark(mark)} and more`), undefined)
  assert.equal(parseMark(undefined), undefined)
})

test('two different marks are no mark: nobody can say whose the VM is', () => {
  assert.equal(
    parseMark(`${printMark(mark)}\n${printMark({ ...mark, machine: 'workers-other' })}`),
    undefined,
  )
  assert.deepEqual(parseMark(`${printMark(mark)}\n${printMark(mark)}`), mark)
})

test('a name made to look like another field is refused when the mark is printed', () => {
  for (const machine of ['x id=00000000-0000-0000-0000-000000000000', 'a\nfochista', 'UPPER', '']) {
    assert.throws(() => printMark({ ...mark, machine }), TypeError)
  }
})

test('putting a mark keeps a person’s lines and replaces the old mark', () => {
  const described = withMark('ask Anna', { ...mark, building: true })
  assert.equal(withMark(described, mark), `ask Anna\n${printMark(mark)}`)
})
