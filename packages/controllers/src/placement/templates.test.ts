import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aClass, aTemplate, aVm } from '../test/factories.ts'
import { carries, templatesOf, withV } from './templates.ts'
import { drawVmid } from './vmids.ts'

const inventory = [
  aTemplate(9000, 'pve1', 'kubelet-v1.30.4;debian'),
  aTemplate(9001, 'pve2', 'debian;kubelet-1.31.2'),
  aTemplate(9002, 'pve3', 'other', 'stock'),
  aVm(100, 'pve1', { name: 'worker', tags: 'debian' }),
]
const vmids = (template: { vmid?: number; name?: string; tags?: string[] }): number[] =>
  templatesOf(aClass({ spec: { template } }), inventory).map(({ vmid }) => vmid)

test('a template is found by VMID, by name or by all of its tags, and must be a template', () => {
  assert.deepEqual(vmids({ vmid: 9001 }), [9001])
  assert.deepEqual(vmids({ name: 'worker' }), [9000, 9001])
  assert.deepEqual(vmids({ tags: ['debian'] }), [9000, 9001])
  assert.deepEqual(vmids({ tags: ['debian', 'kubelet-v1.30.4'] }), [9000])
  assert.deepEqual(vmids({ vmid: 100 }), [])
})

test('the tag says which kubelet a template carries; one without a tag may carry any', () => {
  const templates = templatesOf(aClass({ spec: { template: { name: 'worker' } } }), inventory)
  assert.deepEqual(
    templates.map(({ version }) => version),
    ['v1.30.4', 'v1.31.2'],
  )
  assert.ok(carries({ vmid: 1, node: 'a', version: 'v1.30.4' }, '1.30.4'))
  assert.ok(!carries({ vmid: 1, node: 'a', version: 'v1.30.4' }, 'v1.30.5'))
  assert.ok(carries({ vmid: 1, node: 'a' }, 'v1.30.5'))
  assert.equal(withV('1.30.4'), 'v1.30.4')
})

test('a VMID is drawn from anywhere in the range, and both of its ends can come', () => {
  const range = { start: 400, end: 404 }
  const draw = (random: number) => drawVmid({ range, isTaken: () => false, random: () => random })
  assert.equal(draw(0), 400)
  assert.equal(draw(0.999), 404)
})

test('a VMID that is taken is passed over, past the end of the range too, until none is left', () => {
  const range = { start: 400, end: 404 }
  const taken = new Set([403, 404])
  const draw = () => drawVmid({ range, isTaken: (vmid) => taken.has(vmid), random: () => 0.7 })
  assert.equal(draw(), 400)
  for (const vmid of [400, 401, 402]) taken.add(vmid)
  assert.equal(draw(), undefined)
})
