import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine } from '@fochista/api'
import { isConflict, isNotFound } from '@fochista/kubernetes'
import { Machines } from '../kinds.ts'
import { createFakeKubernetes, merge } from '../test/fake-kubernetes.ts'
import { createManualClock } from '../test/manual-clock.ts'
import { mergePatch, patchIfChanged } from './patch.ts'

// The examples of RFC 7386, appendix A, where source and result are given and a patch exists that does not say null twice.
const pairs: [unknown, unknown][] = [
  [{ a: 'b' }, { a: 'c' }],
  [{ a: 'b' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, {}],
  [{ a: 'b', b: 'c' }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c']],
  [{ a: { b: { c: 1, d: 2 }, e: [1, 2] } }, { a: { b: { d: 2 }, e: [2, 1], f: {} } }],
]

test('a merge patch makes the one into the other, as RFC 7386 applies it', () => {
  for (const [before, after] of pairs)
    assert.deepEqual(merge(before, mergePatch(before, after)), after, JSON.stringify([before, after]))
})

test('what is the same needs no patch, in whatever order its keys stand', () => {
  assert.equal(mergePatch({ a: 1, b: { c: 2, d: [3] } }, { b: { d: [3], c: 2 }, a: 1 }), undefined)
  assert.equal(mergePatch({ a: undefined }, {}), undefined)
  assert.equal(mergePatch(undefined, undefined), undefined)
})

test('a patch says only what differs, and null for what goes', () => {
  assert.deepEqual(mergePatch({ a: 1, b: { c: 2, d: 3 }, e: 4 }, { a: 1, b: { c: 5, d: 3 } }), {
    b: { c: 5 },
    e: null,
  })
})

function aWorld() {
  const fake = createFakeKubernetes(createManualClock())
  const before = fake.has(Machines, {
    apiVersion: Machines.apiVersion,
    kind: Machines.kind,
    metadata: { name: 'w-1', namespace: 'acme', finalizers: ['f'] },
    spec: { id: 'i', nodePoolName: 'w', proxmoxCluster: 'dc1' },
  } as Machine)
  return { fake, before, after: structuredClone(before) }
}

test('nothing is written when nothing changed', async () => {
  const { fake, before, after } = aWorld()
  assert.equal(await patchIfChanged(fake.kubernetes, Machines, before, after), after)
  assert.deepEqual(fake.calls, [])
})

test('the status goes first, and alone through its subresource', async () => {
  const { fake, before, after } = aWorld()
  after.status = { phase: 'Pending' }
  after.spec.vmid = 412
  const written = await patchIfChanged(fake.kubernetes, Machines, before, after)
  assert.deepEqual(
    fake.calls.map(({ subresource, body }) => [subresource, body]),
    [
      ['status', { status: { phase: 'Pending' } }],
      [undefined, { spec: { vmid: 412 } }],
    ],
  )
  assert.equal(written.spec.vmid, 412)
  assert.equal(written.status?.phase, 'Pending')
})

test('a spec decided on an old state is a conflict, and nothing of it is written', async () => {
  const { fake, before, after } = aWorld()
  fake.change(Machines, before.metadata, (one) => (one.spec.vmid = 500))
  after.spec.vmid = 412
  await assert.rejects(patchIfChanged(fake.kubernetes, Machines, before, after), isConflict)
  assert.equal(fake.read(Machines, 'w-1', 'acme')?.spec.vmid, 500)
})

test('a status written along does not lift the lock on the spec', async () => {
  const { fake, before, after } = aWorld()
  fake.change(Machines, before.metadata, (one) => (one.spec.vmid = 500))
  after.status = { phase: 'Pending' }
  after.spec.vmid = 412
  await assert.rejects(patchIfChanged(fake.kubernetes, Machines, before, after), isConflict)
  assert.equal(fake.read(Machines, 'w-1', 'acme')?.spec.vmid, 500)
})

test('a status alone is written whatever happened to the spec', async () => {
  const { fake, before, after } = aWorld()
  fake.change(Machines, before.metadata, (one) => (one.spec.vmid = 500))
  after.status = { phase: 'Pending' }
  const written = await patchIfChanged(fake.kubernetes, Machines, before, after)
  assert.equal(written.spec.vmid, 500)
  assert.equal(written.status?.phase, 'Pending')
})

test('a leaving object that is gone when its end is written is no error', async () => {
  const { fake, before, after } = aWorld()
  before.metadata.deletionTimestamp = after.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
  fake.vanish(Machines, before.metadata)
  after.status = { phase: 'Deleting' }
  await patchIfChanged(fake.kubernetes, Machines, before, after)
  after.metadata.finalizers = []
  await patchIfChanged(fake.kubernetes, Machines, before, after)
  assert.equal(fake.read(Machines, 'w-1', 'acme'), undefined)
})

test('a decision on an object that is gone fails, so that nothing is made for it', async () => {
  const { fake, before, after } = aWorld()
  fake.vanish(Machines, before.metadata)
  after.status = { phase: 'Pending' }
  after.spec.vmid = 412
  await assert.rejects(patchIfChanged(fake.kubernetes, Machines, before, after), isNotFound)
})
