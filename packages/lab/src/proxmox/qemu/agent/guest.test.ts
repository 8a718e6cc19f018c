import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGuests } from '../../../guest/guests.ts'
import { testWorld } from '../test-world.ts'

const VM = '/nodes/pve1/qemu/101'

test('a clone boots its guest, answers through the agent and is off when asked', async (t) => {
  const lab = testWorld(100)
  const guests = createGuests(lab.world)
  const booted = async (): Promise<void> => {
    while (lab.world.vms.get(101)?.agent === undefined) await lab.world.clock.sleep(500)
  }
  t.after(() => guests.close())
  const template = {
    vmid: '9000',
    scsi0: 'local-lvm:1',
    ide2: 'local-lvm:cloudinit',
    net0: 'virtio,bridge=vmbr0',
    tags: 'kubelet-v1.30.4',
    agent: '1',
  }
  await lab.task('POST /nodes/pve1/qemu', template)
  await lab.task('POST /nodes/pve1/qemu/9000/template')
  await lab.task('POST /nodes/pve1/qemu/9000/clone', { newid: '101', name: 'web' })
  await lab.call(`PUT ${VM}/config`, { tags: 'mine' })
  await assert.rejects(lab.call(`POST ${VM}/agent/ping`), /VM 101 is not running/)
  await lab.task(`POST ${VM}/status/start`)
  await assert.rejects(lab.call(`POST ${VM}/agent/ping`), /QEMU guest agent is not running/)
  await booted()
  assert.deepEqual(await lab.call(`POST ${VM}/agent/ping`), { result: {} })
  assert.deepEqual(await lab.call(`GET ${VM}/agent/get-host-name`), { result: { 'host-name': 'web' } })
  assert.match(
    JSON.stringify(await lab.call(`GET ${VM}/agent/network-get-interfaces`)),
    /"hardware-address":"bc:24:11:/,
  )
  const { pid } = (await lab.call(`POST ${VM}/agent/exec`, { command: ['hostname'] })) as { pid: number }
  const status = (await lab.call(`GET ${VM}/agent/exec-status`, { pid: String(pid) })) as { exited: number }
  assert.equal(status.exited, 1)
  await assert.rejects(
    lab.call(`GET ${VM}/agent/file-read`, { file: '/nope' }),
    /Agent error: failed to open file '\/nope'/,
  )
  assert.deepEqual(await lab.call(`POST ${VM}/agent/fsfreeze-freeze`), { result: 1 })
  assert.deepEqual(await lab.call(`POST ${VM}/agent/fsfreeze-status`), { result: 'frozen' })
  assert.deepEqual(await lab.call(`GET ${VM}/agent/get-osinfo`), {
    result: {
      error: {
        class: 'CommandNotFound',
        desc: 'Command guest-get-osinfo has been disabled: the agent is in frozen state',
      },
    },
  })
  await assert.rejects(
    lab.call(`POST ${VM}/agent/exec`, { command: ['hostname'] }),
    /Agent error: Command guest-exec has been disabled: the agent is in frozen state/,
  )
  assert.deepEqual(await lab.call(`POST ${VM}/agent/fsfreeze-thaw`), { result: 1 })
  const user = { username: 'root', password: 'correct-horse' }
  assert.deepEqual(await lab.call(`POST ${VM}/agent/set-user-password`, user), { result: {} })
  await assert.rejects(
    lab.call(`POST ${VM}/agent/set-user-password`, { ...user, username: 'nobody-here' }),
    /Agent error: child process has failed to set user password/,
  )
  assert.equal(guests.disk(101)?.kubeletVersion, 'v1.30.4')
  const shutdown = await lab.task(`POST ${VM}/status/shutdown`)
  assert.deepEqual(shutdown.log, ['TASK OK'])
  assert.equal(lab.world.vms.get(101)?.running, false)
  await lab.task(`POST ${VM}/status/start`)
  await booted()
  assert.deepEqual(await lab.call(`POST ${VM}/agent/suspend-ram`), { result: {} })
  const power = async (): Promise<unknown> =>
    ((await lab.call(`GET ${VM}/status/current`)) as { qmpstatus: string }).qmpstatus
  assert.equal(await power(), 'suspended')
  await assert.rejects(lab.call(`POST ${VM}/agent/ping`), /QEMU guest agent is not running/)
  await lab.task(`POST ${VM}/status/resume`)
  assert.equal(await power(), 'running')
  assert.deepEqual(await lab.call(`POST ${VM}/agent/ping`), { result: {} })
  assert.deepEqual(await lab.call(`POST ${VM}/agent/suspend-hybrid`), { result: {} })
  assert.equal(await power(), 'suspended')
  await lab.task(`POST ${VM}/status/resume`)
  assert.equal(await lab.call(`POST ${VM}/dbus-vmstate`, { action: 'start' }), null)
  assert.deepEqual(await lab.call(`POST ${VM}/agent/suspend-disk`), { result: {} })
  while (lab.world.vms.get(101)?.running) await lab.world.clock.sleep(100)
  await assert.rejects(lab.call(`POST ${VM}/dbus-vmstate`, { action: 'start' }), /VM 101 not running/)
  await lab.task(`POST ${VM}/status/start`)
  await booted()
  assert.deepEqual(await lab.call(`POST ${VM}/agent/shutdown`), { result: null })
  await lab.task(`DELETE ${VM}`)
  assert.equal(guests.disk(101), undefined)
})
