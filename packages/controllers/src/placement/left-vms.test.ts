import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aWorld } from '../test/a-world.ts'
import { aMachine, placed } from '../test/factories.ts'
import { leftVms } from './left-vms.ts'

test('a VM is left if one of the name is listed, and may be where the list is not known or not whole', () => {
  const { world, proxmox, connections } = aWorld()
  const machine = aMachine({ spec: { ...placed, made: true } })
  proxmox.has({ vmid: 412, config: { name: machine.metadata.name } })
  proxmox.has({ vmid: 450, config: { name: 'workers-lost1' } })
  const ask = (name: string): boolean => leftVms(world, [machine])(name)
  assert.deepEqual([ask('workers-lost1'), ask('workers-gone2')], [true, false])
  Object.assign(proxmox.observer, { error: new Error('no answer') })
  assert.equal(ask('workers-gone2'), true)
  Object.assign(proxmox.observer, { error: undefined })
  proxmox.vms.delete(412)
  assert.equal(ask('workers-gone2'), true, 'a list that lacks the VM of a machine may lack others')
  proxmox.has({ vmid: 412, config: { name: machine.metadata.name } })
  assert.equal(ask('workers-gone2'), false)
  connections.remove('dc1')
  assert.equal(ask('workers-gone2'), true)
})
