import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newContainer } from '../lxc/container.ts'
import { checkedWorld } from '../test-answers.ts'

const NOBODY = { user: 'nobody@pve' }

/** VMs 100 and 101 with a shared disk and 102 with a local one, and a container 200, all on pve1. */
async function cluster() {
  const lab = checkedWorld()
  for (const [vmid, disk] of [
    ['100', 'shared:1'],
    ['101', 'shared:1'],
    ['102', 'local-lvm:1'],
  ] as const)
    await lab.task('POST /nodes/pve1/qemu', { vmid, scsi0: disk })
  lab.world.cluster.containers.set(200, newContainer(200, 'pve1', { hostname: 'ct' }))
  const states = (): string =>
    [...lab.world.vms.values(), ...lab.world.cluster.containers.values()]
      .map(
        (guest) =>
          `${guest.vmid}@${guest.node}${guest.running ? '+' : '-'}${'paused' in guest && guest.paused ? 'p' : ''}`,
      )
      .join(' ')
  return { ...lab, states }
}

test('guests of a host are started, suspended and stopped, containers among them', async () => {
  const { task, ask, states } = await cluster()
  const started = await task('POST /nodes/pve1/startall', { force: '1' })
  assert.equal(started.exitstatus, 'OK', started.log.join('\n'))
  assert.deepEqual(started.log.slice(0, 4), [
    'Starting VM 100',
    'Starting VM 101',
    'Starting VM 102',
    'Starting CT 200',
  ])
  assert.equal(states(), '100@pve1+ 101@pve1+ 102@pve1+ 200@pve1+')
  const suspended = await task('POST /nodes/pve1/suspendall', { vms: '100,200' })
  assert.equal(suspended.exitstatus, 'OK', suspended.log.join('\n'))
  assert.equal(states(), '100@pve1+p 101@pve1+ 102@pve1+ 200@pve1+')
  const stopped = await task('POST /nodes/pve1/stopall', { timeout: '1' })
  assert.equal(stopped.exitstatus, 'OK', stopped.log.join('\n'))
  assert.equal(states().replaceAll('p ', ' '), '100@pve1- 101@pve1- 102@pve1- 200@pve1-')
  for (const what of ['stopall', 'suspendall'])
    await assert.rejects(ask(`POST /nodes/pve1/${what}`, {}, NOBODY), {
      status: 403,
      message: 'Permission check failed (/, VM.PowerMgmt)\n',
    })
})

test('guests of the cluster are started, suspended, shut down and moved by name', async () => {
  const { task, ask, states } = await cluster()
  const bulk = '/cluster/bulk-action/guest'
  await task(`POST ${bulk}/start`, { vms: ['100', '102', '200'] })
  await task(`POST ${bulk}/suspend`, { vms: ['100'] })
  assert.equal(states(), '100@pve1+p 101@pve1- 102@pve1+ 200@pve1+')
  const moved = await task(`POST ${bulk}/migrate`, { vms: ['101', '102'], target: 'pve2' })
  assert.equal(moved.exitstatus, 'WARNINGS: 1')
  assert.match(moved.log.join('\n'), /WARN: Migrating VM 102 failed: migration aborted/)
  assert.equal(states(), '100@pve1+p 101@pve2- 102@pve1+ 200@pve1+')
  await task(`POST ${bulk}/shutdown`, { vms: ['102', '200'], timeout: '1' })
  assert.equal(states(), '100@pve1+p 101@pve2- 102@pve1- 200@pve1-')
  await assert.rejects(ask(`POST ${bulk}/shutdown`, { vms: ['102'] }, NOBODY), {
    status: 403,
    message: 'Permission check failed (/vms/102, VM.PowerMgmt)\n',
  })
  await assert.rejects(ask(`POST ${bulk}/suspend`, { vms: ['x'] }), { status: 400 })
  await assert.rejects(
    ask(`POST ${bulk}/migrate`, { vms: ['100'], target: 'pve9' }),
    /no such cluster node 'pve9'/,
  )
})

test('a host is emptied: VMs go running, with their local disks when that is asked for, containers by a restart', async () => {
  const { task, ask, states } = await cluster()
  await task('POST /nodes/pve1/startall', { force: '1' })
  const moved = await task('POST /nodes/pve1/migrateall', { target: 'pve2', 'with-local-disks': '1' })
  assert.equal(moved.exitstatus, 'OK', moved.log.join('\n'))
  assert.equal(states(), '100@pve2+ 101@pve2+ 102@pve2+ 200@pve2+')
  await assert.rejects(ask('POST /nodes/pve1/migrateall', { target: 'pve1' }), {
    status: 400,
    errors: { target: 'target is local node.' },
  })
  await assert.rejects(ask('POST /nodes/pve1/migrateall', { target: 'pve2' }, NOBODY), {
    message: 'Permission check failed (/, VM.Migrate)\n',
  })
})
