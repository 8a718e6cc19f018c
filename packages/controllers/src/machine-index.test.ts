import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Machines } from './kinds.ts'
import { createMachineIndex } from './machine-index.ts'
import { aMachine, NAMESPACE, placed } from './test/factories.ts'
import { createFakeKubernetes } from './test/fake-kubernetes.ts'
import { createManualClock } from './test/manual-clock.ts'

test('machines are found by what they depend on, and no longer once that has changed', () => {
  const fake = createFakeKubernetes(createManualClock())
  const index = createMachineIndex(fake.informer(Machines))
  const machine = fake.has(Machines, aMachine({ metadata: { name: 'a' }, spec: placed }))
  fake.has(Machines, aMachine({ metadata: { name: 'b' }, spec: { nodePoolName: 'others' } }))
  assert.deepEqual(index.ofPool(NAMESPACE, 'workers'), ['acme/a'])
  assert.deepEqual(index.ofControlPlane(NAMESPACE, 'tenant-test'), ['acme/a', 'acme/b'])
  assert.deepEqual(index.ofProxmoxCluster('dc1'), ['acme/a', 'acme/b'])
  assert.deepEqual(index.ofVm('dc1', 412), ['acme/a'])
  assert.deepEqual(index.ofVm('dc1', 9000), [], 'what happens to a template is nothing to its clones')
  assert.deepEqual(index.unmadeOfClass('small'), ['acme/a', 'acme/b'])
  fake.change(Machines, machine.metadata, (one) => (one.status = { task: 'UPID:pve1:1' }))
  assert.deepEqual(index.ofTask('UPID:pve1:1'), ['acme/a'])
  fake.change(Machines, machine.metadata, (one) => {
    one.spec.made = true
    one.spec.vmid = 413
    one.status = {}
  })
  assert.deepEqual(index.ofTask('UPID:pve1:1'), [])
  assert.deepEqual(index.unmadeOfClass('small'), ['acme/b'])
  assert.deepEqual(index.ofVm('dc1', 412), [])
  assert.deepEqual(index.ofVm('dc1', 413), ['acme/a'])
  assert.deepEqual(index.ofVm('dc2', 413), [])
  fake.vanish(Machines, machine.metadata)
  assert.deepEqual(index.ofPool(NAMESPACE, 'workers'), [])
  assert.deepEqual(index.ofProxmoxCluster('dc1'), ['acme/b'])
})
