import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testWorld } from '../qemu/test-world.ts'

test('root copies a volume, to another storage and another host', async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'local:1' })
  const source = '/nodes/pve1/storage/local/content/100/vm-100-disk-0.raw'
  const task = await lab.task(`POST ${source}`, {
    target: 'shared:101/vm-101-disk-0.raw',
    target_node: 'pve2',
  })
  assert.equal(task.exitstatus, 'OK', task.log.join('\n'))
  const content = (await lab.call('GET /nodes/pve2/storage/shared/content')) as {
    volid: string
    vmid: number
    size: number
  }[]
  assert.deepEqual(
    content.map(({ volid, vmid, size }) => [volid, vmid, size]),
    [['shared:101/vm-101-disk-0.raw', 101, 1024 ** 3]],
  )
  const again = await lab.task(`POST ${source}`, { target: 'shared:101/vm-101-disk-0.raw' })
  assert.equal(again.exitstatus, "volume 'shared:101/vm-101-disk-0.raw' already exists")
  await assert.rejects(lab.call(`POST ${source}`, { target: 'x' }, { user: 'a@pve' }), /user != root@pam/)
})
