import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLabClock } from '../clock.ts'
import { startHousekeeping } from './housekeeping.ts'
import { Storage } from './store/storage.ts'

/** A storage whose house is kept, by a calendar that a test moves on. */
function aHouse() {
  const storage = new Storage()
  let now = Date.parse('2026-01-01T00:00:00Z')
  const housekeeping = startHousekeeping({ storage, clock: { ...createLabClock(), now: () => now } })
  housekeeping.stop()
  return {
    storage,
    write: (bucket: string, name: string) =>
      storage.put({ bucket, namespace: 'default', name }, { metadata: { name, namespace: 'default' } }),
    later: (minutes: number): void => {
      now += minutes * 60_000
      housekeeping.tidy()
    },
    names: (bucket: string): (string | undefined)[] =>
      storage.list(bucket).map(({ metadata }) => metadata.name),
  }
}

test('an Event goes an hour after it was written last, and its watchers hear of it; other objects stay', async () => {
  const { storage, write, later, names } = aHouse()
  const heard: string[] = []
  storage.watch('/events', 0, ({ type, object }) => heard.push(`${type} ${object.metadata.name}`))
  write('/events', 'once')
  write('/events', 'again')
  write('/secrets', 'kept')
  later(40)
  write('/events', 'again')
  later(19)
  assert.deepEqual(names('/events'), ['again', 'once'])
  later(1)
  assert.deepEqual(names('/events'), ['again'])
  later(40)
  assert.deepEqual([names('/events'), names('/secrets')], [[], ['kept']])
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(heard.slice(-2), ['DELETED once', 'DELETED again'])
})

test('of the history what is older than five minutes is forgotten, except the last hundred changes of a kind', () => {
  const { storage, write, later } = aHouse()
  const first = storage.revision
  for (let index = 0; index < 300; index += 1) write('/machines', `m${index}`)
  write('/secrets', 'quiet')
  later(5)
  const middle = storage.revision
  storage.watch('/machines', first, () => undefined)()
  write('/machines', 'late')
  later(5)
  assert.throws(() => storage.watch('/machines', first, () => undefined), /too old resource version/)
  storage.watch('/machines', middle, () => undefined)()
  // Nothing of a quiet kind has been forgotten.
  storage.watch('/secrets', first, () => undefined)()
  assert.equal(storage.listAt('/machines', undefined, middle).length, 300)
  for (let round = 0; round < 50; round += 1) {
    for (let index = 0; index < 200; index += 1) write('/machines', 'busy')
    later(5)
  }
  assert.throws(() => storage.watch('/machines', middle, () => undefined), /too old resource version/)
})
