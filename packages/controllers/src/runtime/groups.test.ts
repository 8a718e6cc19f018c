import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inPool, withVmid } from '../machine-groups.ts'
import { Machines } from '../kinds.ts'
import { aMachine, NAMESPACE, placed } from '../test/factories.ts'
import { createFakeKubernetes } from '../test/fake-kubernetes.ts'
import { createManualClock } from '../test/manual-clock.ts'
import { createFreshReader } from './fresh.ts'

function aReader() {
  const fake = createFakeKubernetes(createManualClock())
  const cache = fake.informer(Machines)
  return { fake, cache, reader: createFreshReader(fake.kubernetes, Machines, cache) }
}

const names = (machines: readonly { metadata: { name: string } }[]): string[] =>
  machines.map(({ metadata }) => metadata.name)

test('objects are found by their groups as they come, change and go', () => {
  const { fake, reader } = aReader()
  fake.has(Machines, aMachine({ metadata: { name: 'a' }, spec: placed }))
  assert.deepEqual(names(reader.by(inPool, `${NAMESPACE}/workers`)), ['a'])
  fake.has(Machines, aMachine({ metadata: { name: 'b' } }))
  assert.deepEqual(names(reader.by(inPool, `${NAMESPACE}/workers`)), ['a', 'b'])
  assert.deepEqual(names(reader.by(withVmid, 'dc1/412')), ['a'])
  fake.change(Machines, { name: 'a', namespace: NAMESPACE }, (one) => {
    one.spec.vmid = 413
    one.status = { vmidsGivenUp: [412] }
  })
  assert.deepEqual(names(reader.by(withVmid, 'dc1/413')), ['a'])
  assert.deepEqual(names(reader.by(withVmid, 'dc1/412')), ['a'], 'by what it gave up')
  fake.vanish(Machines, { name: 'a', namespace: NAMESPACE })
  assert.deepEqual(reader.by(withVmid, 'dc1/413'), [])
  assert.deepEqual(names(reader.by(inPool, `${NAMESPACE}/workers`)), ['b'])
})

test('what was just written is in its groups before the cache shows it, and no longer in those that it left', async () => {
  const { fake, cache, reader } = aReader()
  fake.has(Machines, aMachine({ metadata: { name: 'a' }, spec: placed }))
  reader.by(withVmid, 'dc1/412')
  cache.freeze()
  const ref = { name: 'a', namespace: NAMESPACE }
  reader.wrote(await fake.kubernetes.patch(Machines, ref, { spec: { vmid: 500 } }))
  reader.wrote(await fake.kubernetes.create(Machines, aMachine({ metadata: { name: 'b' } })))
  assert.deepEqual(names(reader.by(withVmid, 'dc1/500')), ['a'])
  assert.deepEqual(reader.by(withVmid, 'dc1/412'), [])
  assert.deepEqual(names(reader.by(inPool, `${NAMESPACE}/workers`)), ['a', 'b'])
  assert.deepEqual(names(reader.by(inPool, `${NAMESPACE}/workers`)), names(reader.list()))
  cache.thaw()
  assert.deepEqual(names(reader.by(withVmid, 'dc1/500')), ['a'])
})
