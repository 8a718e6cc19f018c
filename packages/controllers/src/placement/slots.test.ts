import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCloneSlots, type LockDomain } from './slots.ts'

const storage = (name: string, limit = 1): LockDomain => ({ key: `storage ${name}`, label: name, limit })
const template: LockDomain = { key: 'template 9000', label: 'template 9000', limit: 4 }

function someSlots() {
  const woken: string[] = []
  return { woken, slots: createCloneSlots((key) => woken.push(key)) }
}

test('no more clones go at once than a domain allows; the others hear how many are ahead', () => {
  const { slots } = someSlots()
  const domains = [storage('lvm', 2), template]
  assert.equal(slots.take('a', domains), undefined)
  assert.equal(slots.take('b', domains), undefined)
  assert.deepEqual(slots.take('c', domains), { label: 'lvm', ahead: 2 })
  assert.deepEqual(slots.take('d', domains), { label: 'lvm', ahead: 3 })
  assert.deepEqual(slots.take('c', domains), { label: 'lvm', ahead: 2 }, 'asking again keeps the place')
  assert.equal(slots.take('a', domains), undefined, 'and the slot')
})

test('a slot goes to whoever has waited longest, whoever asks first', () => {
  const { slots, woken } = someSlots()
  const domains = [storage('lvm')]
  slots.take('a', domains)
  slots.take('b', domains)
  slots.take('c', domains)
  slots.release('a')
  assert.deepEqual(woken, ['b'])
  assert.deepEqual(slots.take('c', domains), { label: 'lvm', ahead: 1 })
  assert.equal(slots.take('b', domains), undefined)
})

test('clones on different storages do not wait for each other', () => {
  const { slots } = someSlots()
  slots.take('a', [storage('lvm')])
  assert.equal(slots.take('b', [storage('zfs')]), undefined)
})

test('who waits for one thing holds up nobody who wants another that is free', () => {
  const { slots } = someSlots()
  const shared: LockDomain = { ...template, limit: 2 }
  slots.take('a', [storage('lvm'), shared])
  // Waits for the storage; the template has room for one more.
  assert.ok(slots.take('b', [storage('lvm'), shared]))
  assert.equal(slots.take('c', [storage('zfs'), shared]), undefined)
})

test('a place in the queue that is given back lets the next ones up', () => {
  const { slots, woken } = someSlots()
  const domains = [storage('lvm')]
  slots.take('a', domains)
  slots.take('b', domains)
  slots.take('c', domains)
  slots.release('b')
  assert.deepEqual(woken, [], 'the slot itself is still taken')
  slots.release('a')
  assert.deepEqual(woken, ['c'])
  slots.release('a')
  assert.deepEqual(woken, ['c'], 'a second release wakes nobody')
})

test('a clone that runs already holds its slot, limit or not', () => {
  const { slots } = someSlots()
  const domains = [storage('lvm')]
  slots.take('a', domains)
  slots.hold('b', domains)
  slots.release('a')
  assert.deepEqual(slots.take('c', domains), { label: 'lvm', ahead: 1 })
  slots.release('b')
  assert.equal(slots.take('c', domains), undefined)
})

test('only those who can go are woken, so that a thousand who wait cost no more than one look each', () => {
  const { slots, woken } = someSlots()
  const domains = [storage('lvm'), template]
  const waiting = Array.from({ length: 1000 }, (_, index) => `m${index}`)
  for (const key of waiting) slots.take(key, domains)
  for (const key of waiting) {
    slots.take(key, domains)
    slots.release(key)
  }
  assert.equal(woken.length, 999)
})

test('whoever can go is woken once, and again after it has asked', () => {
  const { slots, woken } = someSlots()
  const domains = [storage('lvm', 2)]
  for (const key of ['a', 'b', 'c', 'd']) slots.take(key, domains)
  slots.release('a')
  slots.release('b')
  assert.deepEqual(woken, ['c', 'd'], 'c has not asked yet')
  assert.equal(slots.waiting('c'), undefined)
  slots.hold('x', domains)
  slots.release('x')
  assert.deepEqual(woken, ['c', 'd', 'c'])
})
