import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { yamlText } from './yaml-text.ts'

// What readers of YAML 1.1 take for something else, or do not take at all.
const traps = [
  'on yes y null ~ = << 0644 0o17 12:30:45 1e3 2001-01-01 &a *a !!set %TAG --- " \' \\ \\n'.split(' '),
  ['', ' ', 'a: b', '- a', '#no', '{{ x }}', '#!/bin/sh\nset -e\n', '---\n...\n'],
  ['a\n', 'a\nb', '\na', 'a\n\n', ' a\nb', 'a \nb', 'a\r\nb', '\ta\nb'],
  ['\x00', '\x1b', '\x7f', '\x85', 'a\u2028b', '\ufeffa', 'è', '😀'],
].flat()

for (const version of ['1.1', '1.2'] as const) {
  test(`every text comes back as itself from a reader of YAML ${version}`, () => {
    assert.deepEqual(parse(yamlText(traps), { version }), traps)
  })
}

test('no control character stands in the text as itself', () => {
  const control = /[\p{Cc}\p{Zl}\p{Zp}\ufeff]/u
  assert.doesNotMatch(yamlText(traps).replaceAll('\n', ''), control)
})

test('numbers and booleans stay what they are', () => {
  assert.equal(yamlText({ version: 2, dhcp4: true }), 'version: 2\ndhcp4: true\n')
})

test('a script stands there with its lines, for people', () => {
  assert.equal(yamlText({ content: 'a: 1\nb: 2\n' }), 'content: |\n  a: 1\n  b: 2\n')
})
