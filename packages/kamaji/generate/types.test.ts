import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { kamajiCrds } from '../src/crds.ts'
import { typeOf, typesFile } from './types.ts'

test('what is committed is what the generator prints from the pinned definitions', async () => {
  const definitions = kamajiCrds.map(({ spec }) => ({
    kind: spec.names.kind,
    schema: spec.versions[0]?.schema.openAPIV3Schema ?? {},
  }))
  assert.equal(
    typesFile(definitions),
    await readFile(new URL('../src/generated/types.ts', import.meta.url), 'utf8'),
  )
})

test('each form of a schema becomes its type', () => {
  const table: [Parameters<typeof typeOf>[0], string][] = [
    [{ type: 'string', enum: ['a', 'b'] }, "'a' | 'b'"],
    [{ 'x-kubernetes-int-or-string': true }, 'number | string'],
    [{ type: 'array', items: { type: 'string', enum: ['a', 'b'] } }, "('a' | 'b')[]"],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, 'Record<string, number>'],
    [{ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, 'Record<string, unknown>'],
    [
      { type: 'object', required: ['a'], properties: { a: { type: 'boolean' }, 'b-c': { type: 'string' } } },
      "{\n  a: boolean\n  'b-c'?: string\n}",
    ],
  ]
  for (const [schema, expected] of table) assert.equal(typeOf(schema), expected)
})
