import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { yamlText } from './yaml-text.ts'

// What readers of YAML 1.1 take for something else, or do not take at all.
const traps = [
  ...['on', 'yes', 'y', 'null', '~', '=', '<<', '', ' ', '0644', '0o17', '12:30:45', '1e3', '2001-01-01'],
  ...['a: b', '- a', '#no', '&a', '*a', '!!set', '%TAG', '---', '{{ x }}', '"', "'", '\\', '\\n'],
  ...[
    'a\n',
    'a\nb',
    '\na',
    'a\n\n',
    ' a\nb',
    'a \nb',
    'a\r\nb',
    '\ta\nb',
    '#!/bin/sh\nset -e\n',
    '---\n...\n',
  ],
  ...['\x00', '\x1b', '\x7f', '\x85', 'a\u2028b', '\ufeffa', 'è', '😀'],
]

for (const version of ['1.1', '1.2'] as const) {
  test(`every text comes back as itself from a reader of YAML ${version}`, () => {
    assert.deepEqual(parse(yamlText(traps), { version }), traps)
  })
}

test('no control character stands in the text as itself', () => {
  assert.doesNotMatch(yamlText(traps), /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]/)
})

test('numbers and booleans stay what they are', () => {
  assert.equal(yamlText({ version: 2, dhcp4: true }), 'version: 2\ndhcp4: true\n')
})

test('a script stands there with its lines, for people', () => {
  assert.equal(yamlText({ content: 'a: 1\nb: 2\n' }), 'content: |\n  a: 1\n  b: 2\n')
})
