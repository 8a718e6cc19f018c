import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testWorld } from './test-world.ts'

const VM = '/nodes/pve1/qemu/100'

test('the monitor tells of the machine, acts on it, and says what it does not know', async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', {
    vmid: '100',
    name: 'web',
    cores: '2',
    scsi0: 'local-lvm:1',
    net0: 'virtio=BC:24:11:00:00:01',
  })
  await lab.task(`POST ${VM}/status/start`)
  const monitor = async (command: string): Promise<string> =>
    String(await lab.call(`POST ${VM}/monitor`, { command }))
  assert.match(await monitor('info cpus'), /^\* CPU #0: thread_id=\d+\r\n {2}CPU #1/)
  assert.match(await monitor('info block'), /^drive-scsi0: local-lvm:vm-100-disk-0\r\n/)
  assert.match(await monitor('info network'), /model=virtio,macaddr=bc:24:11:00:00:01\r\n/)
  assert.equal(await monitor('info nothing'), "unknown command: 'info nothing'\r\n")
  assert.equal(await monitor('sendkey nokey'), 'invalid parameter: nokey\r\n')
  assert.match(await monitor('savevm x'), /^Error: 'savevm' is not emulated by the lab/)
  assert.equal(await monitor('stop'), '')
  assert.equal(await monitor('info status'), 'VM status: paused\r\n')
  assert.equal(await monitor('quit'), '')
  assert.equal(lab.world.vms.get(100)?.running, false)
  assert.equal(await monitor('info status'), 'ERROR: VM 100 not running\n')
})
