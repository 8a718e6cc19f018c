import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepPowerHistory, lookAtPower } from '../statistics/power.ts'
import { CTS, NOBODY, withContainer } from './test-container.ts'

type Facts = Record<string, unknown>

test('a copy has volumes and addresses of its own; one of a template stands on it', async () => {
  const { ask, done, task } = await withContainer()
  await done(`POST ${CTS}/200/clone`, { newid: '201', hostname: 'copy', storage: 'shared' })
  const copy = (await ask(`GET ${CTS}/201/config`)) as Facts
  assert.deepEqual([copy['hostname'], copy['rootfs']], ['copy', 'shared:201/vm-201-disk-0.raw,size=8G'])
  assert.doesNotMatch(String(copy['net0']), /00:00:02/)
  await assert.rejects(ask(`POST ${CTS}/200/clone`, { newid: '201' }), {
    message: 'unable to create CT 201: config file already exists\n',
  })
  await assert.rejects(
    ask(`POST ${CTS}/200/clone`, { newid: '202', full: '0' }),
    /Linked clone feature .* is not available/,
  )
  await ask(`POST ${CTS}/200/template`)
  await assert.rejects(ask(`POST ${CTS}/200/template`), /you can't convert a CT to template/)
  const template = (await ask(`GET ${CTS}/200/config`)) as Facts
  assert.deepEqual([template['template'], template['rootfs']], [1, 'local-lvm:base-200-disk-0,size=8G'])
  await done(`POST ${CTS}/200/clone`, { newid: '202' })
  assert.equal(((await ask(`GET ${CTS}/202/config`)) as Facts)['rootfs'], 'local-lvm:vm-202-disk-0,size=8G')
  assert.equal(
    (await task(`POST ${CTS}/200/status/start`)).exitstatus,
    "you can't start a CT if it's a template",
  )
  await done(`POST ${CTS}/202/status/start`)
  await assert.rejects(
    ask(`POST ${CTS}/202/clone`, { newid: '203' }),
    /Cannot do full clones on a running container without snapshots/,
  )
  await assert.rejects(ask(`POST ${CTS}/202/clone`, { newid: '203' }, NOBODY), { status: 403 })
})

test('a container moves to another host with its volumes, when it is off or may be restarted', async () => {
  const { ask, done } = await withContainer()
  assert.deepEqual(((await ask(`GET ${CTS}/200/migrate`)) as Facts)['allowed-nodes'], ['pve2'])
  await done(`POST ${CTS}/200/status/start`)
  const migrate = `POST ${CTS}/200/migrate`
  await assert.rejects(ask(migrate, { target: 'pve1' }), { status: 400 })
  await assert.rejects(ask(migrate, { target: 'pve9' }), /no such cluster node 'pve9'/)
  await assert.rejects(
    ask(migrate, { target: 'pve2' }),
    /can't migrate running container without --online or --restart/,
  )
  await assert.rejects(
    ask(migrate, { target: 'pve2', online: '1' }),
    /lxc live migration is currently not implemented/,
  )
  await done(migrate, { target: 'pve2', restart: '1' })
  const current = (await ask('GET /nodes/pve2/lxc/200/status/current')) as Facts
  assert.equal(current['status'], 'running')
  assert.equal(((await ask('GET /nodes/pve1/storage/local-lvm/content')) as unknown[]).length, 0)
  assert.equal(((await ask('GET /nodes/pve2/storage/local-lvm/content')) as unknown[]).length, 1)
})

test('what a container did is told over time', async (t) => {
  const { ask, done, world } = await withContainer()
  const stop = keepPowerHistory(world)
  await done(`POST ${CTS}/200/status/start`)
  lookAtPower(world)
  const rows = async (): Promise<Facts[]> =>
    (await ask(`GET ${CTS}/200/rrddata`, { timeframe: 'hour' })) as Facts[]
  assert.ok((await rows()).every(({ mem }) => mem === undefined))
  const { now } = Date
  t.mock.method(Date, 'now', () => now() + 120_000)
  const row = (await rows()).find(({ mem }) => mem !== undefined)
  assert.deepEqual([row?.['maxcpu'], row?.['maxmem'], row?.['maxdisk']], [2, 512 * 1024 ** 2, 8 * 1024 ** 3])
  assert.ok(Number(row?.['cpu']) > 0)
  const { filename } = (await ask(`GET ${CTS}/200/rrd`, { timeframe: 'hour', ds: 'cpu' })) as {
    filename: string
  }
  assert.match(filename, /pve-vm-9\.0\/200_cpu\.png$/)
  await done(`POST ${CTS}/200/status/stop`)
  lookAtPower(world)
  stop()
})

test('a container is backed up, restored beside itself, and put back', async () => {
  const { ask, done, task } = await withContainer({ mp0: 'local-lvm:1,mp=/data' })
  await ask('POST /cluster/backup', { id: 'nightly', schedule: '21:00', all: '1' })
  const { children } = (await ask('GET /cluster/backup/nightly/included_volumes')) as {
    children: { children: Facts[] }[]
  }
  assert.deepEqual(
    children[0]?.children.map(({ id, included }) => [id, included]),
    [
      ['rootfs', 1],
      ['mp0', 0],
    ],
  )
  await done('POST /nodes/pve1/vzdump', { vmid: '200', storage: 'local', compress: 'zstd' })
  const [backup] = (await ask('GET /nodes/pve1/storage/local/content', { content: 'backup' })) as Facts[]
  const archive = String(backup?.['volid'])
  assert.match(archive, /^local:backup\/vzdump-lxc-200-[\d_-]+\.tar\.zst$/)
  assert.deepEqual([backup?.['subtype'], backup?.['vmid']], ['lxc', 200])
  assert.match(
    String(await ask('GET /nodes/pve1/vzdump/extractconfig', { volume: archive })),
    /^hostname: web$/m,
  )
  const restore = { ostemplate: archive, restore: '1' }
  await done(`POST ${CTS}`, { ...restore, vmid: '201', storage: 'shared', hostname: 'again', unique: '1' })
  const copy = (await ask(`GET ${CTS}/201/config`)) as Facts
  assert.deepEqual(
    [copy['hostname'], copy['rootfs'], copy['mp0'], copy['cores']],
    ['again', 'shared:201/vm-201-disk-0.raw,size=8G', undefined, 2],
  )
  assert.doesNotMatch(String(copy['net0']), /00:00:02/)
  await ask(`PUT ${CTS}/200/config`, { hostname: 'broken' })
  await assert.rejects(ask(`POST ${CTS}`, { ...restore, vmid: '200' }), {
    message: "unable to restore CT 200 - CT 200 already exists on node 'pve1'\n",
  })
  await done(`POST ${CTS}`, { ...restore, vmid: '200', force: '1' })
  assert.equal(((await ask(`GET ${CTS}/200/config`)) as Facts)['hostname'], 'web')
  const failed = await task(`POST ${CTS}`, { ...restore, vmid: '202', storage: 'local' })
  assert.equal(
    failed.exitstatus,
    "unable to restore CT 202 - storage 'local' does not support container directories",
  )
})
