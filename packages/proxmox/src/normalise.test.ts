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

test('a list of 10,000 entries costs less to normalise than to parse', () => {
  const entry = (vmid: number) => ({
    id: `qemu/${vmid}`,
    type: 'qemu',
    vmid,
    node: 'pve1',
    status: 'running',
    name: `vm-${vmid}`,
    template: 0,
    uptime: 1000,
    cpu: 0.01,
    maxcpu: 4,
    mem: 2 ** 30,
    maxmem: 2 ** 32,
    disk: 0,
    maxdisk: 2 ** 35,
    netin: 1,
    netout: 2,
    diskread: 3,
    diskwrite: 4,
    tags: 'a;b',
  })
  const text = JSON.stringify(Array.from({ length: 10_000 }, (_, index) => entry(100 + index)))
  // The best of several runs: what else the machine does is not measured.
  const best = { parse: Number.POSITIVE_INFINITY, normalise: Number.POSITIVE_INFINITY }
  for (let run = 0; run < 12; run += 1) {
    const begin = performance.now()
    const parsed: unknown = JSON.parse(text)
    const middle = performance.now()
    resources(parsed)
    best.parse = Math.min(best.parse, middle - begin)
    best.normalise = Math.min(best.normalise, performance.now() - middle)
  }
  assert.ok(
    best.normalise < best.parse,
    `${best.normalise.toFixed(1)} ms after ${best.parse.toFixed(1)} ms of parsing`,
  )
})
