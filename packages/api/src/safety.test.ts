import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

test('nothing here needs Node: the console runs the same code in a browser', () => {
  const sources = globSync('**/*.ts', { cwd: import.meta.dirname }).filter(
    (file) => !file.endsWith('.test.ts'),
  )
  assert.ok(sources.length > 10)
  for (const file of sources)
    assert.doesNotMatch(
      readFileSync(join(import.meta.dirname, file), 'utf8'),
      /from '(node:|yaml)|\b(Buffer|process)\b\./,
      file,
    )
})
