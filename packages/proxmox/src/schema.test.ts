import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { apiSchema, callOf, printSchema, type ApiSchema, type Method } from '../schema/index.ts'

const text = readFileSync(new URL('../schema/pve-9.1.json', import.meta.url), 'utf8')

test('one call is found without reading the others, and is what the whole description says', () => {
  // Nothing here has read the whole of it yet.
  const { paths } = JSON.parse(text) as ApiSchema
  for (const [path, calls] of Object.entries(paths))
    for (const [method, call] of Object.entries(calls))
      assert.deepEqual(callOf(method as Method, path), call, `${method} ${path}`)
  assert.equal(callOf('PUT', '/nodes'), undefined)
  assert.equal(callOf('GET', '/nothing'), undefined)
  assert.equal(callOf('GET', '/nodes/{node}/qemu/{vmid}/config"'), undefined)
})

test('the description is kept as it is printed, a path on each line', () => {
  assert.equal(printSchema(apiSchema), text)
  assert.equal(text.split('\n').length, Object.keys(apiSchema.paths).length + 3)
})
