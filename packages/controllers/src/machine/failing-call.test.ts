import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProxmoxApiError, ProxmoxTaskError, ProxmoxTimeoutError } from '@fochista/proxmox'
import { aMachine } from '../test/factories.ts'
import { failingCall } from './failing-call.ts'

const call = (method: string, path: string, proxmoxCluster = 'dc1') =>
  failingCall(aMachine({ spec: { proxmoxCluster } }), new ProxmoxApiError({ method, path }, 500, 'no'))

test('a call that fails for one machine is the same for the next, whatever its host and its VMID', () => {
  const clone = call('POST', '/nodes/pve1/qemu/9000/clone')
  assert.ok(clone)
  assert.equal(call('POST', '/nodes/rack-two/qemu/9001/clone'), clone)
  const timeout = new ProxmoxTimeoutError({ method: 'POST', path: '/nodes/pve1/qemu/9000/clone' }, 60_000)
  assert.equal(failingCall(aMachine({ spec: { proxmoxCluster: 'dc1' } }), timeout), clone)
})

test('other calls, and those of other Proxmox clusters, are others', () => {
  const calls = [
    call('POST', '/nodes/pve1/qemu/9000/clone'),
    call('POST', '/nodes/pve1/qemu/9000/clone', 'dc2'),
    call('POST', '/nodes/pve1/qemu/412/status/start'),
    call('POST', '/nodes/pve1/qemu/412/status/shutdown'),
    call('PUT', '/nodes/pve1/qemu/412/config'),
    call('GET', '/nodes/pve1/qemu/412/config'),
    call('DELETE', '/nodes/pve1/qemu/412'),
  ]
  assert.equal(new Set(calls).size, calls.length)
})

test('a task that failed is told by its type, and what was no call to Proxmox is the machine’s own', () => {
  const task = new ProxmoxTaskError('UPID:pve1:0000C5A1:002B1E0F:66A0F3C1:qmclone:9000:root@pam:', 'no')
  assert.match(failingCall(aMachine(), task) ?? '', / qmclone$/)
  assert.equal(failingCall(aMachine(), new Error('no')), undefined)
})
