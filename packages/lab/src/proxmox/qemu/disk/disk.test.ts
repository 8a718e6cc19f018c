import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testWorld } from '../test-world.ts'

const VM = '/nodes/pve1/qemu/100'

test('a disk grows, and never shrinks', async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'local-lvm:2' })
  const resize = async (size: string): Promise<string | undefined> =>
    (await lab.task(`PUT ${VM}/resize`, { disk: 'scsi0', size })).exitstatus
  assert.deepEqual([await resize('+1G'), await resize('4G'), await resize('4G')], ['OK', 'OK', 'OK'])
  assert.equal(await resize('1G'), 'shrinking disks is not supported')
  assert.equal(lab.world.vms.get(100)?.config['scsi0'], 'local-lvm:vm-100-disk-0,size=4G')
  assert.equal([...lab.world.volumes.values()][0]?.size, 4 * 1024 ** 3)
})

test('a moved disk leaves its volume as unused, or removes it', async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'local:1' })
  assert.equal(
    (await lab.task(`POST ${VM}/move_disk`, { disk: 'scsi0', storage: 'local-lvm' })).exitstatus,
    'OK',
  )
  const { config } = lab.world.vms.get(100) ?? { config: {} as Record<string, string> }
  assert.deepEqual(
    [config['scsi0'], config['unused0']],
    ['local-lvm:vm-100-disk-0,size=1G', 'local:100/vm-100-disk-0.raw'],
  )
  assert.equal(
    (await lab.task(`POST ${VM}/move_disk`, { disk: 'scsi0', storage: 'shared', delete: '1' })).exitstatus,
    'OK',
  )
  assert.deepEqual([...lab.world.volumes.values()].map(({ volid }) => volid).toSorted(), [
    'local:100/vm-100-disk-0.raw',
    'shared:100/vm-100-disk-0.raw',
  ])
})

test('a disk can be given to another VM of the host', async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'local-lvm:1' })
  await lab.task('POST /nodes/pve1/qemu', { vmid: '101', scsi0: 'local-lvm:1' })
  const task = await lab.task(`POST ${VM}/move_disk`, {
    disk: 'scsi0',
    'target-vmid': '101',
    'target-disk': 'scsi1',
  })
  assert.deepEqual([task.exitstatus, task.id], ['OK', '100-scsi0>101-scsi1'])
  assert.equal(lab.world.vms.get(100)?.config['scsi0'], undefined)
  assert.equal(lab.world.vms.get(101)?.config['scsi1'], 'local-lvm:vm-101-disk-1,size=1G')
})

test('a move that is stopped leaves the disk where it was, and no copy', async () => {
  const lab = testWorld()
  lab.world.storages.set('slow', {
    name: 'slow',
    type: 'dir',
    content: ['images'],
    shared: false,
    capacity: 1e12,
    // However slow this process is, the copy is still under way.
    speed: 1024,
  })
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'local:1' })
  const upid = String(await lab.call(`POST ${VM}/move_disk`, { disk: 'scsi0', storage: 'slow', delete: '1' }))
  await lab.world.clock.sleep(2000)
  lab.world.tasks.get(upid)?.abort.abort()
  await lab.world.tasks.get(upid)?.done
  assert.match(
    lab.world.tasks.get(upid)?.exitstatus ?? '',
    /^storage migration failed: copy failed: command '.*' failed: interrupted by signal$/,
  )
  assert.equal(lab.world.vms.get(100)?.config['scsi0'], 'local:100/vm-100-disk-0.raw,size=1G')
  assert.equal(lab.world.volumes.size, 1)
})
