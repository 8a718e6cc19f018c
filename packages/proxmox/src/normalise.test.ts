import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normaliserOf } from './normalise.ts'

const resources = normaliserOf('GET', '/cluster/resources')

test('booleans are booleans and numbers numbers, whether they came as numbers or texts', () => {
  const config = normaliserOf('GET', '/nodes/{node}/qemu/{vmid}/config')
  assert.deepEqual(
    config({
      onboot: 1,
      protection: '0',
      cores: '4',
      memory: '2048',
      agent: 1,
      name: 123,
      tags: 7,
      lock: 'clone',
      digest: 'ab',
    }),
    {
      onboot: true,
      protection: false,
      cores: 4,
      memory: '2048',
      agent: '1',
      name: '123',
      tags: '7',
      lock: 'clone',
      digest: 'ab',
    },
  )
})

test('what is absent stays absent, what is unknown stays as it came, and what is no number stays a text', () => {
  const [entry] = resources([
    { id: 'qemu/1', type: 'qemu', vmid: '0x10', maxcpu: '', novelty: '1', uptime: null },
  ]) as object[]
  assert.deepEqual(entry, {
    id: 'qemu/1',
    type: 'qemu',
    vmid: '0x10',
    maxcpu: '',
    novelty: '1',
    uptime: null,
  })
  assert.equal(resources(null), null)
  assert.deepEqual(resources({ not: 'a list' }), { not: 'a list' })
})
