import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine } from '@fochista/api'
import { aMachine, aVm, GIB, placed } from '../test/factories.ts'
import { inventoryOf } from './inventory.ts'
import { createPromises } from './promises.ts'

const shape = { memory: 4 * GIB, disk: 20 * GIB }
const machineWith = (spec: Partial<Machine['spec']>, status: Machine['status'] = {}): Machine => ({
  ...aMachine({ spec: { ...placed, ...shape, vmid: 412, host: 'pve1', storage: 'local-lvm', ...spec } }),
  status,
})
const promisesOf = (...vms: Parameters<typeof inventoryOf>[0]) => createPromises(inventoryOf(vms))

test('sums follow a machine from its place to its end', () => {
  const promises = promisesOf()
  const sums = (host: string) => [
    promises.memory(host),
    promises.disk('local-lvm', host),
    promises.ofPool('acme/workers', host),
  ]
  promises.put('a', machineWith({}))
  promises.put('b', machineWith({ vmid: 413, host: 'pve2' }))
  assert.deepEqual(sums('pve1'), [shape.memory, shape.disk, 1])
  assert.equal(promises.disk('local-lvm'), 2 * shape.disk)
  promises.put('a', machineWith({ host: 'pve2' }))
  assert.deepEqual(sums('pve1'), [0, 0, 0])
  assert.deepEqual(sums('pve2'), [2 * shape.memory, 2 * shape.disk, 2])
  promises.put('a', machineWith({ host: 'pve2', made: true }))
  assert.deepEqual(sums('pve2'), [2 * shape.memory, shape.disk, 2], 'what is made has taken its room')
  promises.put('a', undefined)
  promises.put('b', machineWith({ vmid: 413, host: 'pve2', memory: 8 * GIB }))
  assert.deepEqual(sums('pve2'), [8 * GIB, shape.disk, 1])
  promises.put('b', machineWith({ vmid: 413, host: undefined as never }))
  assert.deepEqual(sums('pve2'), [0, 0, 0])
})

test('what runs is not promised, what it runs without is, and all of what stands still', () => {
  const promises = promisesOf(
    aVm(412, 'pve1', { maxmem: shape.memory }),
    aVm(413, 'pve2', { maxmem: 3 * GIB }),
    aVm(414, 'pve3', { maxmem: shape.memory, status: 'stopped' }),
  )
  promises.put('a', machineWith({ made: true }))
  promises.put('b', machineWith({ made: true, vmid: 413, host: 'pve2' }))
  promises.put('c', machineWith({ made: true, vmid: 414, host: 'pve3' }, { wasReady: true }))
  assert.deepEqual(
    ['pve1', 'pve2', 'pve3'].map((host) => promises.memory(host)),
    [0, GIB, shape.memory],
  )
})

test('one that ran and whose VM is gone is promised nothing: another machine takes its place', () => {
  const promises = promisesOf()
  promises.put('a', machineWith({ made: true }, { wasReady: true }))
  assert.equal(promises.memory('pve1'), 0)
  assert.equal(promises.ofPool('acme/workers', 'pve1'), 1)
  promises.put('b', machineWith({ vmid: 413, made: true }))
  assert.equal(promises.memory('pve1'), shape.memory, 'one that was never Ready may not be listed yet')
})
