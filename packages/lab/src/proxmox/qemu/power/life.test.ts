import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testWorld, type TestWorld } from '../test-world.ts'

const VM = '/nodes/pve1/qemu/100'

async function started(params: Record<string, string> = {}): Promise<TestWorld> {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100', memory: '512', ...params })
  assert.equal((await lab.task(`POST ${VM}/status/start`)).exitstatus, 'OK')
  return lab
}

async function state(lab: TestWorld): Promise<unknown[]> {
  const status = (await lab.call(`GET ${VM}/status/current`)) as Record<string, unknown>
  return [status['status'], status['qmpstatus'], status['lock']]
}

test('a VM is started once, and stopping one that is off is fine', async () => {
  const lab = await started()
  assert.equal((await lab.task(`POST ${VM}/status/start`)).exitstatus, 'VM 100 already running')
  assert.equal((await lab.task(`POST ${VM}/status/stop`)).exitstatus, 'OK')
  assert.equal((await lab.task(`POST ${VM}/status/stop`)).exitstatus, 'OK')
  assert.deepEqual(await state(lab), ['stopped', 'stopped', undefined])
})

test('a guest that does not react outlasts a shutdown, unless it may be killed', async () => {
  const lab = await started()
  assert.equal(
    (await lab.task(`POST ${VM}/status/shutdown`, { timeout: '3' })).exitstatus,
    'VM quit/powerdown failed - got timeout',
  )
  const killed = await lab.task(`POST ${VM}/status/shutdown`, { timeout: '3', forceStop: '1' })
  assert.deepEqual(killed.log, ['VM still running - terminating now with SIGTERM', 'TASK OK'])
})

test('a shutdown that waits holds others off, and a stop may overrule it', async () => {
  const lab = await started()
  const waiting = lab.task(`POST ${VM}/status/shutdown`, { timeout: '1000000' })
  await lab.world.clock.sleep(100)
  assert.equal(
    (await lab.task(`POST ${VM}/status/stop`)).exitstatus,
    "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout",
  )
  const stop = await lab.task(`POST ${VM}/status/stop`, { 'overrule-shutdown': '1' })
  const shutdown = await waiting
  assert.equal(shutdown.exitstatus, 'received interrupt')
  assert.deepEqual(stop.log, [`overruled qmshutdown tasks: ${shutdown.upid}`, 'TASK OK'])
})

test('a reboot through the API applies what waits and starts in a task of its own', async () => {
  const lab = await started()
  const vm = lab.world.vms.get(100)
  assert.ok(vm)
  vm.onShutdownRequest = () => lab.world.guestStopped(vm)
  await lab.call(`PUT ${VM}/config`, { cores: '2' })
  assert.equal((await lab.task(`POST ${VM}/status/reboot`)).exitstatus, 'OK')
  const last = [...lab.world.tasks.values()].at(-1)
  await last?.done
  assert.deepEqual([last?.type, last?.user, last?.exitstatus], ['qmstart', 'root@pam', 'OK'])
  assert.deepEqual([vm.config['cores'], vm.running], ['2', true])
})

test('a VM suspended to disk is locked until it is resumed', async () => {
  const lab = await started({ scsi0: 'local:1' })
  assert.equal((await lab.task(`POST ${VM}/status/suspend`, { todisk: '1' })).exitstatus, 'OK')
  assert.deepEqual(await state(lab), ['stopped', 'stopped', 'suspended'])
  await assert.rejects(lab.call(`PUT ${VM}/config`, { cores: '2' }), /VM is locked \(suspended\)/)
  assert.equal((await lab.task(`POST ${VM}/status/resume`)).exitstatus, 'OK')
  assert.deepEqual(await state(lab), ['running', 'running', undefined])
  assert.equal(lab.world.vms.get(100)?.config['vmstate'], undefined)
  assert.equal(lab.world.volumes.size, 1)
})

test('a create that fails leaves nothing', async () => {
  const lab = testWorld()
  const task = await lab.task('POST /nodes/pve1/qemu', {
    vmid: '100',
    scsi0: 'local:1',
    scsi1: 'local:100/vm-100-disk-9.raw',
  })
  assert.equal(
    task.exitstatus,
    "unable to create VM 100 - volume 'local:100/vm-100-disk-9.raw' does not exist",
  )
  assert.deepEqual([lab.world.vms.size, lab.world.volumes.size], [0, 0])
})

test('a rollback brings back the configuration and keeps later disks as unused', async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', {
    vmid: '100',
    name: 'one',
    description: 'mine',
    scsi0: 'local:1,format=qcow2',
  })
  assert.equal((await lab.task(`POST ${VM}/snapshot`, { snapname: 's1' })).exitstatus, 'OK')
  await lab.call(`PUT ${VM}/config`, { name: 'two', scsi1: 'local:1,format=qcow2', description: 'yours' })
  assert.equal((await lab.task(`POST ${VM}/snapshot/s1/rollback`)).exitstatus, 'OK')
  const { config } = lab.world.vms.get(100) ?? { config: {} as Record<string, string> }
  assert.deepEqual(
    [
      config['name'],
      config['description'],
      config['scsi1'],
      config['unused0'],
      config['parent'],
      config['lock'],
    ],
    ['one', 'yours', undefined, 'local:100/vm-100-disk-1.qcow2', 's1', undefined],
  )
})

test('a VM moves to another host with its disks, and is found only there', async () => {
  const lab = await started({ scsi0: 'shared:1', net0: 'virtio,bridge=vmbr0' })
  await assert.rejects(
    lab.call(`POST ${VM}/migrate`, { target: 'pve2' }),
    /can't migrate running VM without --online/,
  )
  assert.equal((await lab.task(`POST ${VM}/migrate`, { target: 'pve2', online: '1' })).exitstatus, 'OK')
  await assert.rejects(
    lab.call(`GET ${VM}/config`),
    /Configuration file 'nodes\/pve1\/qemu-server\/100.conf' does not exist/,
  )
  assert.equal(
    ((await lab.call('GET /nodes/pve2/qemu/100/status/current')) as { status: string }).status,
    'running',
  )
})
