import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine } from '@fochista/api'
import { Machines } from '../kinds.ts'
import { createFakeKubernetes } from '../test/fake-kubernetes.ts'
import { createManualClock, settled } from '../test/manual-clock.ts'
import { createFreshReader } from './fresh.ts'

function aWorld() {
  const fake = createFakeKubernetes(createManualClock())
  const cache = fake.informer(Machines)
  const reader = createFreshReader(fake.kubernetes, Machines, cache)
  const add = (name: string): Machine =>
    fake.has(Machines, {
      apiVersion: Machines.apiVersion,
      kind: Machines.kind,
      metadata: { name, namespace: 'acme', finalizers: ['f'] },
      spec: { id: name, nodePoolName: 'w', proxmoxCluster: 'dc1' },
    } as Machine)
  return { fake, cache, reader, add }
}

const ref = { name: 'w-1', namespace: 'acme' }
const names = (machines: readonly Machine[]): string[] => machines.map(({ metadata }) => metadata.name)

test('what was never written by us comes from the cache, without a question', async () => {
  const { fake, reader, add } = aWorld()
  add('w-1')
  assert.equal((await reader.get('acme/w-1'))?.metadata.name, 'w-1')
  assert.deepEqual(fake.calls, [])
})

test('a read is never older than our own write, while the cache lags and after it', async () => {
  const { fake, cache, reader, add } = aWorld()
  add('w-1')
  cache.freeze()
  reader.wrote(fake.change(Machines, ref, (one) => (one.spec.vmid = 412)))
  assert.equal((await reader.get('acme/w-1'))?.spec.vmid, 412)
  assert.deepEqual(
    fake.calls.map(({ verb }) => verb),
    ['get'],
    'the server is asked while the cache lags',
  )
  cache.thaw()
  assert.equal((await reader.get('acme/w-1'))?.spec.vmid, 412)
  assert.equal(fake.calls.length, 1, 'and not any more once it has caught up')
})

test('what one of us has read from the server is known to all, without a further question', async () => {
  const { fake, cache, reader, add } = aWorld()
  add('w-1')
  cache.freeze()
  reader.wrote(fake.change(Machines, ref, (one) => (one.spec.vmid = 412)))
  fake.change(Machines, ref, (one) => (one.spec.vmid = 413))
  assert.equal(reader.known('acme/w-1')?.spec.vmid, 412)
  await reader.get('acme/w-1')
  assert.equal(reader.known('acme/w-1')?.spec.vmid, 413)
  cache.thaw()
  assert.equal(reader.known('acme/w-1')?.spec.vmid, 413)
  assert.equal(reader.known('acme/w-2'), undefined)
  assert.equal(fake.calls.length, 1)
})

test('a change that somebody made after our write is seen too', async () => {
  const { fake, cache, reader, add } = aWorld()
  add('w-1')
  cache.freeze()
  reader.wrote(fake.change(Machines, ref, (one) => (one.spec.vmid = 412)))
  fake.change(Machines, ref, (one) => (one.spec.host = 'pve2'))
  assert.equal((await reader.get('acme/w-1'))?.spec.host, 'pve2')
})

test('a list has our own writes where the cache lags behind them', () => {
  const { fake, cache, reader, add } = aWorld()
  add('w-1')
  cache.freeze()
  reader.wrote(fake.change(Machines, ref, (one) => (one.spec.vmid = 412)))
  reader.wrote(add('w-2'))
  assert.deepEqual(names(reader.list()), ['w-1', 'w-2'])
  assert.equal(reader.list()[0]?.spec.vmid, 412)
  cache.thaw()
  assert.deepEqual(names(reader.list()), ['w-1', 'w-2'])
})

test('an object that went after our write is gone, by name and in the list', async () => {
  const { fake, cache, reader, add } = aWorld()
  reader.wrote(add('w-1'))
  fake.vanish(Machines, ref)
  cache.thaw()
  assert.equal(await reader.get('acme/w-1'), undefined)
  assert.deepEqual(reader.list(), [])
})

test('one that was asked to go and is gone leaves the list though nobody asks for it by name', async () => {
  const { fake, reader, add } = aWorld()
  const leaving = structuredClone(add('w-1'))
  leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
  fake.vanish(Machines, ref)
  // The answer to our delete comes later than the news that the object is gone.
  reader.wrote(leaving)
  reader.list()
  await settled()
  assert.deepEqual(reader.list(), [])
})

test('a new object of the same name is as new as its version, whatever its UID', async () => {
  const { fake, cache, reader, add } = aWorld()
  add('w-1')
  cache.freeze()
  fake.vanish(Machines, ref)
  const again = add('w-1')
  reader.wrote(again)
  assert.equal((await reader.get('acme/w-1'))?.metadata.uid, again.metadata.uid)
  assert.equal(reader.list()[0]?.metadata.uid, again.metadata.uid)
})

test('what our own write has let go is gone, though the cache still shows it', async () => {
  const { fake, cache, reader, add } = aWorld()
  add('w-1')
  add('w-2')
  cache.freeze()
  reader.wrote(
    fake.change(Machines, ref, ({ metadata }) => {
      metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
      metadata.finalizers = []
    }),
  )
  assert.equal(await reader.get('acme/w-1'), undefined)
  assert.deepEqual(names(reader.list()), ['w-2'])
  add('w-1')
  cache.thaw()
  assert.equal((await reader.get('acme/w-1'))?.metadata.name, 'w-1', 'one that is made anew is seen')
})

test('what the server was found to have no more is not taken from the cache with the next look', async () => {
  const { fake, cache, reader, add } = aWorld()
  add('w-1')
  cache.freeze()
  reader.wrote(fake.change(Machines, ref, (one) => (one.spec.vmid = 412)))
  fake.vanish(Machines, ref)
  assert.equal(await reader.get('acme/w-1'), undefined)
  assert.equal(await reader.get('acme/w-1'), undefined)
})

test('of two writes of ours the later one counts, in whatever order they are told of', async () => {
  const { fake, cache, reader, add } = aWorld()
  add('w-1')
  cache.freeze()
  const earlier = fake.change(Machines, ref, (one) => (one.spec.vmid = 412))
  const later = fake.change(
    Machines,
    ref,
    ({ metadata }) => (metadata.deletionTimestamp = '2026-01-01T00:00:00Z'),
  )
  reader.wrote(later)
  reader.wrote(earlier)
  assert.equal(reader.list()[0]?.metadata.deletionTimestamp, '2026-01-01T00:00:00Z')
})

test('of a watch that lags each of our own writes is known again, and nobody else’s', () => {
  const { fake, reader, add } = aWorld()
  const begin = add('w-1')
  const write = (vmid: number): Machine => fake.change(Machines, ref, (one) => (one.spec.vmid = vmid))
  const [first, other, second] = [write(1), write(2), write(3)]
  reader.wrote(first)
  reader.wrote(second)
  assert.deepEqual(
    [begin, first, other, second].map((one) => reader.isOwnWrite(one)),
    [false, true, false, true],
  )
  for (let vmid = 4; vmid < 20; vmid += 1) reader.wrote(write(vmid))
  assert.ok(!reader.isOwnWrite(first), 'what is long ago is forgotten')
})
