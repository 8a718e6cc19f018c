import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiSchema, type Method } from '@fochista/proxmox/schema'
import { nouns } from '../../packages/cli/src/commands.ts'
import { proxmoxHandlers } from '../../packages/lab/src/proxmox/handlers.ts'
import { mergeCalls, readCalls } from './calls.ts'

const isCall = (call: string): boolean => {
  const [method = '', path = ''] = call.split(' ')
  return apiSchema.paths[path]?.[method as Method] !== undefined
}

test('every call that was recorded is one of the API, and one that the lab answers', () => {
  const calls = Object.keys(readCalls())
  // The list of everything is not in the schema.
  assert.deepEqual(
    calls.filter((call) => call !== 'GET /' && !isCall(call)),
    [],
  )
  assert.deepEqual(
    calls.filter((call) => !proxmoxHandlers[call]),
    [],
  )
})

test('every call that a command says to make is one of the API', async () => {
  const all = (await Promise.all(Object.values(nouns).map((load) => load()))).flat()
  for (const { path, calls = [] } of all)
    for (const call of calls) assert.ok(isCall(call), `${path}: ${call}`)
})

test('a new run of one kind takes the place of its old one, and leaves the others’', () => {
  const before = { 'GET /a': ['unit', 'conformance'], 'GET /b': ['unit'] } as const
  assert.deepEqual(mergeCalls(before, 'unit', ['GET /c']), { 'GET /a': ['conformance'], 'GET /c': ['unit'] })
})
