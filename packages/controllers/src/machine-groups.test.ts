import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine } from '@fochista/api'
import { Machines } from './kinds.ts'
import {
  inPool,
  inProxmoxCluster,
  ofControlPlane,
  unmadeOfClass,
  withTask,
  withVmid,
} from './machine-groups.ts'
import type { Grouping } from './runtime/groups.ts'
import { createFreshReader } from './runtime/fresh.ts'
import { keyOf } from './runtime/keys.ts'
import { aMachine, NAMESPACE, placed } from './test/factories.ts'
import { createFakeKubernetes } from './test/fake-kubernetes.ts'
import { createManualClock } from './test/manual-clock.ts'

test('machines are found by what they depend on, and no longer once that has changed', () => {
  const fake = createFakeKubernetes(createManualClock())
  const reader = createFreshReader(fake.kubernetes, Machines, fake.informer(Machines))
  const by = (grouping: Grouping<Machine>, group: string): string[] => reader.by(grouping, group).map(keyOf)
  const machine = fake.has(Machines, aMachine({ metadata: { name: 'a' }, spec: placed }))
  fake.has(Machines, aMachine({ metadata: { name: 'b' }, spec: { nodePoolName: 'others' } }))
  assert.deepEqual(by(inPool, `${NAMESPACE}/workers`), ['acme/a'])
  assert.deepEqual(by(ofControlPlane, `${NAMESPACE}/tenant-test`), ['acme/a', 'acme/b'])
  assert.deepEqual(by(inProxmoxCluster, 'dc1'), ['acme/a', 'acme/b'])
  assert.deepEqual(by(withVmid, 'dc1/412'), ['acme/a'])
  assert.deepEqual(by(withVmid, 'dc1/9000'), [], 'what happens to a template is nothing to its clones')
  assert.deepEqual(by(unmadeOfClass, 'small'), ['acme/a', 'acme/b'])
  fake.change(Machines, machine.metadata, (one) => (one.status = { task: 'UPID:pve1:1' }))
  assert.deepEqual(by(withTask, 'UPID:pve1:1'), ['acme/a'])
  fake.change(Machines, machine.metadata, (one) => {
    one.spec.made = true
    one.spec.vmid = 413
    one.status = {}
  })
  assert.deepEqual(by(withTask, 'UPID:pve1:1'), [])
  assert.deepEqual(by(unmadeOfClass, 'small'), ['acme/b'])
  assert.deepEqual(by(withVmid, 'dc1/412'), [])
  assert.deepEqual(by(withVmid, 'dc1/413'), ['acme/a'])
  assert.deepEqual(by(withVmid, 'dc2/413'), [])
  fake.vanish(Machines, machine.metadata)
  assert.deepEqual(by(inPool, `${NAMESPACE}/workers`), [])
  assert.deepEqual(by(inProxmoxCluster, 'dc1'), ['acme/b'])
})
