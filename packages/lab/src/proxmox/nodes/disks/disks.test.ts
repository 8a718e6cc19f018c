import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedWorld } from '../../test-answers.ts'

const DISKS = '/nodes/pve1/disks'
const ALL = ['/dev/sdb', '/dev/sdc', '/dev/sdd', '/dev/sde']
const NOBODY = { user: 'nobody@pve' }

type Facts = Record<string, unknown>

test('storages are made of disks that nobody uses, hold VMs, and give the disks back', async () => {
  const { ask, task } = checkedWorld()
  const unused = async (host = 'pve1'): Promise<unknown[]> =>
    ((await ask(`GET /nodes/${host}/disks/list`, { type: 'unused' })) as Facts[]).map(
      ({ devpath }) => devpath,
    )
  assert.deepEqual(await unused(), ALL)
  assert.equal(
    (await task(`POST ${DISKS}/lvmthin`, { device: '/dev/sdb', name: 'fast', add_storage: '1' })).exitstatus,
    'OK',
  )
  assert.equal(
    (
      await task(`POST ${DISKS}/directory`, {
        device: '/dev/sdc',
        name: 'files',
        filesystem: 'xfs',
        add_storage: '1',
      })
    ).exitstatus,
    'OK',
  )
  assert.deepEqual([await unused(), await unused('pve2')], [['/dev/sdd', '/dev/sde'], ALL])
  assert.equal(((await ask(`GET ${DISKS}/lvmthin`)) as Facts[])[0]?.['vg'], 'fast')
  assert.deepEqual(
    ((await ask(`GET ${DISKS}/directory`)) as Facts[]).map(({ path, type }) => [path, type]),
    [['/mnt/pve/files', 'xfs']],
  )
  assert.deepEqual(
    ((await ask(`GET ${DISKS}/lvm`)) as { children: Facts[] }).children.map(({ name }) => name),
    ['fast'],
  )
  const made = await task('POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'fast:1', scsi1: 'files:1' })
  assert.equal(made.exitstatus, 'OK', made.log.join('\n'))
  const elsewhere = await task('POST /nodes/pve2/qemu', { vmid: '101', scsi0: 'fast:1' })
  assert.match(elsewhere.exitstatus ?? '', /storage 'fast' is not available on node 'pve2'/)
  await task('DELETE /nodes/pve1/qemu/100')
  for (const [kind, name] of [
    ['lvmthin', 'fast'],
    ['directory', 'files'],
  ] as const)
    assert.equal(
      (
        await task(`DELETE ${DISKS}/${kind}/${name}`, {
          ...(kind === 'lvmthin' && { 'volume-group': name }),
          'cleanup-config': '1',
          'cleanup-disks': '1',
        })
      ).exitstatus,
      'OK',
    )
  assert.deepEqual(await unused(), ALL)
  await assert.rejects(ask('GET /storage/fast'), /storage 'fast' does not exist/)
})

test('disks are initialised, looked at and wiped, but not those in use', async () => {
  const { ask, task } = checkedWorld()
  const gptOf = async (): Promise<unknown> =>
    ((await ask(`GET ${DISKS}/list`)) as Facts[]).find(({ devpath }) => devpath === '/dev/sdb')?.['gpt']
  await task(`POST ${DISKS}/initgpt`, { disk: '/dev/sdb' })
  assert.equal(await gptOf(), 1)
  await task(`PUT ${DISKS}/wipedisk`, { disk: '/dev/sdb' })
  assert.equal(await gptOf(), 0)
  assert.deepEqual(await ask(`GET ${DISKS}/smart`, { disk: '/dev/sdb', healthonly: '1' }), {
    health: 'PASSED',
  })
  await task(`POST ${DISKS}/lvm`, { device: '/dev/sdb', name: 'plain' })
  for (const [request, params, message] of [
    [`POST ${DISKS}/lvmthin`, { device: '/dev/sdb', name: 'other' }, "device '/dev/sdb' is already in use\n"],
    [`POST ${DISKS}/directory`, { device: '/dev/sdz', name: 'other' }, "device '/dev/sdz' does not exist\n"],
    [
      `POST ${DISKS}/directory`,
      { device: '/dev/sdc', name: 'local', add_storage: '1' },
      "storage ID 'local' already defined\n",
    ],
    [`DELETE ${DISKS}/directory/nosuch`, {}, "no such directory 'nosuch'\n"],
    [`PUT ${DISKS}/wipedisk`, { disk: '/dev/sda' }, "disk/partition '/dev/sda' has a holder\n"],
    [`POST ${DISKS}/initgpt`, { disk: '/dev/sda' }, "device '/dev/sda' is already in use\n"],
  ] as const)
    await assert.rejects(ask(request, params), { status: 500, message })
  await task(`DELETE ${DISKS}/lvm/plain`)
  for (const [request, params] of [
    [`POST ${DISKS}/directory`, { device: '/dev/sdc', name: 'other' }],
    [`GET ${DISKS}/list`, {}],
    [`PUT ${DISKS}/wipedisk`, { disk: '/dev/sdb' }],
  ] as const)
    await assert.rejects(ask(request, params, NOBODY), { status: 403 })
  assert.equal(((await ask(`GET ${DISKS}`)) as unknown[]).length, 8)
})

test('a volume group is a storage too, whose volumes are copied and not snapshotted', async () => {
  const { ask, task } = checkedWorld()
  assert.equal(
    (await task(`POST ${DISKS}/lvm`, { device: '/dev/sdb', name: 'thick', add_storage: '1' })).exitstatus,
    'OK',
  )
  const { type, vgname } = (await ask('GET /storage/thick')) as Facts
  assert.deepEqual([type, vgname], ['lvm', 'thick'])
  assert.deepEqual(
    ((await ask('GET /nodes/pve1/scan/lvm')) as Facts[]).map(({ vg }) => vg),
    ['pve', 'thick'],
  )
  assert.deepEqual(await ask('GET /nodes/pve1/scan/lvmthin', { vg: 'thick' }), [])
  await task('POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'thick:1' })
  assert.match(
    String(((await ask('GET /nodes/pve1/qemu/100/config')) as Facts)['scsi0']),
    /^thick:vm-100-disk-0,/,
  )
  await assert.rejects(async () => {
    const { exitstatus } = await task('POST /nodes/pve1/qemu/100/snapshot', { snapname: 'before' })
    throw new Error(exitstatus)
  }, /snapshot feature is not available/)
  const cloned = await task('POST /nodes/pve1/qemu/100/clone', { newid: '101', full: '1' })
  assert.equal(cloned.exitstatus, 'OK')
})
