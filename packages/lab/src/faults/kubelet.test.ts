import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at } from '../kubernetes/rest/json.ts'
import type { Json } from '../kubernetes/resources.ts'
import { gvr } from '../kamaji/vocabulary.ts'
import { eventually } from '../test-eventually.ts'
import { startTestBed } from '../guest/test-machines.ts'
import type { TestBed } from '../guest/test-machines.ts'

let bed: TestBed
before(async () => {
  bed = await startTestBed(() => {})
})
after(() => bed.lab.stop())

const seed = (name: string): Uint8Array =>
  bed.seed(name, { join: { token: bed.token(`tok${name.slice(-3)}`) } })

/** When the Node's lease was renewed last. */
function renewed(name: string): Json | undefined {
  const leases = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' }
  return at(bed.tenant.api.store.get(leases, 'kube-node-lease', name), ['spec', 'renewTime'])
}

function condition(name: string): string | undefined {
  const conditions = at(bed.tenant.api.store.get(gvr.nodes, undefined, name), ['status', 'conditions'])
  const ready = (Array.isArray(conditions) ? conditions : []).find((each) => at(each, ['type']) === 'Ready')
  return JSON.stringify(at(ready, ['status']))
}

test('a guest whose kubelet stands still boots and never joins, until the fault is cleared', async () => {
  await bed.lab.faults.add({ on: { backEnd: 'proxmox', vmid: 700 }, what: { kind: 'kubelet-stops' } })
  const vm = bed.start(700, seed('worker-700'))
  await eventually('it has booted', () => /login:/.test(vm.console))
  await new Promise((resolve) => setTimeout(resolve, 400))
  assert.deepEqual(bed.nodes(), [])
  await bed.lab.faults.clear()
  await eventually(
    'its Node',
    () => bed.nodes().includes('worker-700'),
    () => vm.console,
  )
})

test('the Node of a running guest turns NotReady while its kubelet stands still', async () => {
  await eventually('a lease', () => renewed('worker-700') !== undefined)
  await bed.lab.faults.add({ on: { backEnd: 'proxmox', vmid: 700 }, what: { kind: 'kubelet-stops' } })
  await eventually(
    'its status is unknown',
    () => condition('worker-700') === '"Unknown"',
    () => String(condition('worker-700')),
  )
  await bed.lab.faults.clear()
  await eventually('its kubelet reports again', () => condition('worker-700') !== '"Unknown"')
})
