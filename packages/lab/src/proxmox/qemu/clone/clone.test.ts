import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testWorld, type TestWorld } from '../test-world.ts'

async function withTemplate(speed?: number): Promise<TestWorld> {
  const lab = testWorld(speed)
  await lab.task('POST /nodes/pve1/qemu', {
    vmid: '9000',
    name: 'tpl',
    memory: '512',
    scsi0: 'local:2,format=qcow2',
    ide2: 'local:cloudinit',
    net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0',
    tags: 'kubelet-v1.30.4',
  })
  assert.equal((await lab.task('POST /nodes/pve1/qemu/9000/template')).exitstatus, 'OK')
  return lab
}

test('a linked clone stands on the base volume and has an identity of its own', async () => {
  const lab = await withTemplate()
  const task = await lab.task('POST /nodes/pve1/qemu/9000/clone', { newid: '101', name: 'web' })
  assert.equal(task.exitstatus, 'OK', task.log.join('\n'))
  assert.equal(task.log[0], 'creating a clone of VM 9000 with ID 101')
  assert.equal(task.id, '9000')
  const source = lab.world.vms.get(9000)?.config ?? {}
  const clone = lab.world.vms.get(101)?.config ?? {}
  assert.equal(clone['scsi0'], 'local:9000/base-9000-disk-0.qcow2/101/vm-101-disk-0.qcow2,size=2G')
  assert.equal(clone['ide2'], 'local:101/vm-101-cloudinit.qcow2,media=cdrom,size=4M')
  assert.deepEqual(
    [clone['name'], clone['tags'], clone['template'], clone['lock']],
    ['web', 'kubelet-v1.30.4', undefined, undefined],
  )
  for (const key of ['smbios1', 'vmgenid', 'net0']) assert.notEqual(clone[key], source[key])
  assert.equal(clone['meta'], source['meta'])
})

test('a template with linked clones cannot be destroyed before them', async () => {
  const lab = await withTemplate()
  await lab.task('POST /nodes/pve1/qemu/9000/clone', { newid: '101' })
  const refused = await lab.task('DELETE /nodes/pve1/qemu/9000')
  assert.equal(
    refused.exitstatus,
    "base volume 'local:9000/base-9000-disk-0.qcow2' is still in use by linked cloned",
  )
  assert.equal((await lab.task('DELETE /nodes/pve1/qemu/101')).exitstatus, 'OK')
  assert.equal((await lab.task('DELETE /nodes/pve1/qemu/9000')).exitstatus, 'OK')
  assert.equal(lab.world.volumes.size, 0)
})

test('several clones of one template run together', async () => {
  const lab = await withTemplate()
  const ids = ['101', '102', '103', '104']
  const tasks = await Promise.all(ids.map((newid) => lab.task('POST /nodes/pve1/qemu/9000/clone', { newid })))
  assert.deepEqual(
    tasks.map((task) => task.exitstatus),
    ['OK', 'OK', 'OK', 'OK'],
  )
})

test('while a clone runs its number is locked, and the source cannot be written', async () => {
  const lab = await withTemplate(1000)
  lab.world.storages.set('slow', {
    name: 'slow',
    type: 'dir',
    content: ['images'],
    shared: false,
    capacity: 1e12,
    // However slow this process is, the copy is still under way.
    speed: 1024,
  })
  const upid = String(
    await lab.call('POST /nodes/pve1/qemu/9000/clone', { newid: '101', full: '1', storage: 'slow' }),
  )
  await lab.world.clock.sleep(1000)
  const config = (await lab.call('GET /nodes/pve1/qemu/101/config')) as Record<string, unknown>
  assert.deepEqual(
    [config['lock'], config['description'], config['name']],
    ['clone', ' qmclone temporary file', undefined],
  )
  await assert.rejects(
    lab.call('POST /nodes/pve1/qemu/101/clone', { newid: '102' }),
    /^Error: VM is locked \(clone\)/,
  )
  await assert.rejects(
    lab.call('PUT /nodes/pve1/qemu/9000/config', { name: 'x' }),
    /can't lock file '\/var\/lock\/qemu-server\/lock-9000.conf' - got timeout/,
  )
  const started = await lab.task('POST /nodes/pve1/qemu/101/status/start')
  assert.equal(started.exitstatus, "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout")
  assert.equal(started.log[0], 'trying to acquire lock...')
  lab.world.tasks.get(upid)?.abort.abort()
  await lab.world.tasks.get(upid)?.done
  assert.match(
    lab.world.tasks.get(upid)?.exitstatus ?? '',
    /^clone failed: copy failed: command '.*' failed: interrupted by signal$/,
  )
  assert.equal(lab.world.vms.has(101), false)
  assert.equal(
    [...lab.world.volumes.values()].some((volume) => volume.storage === 'slow'),
    false,
  )
})

test('a full clone takes its size over the speed of the slower storage', async () => {
  const lab = await withTemplate(100)
  lab.world.storages.set('slow', {
    name: 'slow',
    type: 'dir',
    content: ['images'],
    shared: false,
    capacity: 1e12,
    speed: 256 * 1024 ** 2,
  })
  const begun = Date.now()
  const task = await lab.task('POST /nodes/pve1/qemu/9000/clone', {
    newid: '101',
    full: '1',
    storage: 'slow',
  })
  const seconds = ((Date.now() - begun) * 100) / 1000
  assert.equal(task.exitstatus, 'OK')
  assert.ok(seconds >= 7.5, `2 GiB at 256 MiB/s took ${seconds} s`)
})

test('what cannot be cloned is refused before the task', async () => {
  const lab = await withTemplate()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'local:1' })
  await assert.rejects(
    lab.call('POST /nodes/pve1/qemu/100/clone', { newid: '101', full: '0' }),
    /Linked clone feature is not supported for 'local:100\/vm-100-disk-0.raw' \(scsi0\)/,
  )
  await assert.rejects(
    lab.call('POST /nodes/pve1/qemu/9000/clone', { newid: '100' }),
    /unable to create VM 100: config file already exists/,
  )
  await assert.rejects(
    lab.call('POST /nodes/pve1/qemu/9000/clone', { newid: '101', storage: 'local' }),
    /parameter 'storage' not allowed for linked clones/,
  )
  await assert.rejects(
    lab.call('POST /nodes/pve1/qemu/9000/clone', { newid: '101', target: 'pve2' }),
    /can't clone VM to node 'pve2' \(VM uses local storage\)/,
  )
  await assert.rejects(
    lab.call('POST /nodes/pve1/qemu/9000/clone', { newid: '101', pool: 'p' }),
    /pool 'p' does not exist/,
  )
})

test('a clone lands in its pool and on the host it was meant for', async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '9000', scsi0: 'shared:1,format=qcow2' })
  await lab.task('POST /nodes/pve1/qemu/9000/template')
  lab.world.pools.set('prod', { vms: new Set(), storages: new Set() })
  const task = await lab.task('POST /nodes/pve1/qemu/9000/clone', {
    newid: '101',
    pool: 'prod',
    target: 'pve2',
  })
  assert.equal(task.exitstatus, 'OK')
  assert.equal(lab.world.vms.get(101)?.node, 'pve2')
  assert.ok(lab.world.pools.get('prod')?.vms.has(101))
  const started = await lab.task('POST /nodes/pve2/qemu/101/status/start')
  assert.equal(started.exitstatus, 'OK')
})
