import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGuests } from '../../../guest/guests.ts'
import { testWorld } from '../test-world.ts'

test('a rollback puts the files of the guest back, and a snapshot outlives what comes after it', async (t) => {
  const lab = testWorld()
  const guests = createGuests(lab.world)
  t.after(() => guests.close())
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'local-lvm:1' })
  await lab.task(`POST /nodes/pve1/qemu/100/status/start`)
  guests.disk(100)?.write('/etc/motd', 'before')
  await lab.task(`POST /nodes/pve1/qemu/100/snapshot`, { snapname: 'one', vmstate: '1' })
  guests.disk(100)?.write('/etc/motd', 'after')
  for (let round = 0; round < 2; round += 1) {
    const task = await lab.task(`POST /nodes/pve1/qemu/100/snapshot/one/rollback`)
    assert.equal(task.exitstatus, 'OK')
    assert.ok(lab.world.vms.get(100)?.running)
    assert.equal(guests.disk(100)?.read('/etc/motd'), 'before')
    guests.disk(100)?.write('/etc/motd', 'once more')
  }
})
