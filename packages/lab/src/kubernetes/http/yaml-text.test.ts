import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { yamlText } from './yaml-text.ts'

test('YAML is written as the API server does: sorted, items not indented, quotes only where they are needed', () => {
  const text = yamlText({
    kind: 'X',
    apiVersion: 'v1',
    metadata: {
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { n: '1', 'a/b': 'yes', '10': 'x', '9': 'y' },
    },
    items: [{ b: 1, a: null }, [], ['x', ['y']], {}],
    fields: { '.': {}, 'k:{"type":"Ready"}': {} },
    texts: [
      '',
      'plain text',
      ' led',
      'a: b',
      '- x',
      "it's: so",
      'tab\there',
      '0x1f',
      '1e3',
      '1:30',
      'über',
      '\u0007',
    ],
    script: 'one\ntwo\n',
    open: 'one\ntwo',
  })
  assert.equal(
    text,
    [
      'apiVersion: v1',
      'fields:',
      '  .: {}',
      '  k:{"type":"Ready"}: {}',
      'items:',
      '- a: null',
      '  b: 1',
      '- []',
      '- - x',
      '  - - "y"',
      '- {}',
      'kind: X',
      'metadata:',
      '  creationTimestamp: "2026-01-01T00:00:00Z"',
      '  labels:',
      '    "9": "y"',
      '    "10": x',
      '    a/b: "yes"',
      '    "n": "1"',
      'open: |-',
      '  one',
      '  two',
      'script: |',
      '  one',
      '  two',
      'texts:',
      '- ""',
      '- plain text',
      "- ' led'",
      "- 'a: b'",
      "- '- x'",
      `- 'it''s: so'`,
      '- "tab\\there"',
      '- "0x1f"',
      '- "1e3"',
      '- "1:30"',
      '- über',
      '- "\\a"',
      '',
    ].join('\n'),
  )
})

test('a long text is folded at a space after eighty columns, and reads as it was', () => {
  const words = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ')
  for (const message of [words, `so: ${words}`, `"${words}\t"`]) {
    const text = yamlText({ message })
    assert.ok(text.split('\n').every((line) => line.length < 100))
    assert.ok(text.split('\n').length > 4)
    assert.deepEqual(parse(text, { version: '1.1' }), { message })
  }
})
