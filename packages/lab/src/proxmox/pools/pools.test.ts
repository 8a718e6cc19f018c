import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedWorld } from '../test-answers.ts'

test('a pool is read and changed by its path, as old clients do it', async () => {
  const { ask, call, task } = checkedWorld()
  await task('POST /nodes/pve1/qemu', { vmid: '100' })
  await ask('POST /pools', { poolid: 'office' })
  await ask('PUT /pools/office', { vms: '100', storage: 'local', comment: 'ours' })
  // The original's answer names the pool, which its schema leaves out.
  const { comment, members } = (await call('GET /pools/office')) as {
    comment: string
    members: { id: string }[]
  }
  assert.deepEqual(
    [comment, members.map(({ id }) => id).toSorted((one, other) => (one < other ? -1 : 1))],
    ['ours', ['qemu/100', 'storage/pve1/local', 'storage/pve2/local']],
  )
  await assert.rejects(ask('PUT /pools/office', { vms: '100' }), {
    status: 500,
    message: 'update pools failed: VM 100 is already a pool member\n',
  })
  await assert.rejects(ask('DELETE /pools/office'), /is not empty \(contains VM 100\)/)
  await ask('PUT /pools/office', { vms: '100', storage: 'local', delete: '1' })
  await assert.rejects(ask('PUT /pools/nosuch', { comment: 'x' }), {
    status: 500,
    message: "update pools failed: pool 'nosuch' does not exist\n",
  })
  await assert.rejects(ask('PUT /pools/office', { comment: 'x' }, { user: 'nobody@pve' }), { status: 403 })
  await ask('DELETE /pools/office')
  assert.deepEqual(await ask('GET /pools'), [])
})
