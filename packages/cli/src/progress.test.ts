import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProgress, picture, type ProgressLine } from './progress.ts'
import { testIo } from './test-io.ts'

const line = (name: string, state: string, style: ProgressLine['style'], detail?: string): ProgressLine => ({
  name,
  state,
  style,
  detail,
})

test('without a terminal every change is a line, what stays the same is said once, and what went is said', async () => {
  const io = testIo()
  const progress = await createProgress(io)
  progress.show([line('c', 'Pending', 'working'), line('w-1', 'Cloned', 'working', 'UPID:x')])
  progress.show([line('c', 'Pending', 'working'), line('w-1', 'Cloned', 'working', 'UPID:x')])
  progress.show([line('c', 'Ready', 'ready'), line('w-1', 'Configured', 'working', 'two\nlines\u001b[1m')])
  progress.show([line('c', 'Ready', 'ready')])
  progress.end()
  assert.equal(
    io.stderr,
    'c: Pending\nw-1: Cloned - UPID:x\nc: Ready\nw-1: Configured - two lines [1m\nw-1: gone\n',
  )
  assert.equal(io.stdout, '')
})

test('a terminal sees an icon and a word in the same colour, never colour alone', () => {
  const io = testIo({ painted: true })
  assert.deepEqual(
    picture(io, [line('cluster', 'Ready', 'ready', '1.2.3.4:6443'), line('w-1', 'Failed', 'failed')]),
    ['<ready:✔ cluster  Ready>  1.2.3.4:6443', '<failed:✘ w-1      Failed>'],
  )
})

test('no line is longer than the terminal is wide', () => {
  const io = testIo({ columns: 20 })
  const drawn = picture(io, [line('machine', 'Cloned', 'working', 'x'.repeat(99))])
  assert.deepEqual(
    drawn.map(({ length }) => length),
    [19],
  )
})

test('no picture is higher than the terminal: the first line stays, then what still moves, and the rest is counted', () => {
  const io = testIo({ rows: 6 })
  const lines = [
    line('cluster', 'Ready', 'ready'),
    ...['1', '2', '3', '4'].map((n) => line(`done-${n}`, 'Ready', 'ready')),
    line('moving', 'Cloned', 'working'),
  ]
  assert.deepEqual(picture(io, lines), [
    '✔ cluster  Ready',
    '✔ done-1   Ready',
    '◐ moving   Cloned',
    '  and 3 more',
  ])
})
