import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedWorld } from '../../test-answers.ts'

const ZFS = '/nodes/pve1/disks/zfs'
const NOBODY = { user: 'nobody@pve' }
const [B, C, D, E] = ['/dev/sdb', '/dev/sdc', '/dev/sdd', '/dev/sde']
const DISK = 512 * 1024 ** 3

type Facts = Record<string, unknown>

test('a pool is made of disks, holds VMs with snapshots and linked clones, and gives its disks back', async () => {
  const { ask, task, world } = checkedWorld()
  const made = await task(`POST ${ZFS}`, {
    name: 'tank',
    devices: `${B},${C}`,
    raidlevel: 'mirror',
    add_storage: '1',
  })
  assert.equal(made.exitstatus, 'OK', made.log.join('\n'))
  assert.equal(made.type, 'zfscreate')
  assert.deepEqual(await ask(`GET ${ZFS}`), [
    { name: 'tank', size: DISK, alloc: 0, free: DISK, frag: 0, dedup: 1, health: 'ONLINE' },
  ])
  const detail = (await ask(`GET ${ZFS}/tank`)) as {
    children: { children: { name: string; children: Facts[] }[] }[]
  }
  const [mirror] = detail.children[0]?.children ?? []
  assert.deepEqual([mirror?.name, mirror?.children.map(({ name }) => name)], ['mirror-0', [B, C]])
  const { type, pool, nodes } = (await ask('GET /storage/tank')) as Facts
  assert.deepEqual([type, pool, nodes], ['zfspool', 'tank', 'pve1'])
  for (const [request, params] of [
    ['POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'tank:1' }],
    ['POST /nodes/pve1/qemu/100/snapshot', { snapname: 'before' }],
    ['DELETE /nodes/pve1/qemu/100/snapshot/before', {}],
    ['POST /nodes/pve1/qemu/100/template', {}],
    ['POST /nodes/pve1/qemu/100/clone', { newid: '101' }],
  ] as const) {
    const { exitstatus, log } = await task(request, params)
    assert.equal(exitstatus, 'OK', `${request}: ${log.join('\n')}`)
  }
  const disk = String(((await ask('GET /nodes/pve1/qemu/101/config')) as Facts)['scsi0'])
  assert.match(disk, /^tank:base-100-disk-0\/vm-101-disk-0,/)
  const kept = await task('DELETE /nodes/pve1/qemu/100')
  assert.match(kept.exitstatus ?? '', /^base volume 'tank:base-100-disk-0' is still in use/)
  assert.equal(((await ask(`GET ${ZFS}`)) as Facts[])[0]?.['alloc'], 2 * 1024 ** 3)
  const used = (await ask('GET /nodes/pve1/disks/list')) as Facts[]
  assert.deepEqual(
    used.flatMap(({ devpath, used: by }) => (by === 'ZFS' ? [devpath] : [])),
    [B, C],
  )
  for (const vmid of [101, 100]) await task(`DELETE /nodes/pve1/qemu/${vmid}`)
  const removed = await task(`DELETE ${ZFS}/tank`, { 'cleanup-config': '1', 'cleanup-disks': '1' })
  assert.equal(removed.exitstatus, 'OK')
  assert.equal(world.storages.has('tank'), false)
  assert.deepEqual(await ask(`GET ${ZFS}`), [])
})

test('what makes no pool is refused in the original’s words', async () => {
  const { ask, task } = checkedWorld()
  await task(`POST ${ZFS}`, { name: 'one', devices: B, raidlevel: 'single' })
  for (const [params, message] of [
    [{ name: 'other', devices: B, raidlevel: 'single' }, `device '${B}' is already in use\n`],
    [{ name: 'other', devices: '/dev/sdz', raidlevel: 'single' }, "device '/dev/sdz' does not exist\n"],
    [{ name: 'one', devices: C, raidlevel: 'single' }, "pool 'one' already exists on node 'pve1'\n"],
    [
      { name: 'other', devices: `${C},${D}`, raidlevel: 'single' },
      'please give only one disk for single disk mode\n',
    ],
    [
      { name: 'other', devices: `${C},${D},${E}`, raidlevel: 'raid10' },
      'raid10 needs an even number of disks\n',
    ],
    [{ name: 'other', devices: `${C},${D}`, raidlevel: 'raidz' }, 'raidz needs at least 3 disks\n'],
    [
      { name: 'other', devices: `${C},${D}`, raidlevel: 'mirror', 'draid-config': 'data=1,spares=0' },
      'draid-config set without using dRAID level\n',
    ],
    [
      { name: 'local', devices: C, raidlevel: 'single', add_storage: '1' },
      "storage ID 'local' already defined\n",
    ],
  ] as const)
    await assert.rejects(ask(`POST ${ZFS}`, params), { status: 500, message })
  await assert.rejects(ask(`POST ${ZFS}`, { name: 'other', devices: C, raidlevel: 'raid0' }), { status: 400 })
  await assert.rejects(ask(`POST ${ZFS}`, { name: 'other', devices: C, raidlevel: 'single' }, NOBODY), {
    status: 403,
  })
  await assert.rejects(ask(`GET ${ZFS}/nosuch`), /zpool status -P nosuch' failed/)
  const removed = await task(`DELETE ${ZFS}/nosuch`)
  assert.match(removed.exitstatus ?? '', /zpool destroy nosuch' failed/)
  const three = await task(`POST ${ZFS}`, { name: 'wide', devices: `${C};${D} ${E}`, raidlevel: 'raidz' })
  assert.equal(three.exitstatus, 'OK')
  assert.equal(((await ask(`GET ${ZFS}`)) as Facts[]).find(({ name }) => name === 'wide')?.['size'], 3 * DISK)
})
