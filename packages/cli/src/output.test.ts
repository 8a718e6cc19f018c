import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { age, createListPrinter, printList, printObject, type Column } from './output.ts'
import { testIo } from './test-io.ts'

interface Thing {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly size?: number
}
const thing = (name: string, size?: number): Thing => ({
  kind: 'Thing',
  metadata: { name },
  ...(size === undefined ? {} : { size }),
})
const columns: Column<Thing>[] = [
  { heading: 'NAME', cell: (item) => item.metadata.name },
  { heading: 'SIZE', cell: (item) => item.size, right: true },
  { heading: 'MORE', cell: () => 'more', wide: true },
]
const things = [thing('a', 7), thing('longer-name')]

const printed: Record<string, string> = {
  table: 'NAME         SIZE\na               7\nlonger-name     -\n',
  wide: 'NAME         SIZE  MORE\na               7  more\nlonger-name     -  more\n',
  name: 'thing/a\nthing/longer-name\n',
}
for (const [format, expected] of Object.entries(printed)) {
  test(`-o ${format}`, () => {
    const io = testIo()
    printList(io, format as 'table', things, columns)
    assert.equal(io.stdout, expected)
  })
}

test('-o json and -o yaml print a List of the objects as they are, and one object as itself', () => {
  for (const [format, read] of [
    ['json', (text: string) => JSON.parse(text) as unknown],
    ['yaml', (text: string) => parse(text) as unknown],
  ] as const) {
    const list = testIo()
    printList(list, format, things, columns)
    assert.deepEqual(read(list.stdout), { apiVersion: 'v1', kind: 'List', metadata: {}, items: things })
    const one = testIo()
    printObject(one, format, things[0] as Thing, columns)
    assert.deepEqual(read(one.stdout), things[0])
  }
})

test('where there is nothing a person is told so, and a script gets a list of nothing', () => {
  const [table, json] = [testIo(), testIo()]
  printList(table, 'table', [], columns, 'No things.')
  printList(json, 'json', [], columns, 'No things.')
  assert.deepEqual([table.stdout, table.stderr], ['', 'No things.\n'])
  assert.deepEqual(JSON.parse(json.stdout), { apiVersion: 'v1', kind: 'List', metadata: {}, items: [] })
})

test('what a tenant wrote cannot drive the terminal or break a row', () => {
  const io = testIo()
  printList(io, 'table', [thing('a\u001b[2Jb\nc\u009b')], columns)
  assert.equal(io.stdout, 'NAME       SIZE\na [2Jb c      -\n')
})

test('a watched table has one heading and grows by rows; json gives an object a line', () => {
  const table = testIo()
  const print = createListPrinter(table, 'table', columns)
  print(things)
  print([thing('a', 8)])
  assert.equal(table.stdout, `${printed['table']}a               8\n`)
  const json = testIo()
  createListPrinter(json, 'json', columns)(things)
  assert.deepEqual(
    json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Thing),
    things,
  )
})

test('an age is in the short form of Kubernetes', () => {
  const now = Date.parse('2026-01-03T00:00:00Z')
  for (const [since, expected] of [
    ['2026-01-03T00:00:00Z', '0s'],
    ['2026-01-02T23:58:01Z', '119s'],
    ['2026-01-02T23:58:00Z', '2m'],
    ['2026-01-02T21:00:00Z', '3h'],
    ['2026-01-01T00:00:00Z', '2d'],
    ['2026-01-03T00:00:09Z', '0s'],
    [undefined, '<unknown>'],
  ] as const)
    assert.equal(age(since, now), expected)
})
