import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProxmoxApiError, ProxmoxTaskError, ProxmoxTimeoutError } from './errors.ts'
import {
  isAgentUnavailable,
  isAlreadyExists,
  isAlreadyRunning,
  isChangedMeanwhile,
  isConnectionError,
  isHotplugRefused,
  isLocked,
  isNotFound,
  isNotRunning,
  isPermissionDenied,
  isStorageFull,
  isUnsafeToRepeat,
  isVmNotFound,
  lockOf,
  missingPrivilege,
  orUndefined,
  parameterErrors,
} from './failures.ts'

const call = { method: 'POST', path: '/nodes/pve1/qemu' }
const refused = (reason: string, errors = {}, status = 500) =>
  new ProxmoxApiError(call, status, reason, errors)
const task = (exitStatus: string) =>
  new ProxmoxTaskError('UPID:pve1:0000A1B2:0012D687:690F3C21:qmclone:100:root@pam:', exitStatus)
const parameter = (name: string, text: string) =>
  refused('Parameter verification failed.', { [name]: text }, 400)
const denied = (what: string) => refused(`Permission check failed${what}`, {}, 403)

const kinds = {
  isNotFound,
  isVmNotFound,
  isLocked,
  isAlreadyExists,
  isStorageFull,
  isChangedMeanwhile,
  isPermissionDenied,
  isNotRunning,
  isAlreadyRunning,
  isAgentUnavailable,
  isConnectionError,
  isUnsafeToRepeat,
}
type Kind = keyof typeof kinds
const kindsOf = (error: unknown): string[] =>
  Object.entries(kinds).flatMap(([name, isKind]) => (isKind(error) ? [name] : []))

/** Texts of Proxmox VE 9.1 as recorded, and everything that is true of each. */
const table: [Error, ...Kind[]][] = [
  [
    refused("Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist"),
    'isNotFound',
    'isVmNotFound',
  ],
  [task("Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist"), 'isNotFound', 'isVmNotFound'],
  [task("unable to find configuration file for VM 100 on node 'pve1'"), 'isNotFound', 'isVmNotFound'],
  [refused("storage 'nope' does not exist"), 'isNotFound'],
  [refused("pool 'nope' does not exist"), 'isNotFound'],
  [refused("update pools failed: pool 'nope' does not exist"), 'isNotFound'],
  [refused("no such user ('nobody@pve')"), 'isNotFound'],
  [refused("volume 'local:iso/nope.iso' does not exist"), 'isNotFound'],
  [task("snapshot 'nope' does not exist"), 'isNotFound'],
  [refused("Security group 'web' does not exist"), 'isNotFound'],
  [task("bridge 'vmbr99' does not exist")],
  [refused("invalid bootorder: device 'scsi9' does not exist'")],
  [parameter('upid', 'no such task'), 'isNotFound'],
  [parameter('storage', 'No such storage.'), 'isNotFound'],
  [parameter('delete', "no such option 'nope'")],
  [parameter('net0', 'hotplug problem - interface vmbr9 does not exist\n')],
  [task("unable to create VM 100 - volume 'local:100/vm-100-disk-9.qcow2' does not exist")],
  [refused("create pool failed: parent 'a' of pool 'a/b' does not exist")],
  [denied(" (pool 'nope' does not exist)"), 'isPermissionDenied'],
  [
    refused(
      "hostname lookup 'nope' failed - failed to get address info for: nope: Name or service not known",
    ),
  ],
  [refused("can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout"), 'isLocked'],
  [task("clone failed: can't lock file '/var/lock/pve-manager/pve-storage-local' - got timeout"), 'isLocked'],
  [task("unable to create VM 100 - cfs-lock 'storage-shared1' error: got lock request timeout"), 'isLocked'],
  [refused('VM is locked (backup)'), 'isLocked'],
  [task('VM quit/powerdown failed - got timeout')],
  [task("start failed: command '/usr/bin/kvm' failed: got timeout")],
  [refused("VM 100 qga command 'guest-ping' failed - got timeout"), 'isAgentUnavailable'],
  [refused('QEMU guest agent is not running'), 'isAgentUnavailable'],
  [refused('unable to create VM 101: config file already exists'), 'isAlreadyExists'],
  [refused("unable to create VM 100 - VM 100 already exists on node 'pve1'"), 'isAlreadyExists'],
  [
    task("close (rename) atomic file '/etc/pve/nodes/pve1/qemu-server/300.conf' failed: File exists"),
    'isAlreadyExists',
  ],
  [parameter('vmid', 'VM 100 already exists'), 'isAlreadyExists'],
  [refused("create storage failed: storage ID 'extra' already defined"), 'isAlreadyExists'],
  [task('clone failed: error writing: No space left on device'), 'isStorageFull'],
  [refused('checksum mismatch (file change by other user?)'), 'isChangedMeanwhile'],
  [refused('detected modified configuration - file changed by other user? Try again.'), 'isChangedMeanwhile'],
  [task("checksum mismatch: got 'aa' != expect 'bb'")],
  [refused('VM 100 not running'), 'isNotRunning'],
  [refused('VM 100 is not running'), 'isNotRunning'],
  [task('VM 100 already running'), 'isAlreadyRunning'],
  [task('403 Permission check failed (/storage/s, Datastore.AllocateSpace)'), 'isPermissionDenied'],
  [refused('Connection refused', {}, 595), 'isConnectionError'],
  [refused('Connection timed out', {}, 596), 'isConnectionError', 'isUnsafeToRepeat'],
  [new ProxmoxTimeoutError(call, 5), 'isUnsafeToRepeat'],
  [new Error("storage 'x' does not exist")],
]

for (const [error, ...expected] of table) {
  test(`${error.message} is ${expected.join(', ') || 'nothing that we know'}`, () =>
    assert.deepEqual(kindsOf(error), expected))
}

test('a missing privilege is named with its path', () => {
  const missing = (what: string) => missingPrivilege(denied(what))
  assert.deepEqual(missing(' (/vms/100, VM.Audit)'), { path: '/vms/100', privileges: ['VM.Audit'] })
  assert.deepEqual(missing(' (/vms/100, Sys.Audit|Sys.Modify)')?.privileges, ['Sys.Audit', 'Sys.Modify'])
  assert.deepEqual(missing(" (/, Sys.Modify for modifying tag 'x')"), {
    path: '/',
    privileges: ['Sys.Modify'],
  })
  assert.equal(missing(' (user != root@pam)'), undefined)
  assert.equal(missing(''), undefined)
  const inTask = task('403 Permission check failed (/storage/s, Datastore.AllocateSpace)')
  assert.deepEqual(missingPrivilege(inTask), {
    path: '/storage/s',
    privileges: ['Datastore.AllocateSpace'],
  })
})

test('parameter errors are told by field, of a call and of a task', () => {
  assert.ok(isHotplugRefused(parameter('memory', 'hotplug problem - memory hotplug is not possible\n')))
  assert.ok(!isHotplugRefused(parameter('memory', "type check ('string') failed")))
  assert.ok(!isHotplugRefused(refused('VM is locked (backup)')))
  assert.deepEqual(parameterErrors(parameter('net0', 'hotplug problem - x\n')), {
    net0: 'hotplug problem - x',
  })
  const exit = task(
    '400 Parameter verification failed. net0: hotplug problem - no bridge cores: unable to apply pending change cores : x',
  )
  assert.deepEqual(parameterErrors(exit), {
    net0: 'hotplug problem - no bridge',
    cores: 'unable to apply pending change cores : x',
  })
  assert.deepEqual(parameterErrors(refused('VM 100 not running')), {})
})

test('a lock is named, and orUndefined lets only the named failure through', async () => {
  assert.equal(lockOf(refused('VM is locked (clone)')), 'clone')
  assert.equal(lockOf(refused('VM 100 not running')), undefined)
  const gone = refused("storage 'nope' does not exist")
  assert.equal(await orUndefined(isNotFound, Promise.reject(gone)), undefined)
  await assert.rejects(orUndefined(isLocked, Promise.reject(gone)), gone)
})
