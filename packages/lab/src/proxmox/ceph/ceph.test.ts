import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiSchema } from '@fochista/proxmox/schema'
import { consoleOn } from '../qemu/console/sessions.ts'
import { client } from '../qemu/console/test-client.ts'
import { checkedWorld } from '../test-answers.ts'
import { installCeph } from './state.ts'

const CEPH = '/nodes/pve1/ceph'

type Facts = Record<string, unknown>

/** Two hosts with Ceph, a monitor and a manager each, and three disks. */
async function withCeph() {
  const lab = checkedWorld()
  const done = async (...request: Parameters<typeof lab.task>): Promise<void> => {
    const { exitstatus, log } = await lab.task(...request)
    assert.equal(exitstatus, 'OK', `${request[0]}: ${log.join('\n')}`)
  }
  for (const node of ['pve1', 'pve2']) installCeph(lab.world, node)
  await assert.rejects(lab.ask(`GET ${CEPH}/mon`), { message: 'pveceph configuration not initialized\n' })
  await lab.ask(`POST ${CEPH}/init`, { network: '192.0.2.0/24', size: '3' })
  await assert.rejects(lab.ask(`GET ${CEPH}/status`), { message: 'got timeout\n' })
  for (const node of ['pve1', 'pve2'])
    for (const service of ['mon', 'mgr']) await done(`POST /nodes/${node}/ceph/${service}/${node}`)
  for (const [node, dev] of [
    ['pve1', '/dev/sdb'],
    ['pve2', '/dev/sdb'],
    ['pve2', '/dev/sdc'],
  ] as const)
    await done(`POST /nodes/${node}/ceph/osd`, { dev })
  const health = async (): Promise<{ status: string; checks: object }> =>
    ((await lab.ask('GET /cluster/ceph/status')) as { health: { status: string; checks: object } }).health
  return { ...lab, done, health }
}

test('a shell installs Ceph on its host', async () => {
  const { ask, world } = checkedWorld()
  const opened = (await ask('POST /nodes/pve1/termproxy', { cmd: 'ceph_install' })) as {
    user: string
    ticket: string
    port: string
  }
  const session = consoleOn(world, 'pve1', Number(opened.port))
  if (session === undefined) throw new Error('no shell was opened')
  const { end } = client()
  session.open(end)
  await assert.rejects(ask(`GET ${CEPH}/mon`), /binary not installed/)
  session.data(Buffer.from(`${opened.user}:${opened.ticket}\n`))
  await assert.rejects(ask(`GET ${CEPH}/mon`), /pveceph configuration not initialized/)
  await assert.rejects(ask('GET /nodes/pve2/ceph/mon'), /binary not installed/)
  session.closed()
})

test('daemons are made, turned off and on and taken away, and health tells of it', async () => {
  const { ask, call, done, health } = await withCeph()
  assert.deepEqual(await health(), { status: 'HEALTH_OK', checks: {}, mutes: [] })
  assert.deepEqual(
    ((await ask(`GET ${CEPH}/mgr`)) as Facts[]).map(({ name, state }) => [name, state]),
    [
      ['pve1', 'active'],
      ['pve2', 'standby'],
    ],
  )
  await done('POST /nodes/pve2/ceph/stop', { service: 'osd.2' })
  assert.deepEqual(Object.keys((await health()).checks), ['OSD_DOWN'])
  await done('POST /nodes/pve2/ceph/start', { service: 'osd' })
  await ask('PUT /cluster/ceph/flags/noout', { value: '1' })
  await done('PUT /cluster/ceph/flags', { norebalance: '1' })
  assert.deepEqual((await health()).checks, {
    OSDMAP_FLAGS: {
      severity: 'HEALTH_WARN',
      summary: { message: 'noout,norebalance flag(s) set' },
      muted: false,
    },
  })
  assert.equal(await ask('GET /cluster/ceph/flags/noout'), 1)
  const flags = (await ask('GET /cluster/ceph/flags')) as Facts[]
  assert.deepEqual(
    flags.flatMap(({ name, value }) => (value === 1 ? [name] : [])),
    ['noout', 'norebalance'],
  )
  assert.deepEqual(await ask(`GET ${CEPH}/cmd-safety`, { service: 'mon', id: 'pve1', action: 'stop' }), {
    safe: 0,
    status: "mon 'pve1' cannot be taken away without harm: 1 others run",
  })
  const monitors = (await call(`GET ${CEPH}/mon`)) as Facts[]
  assert.deepEqual(
    monitors.map(({ name, state, rank }) => [name, state, rank]),
    [
      ['pve1', 'running', 0],
      ['pve2', 'running', 1],
    ],
  )
  const own = (await ask(`GET ${CEPH}/status`)) as { quorum_names: string[] }
  assert.deepEqual(own.quorum_names, ['pve1', 'pve2'])
  await done('DELETE /nodes/pve2/ceph/mgr/pve2')
  await done('DELETE /nodes/pve2/ceph/mon/pve2')
  for (const [request, message] of [
    [`POST ${CEPH}/mon/pve1`, "monitor 'pve1' already exists\n"],
    [`DELETE ${CEPH}/mon/pve1`, "can't remove last monitor\n"],
    [`DELETE ${CEPH}/mon/pve9`, "no such monitor id 'pve9'\n"],
    [`DELETE ${CEPH}/mds/pve9`, "no such MDS 'pve9'\n"],
  ] as const)
    await assert.rejects(ask(request), { status: 500, message })
  await done(`POST ${CEPH}/stop`)
  await assert.rejects(ask(`GET ${CEPH}/status`), { message: 'got timeout\n' })
  await done(`POST ${CEPH}/restart`)
  assert.match(String(await ask(`GET ${CEPH}/cfg/raw`)), /public_network = 192\.0\.2\.0\/24/)
  assert.deepEqual(
    await ask(`GET ${CEPH}/cfg/value`, { 'config-keys': 'global:osd_pool_default_size;osd:x' }),
    {
      global: { osd_pool_default_size: '3' },
    },
  )
  // The schema has `{id}` for the names of daemons.
  const metadata = (await call('GET /cluster/ceph/metadata')) as { osd: unknown[]; mon: object }
  assert.deepEqual([metadata.osd.length, Object.keys(metadata.mon)], [3, ['pve1@pve1']])
  assert.match(String(await ask(`GET ${CEPH}/crush`)), /device 2 osd\.2 class hdd/)
  for (const list of ['rules', 'log', 'cfg/db']) assert.ok(Array.isArray(await ask(`GET ${CEPH}/${list}`)))
})

test('a disk becomes an OSD, and goes when it is out and down', async () => {
  const { ask, done } = await withCeph()
  const tree = (await ask(`GET ${CEPH}/osd`)) as {
    root: { children: { children: { name: string; children: Facts[] }[] }[] }
  }
  const hosts = tree.root.children[0]?.children ?? []
  assert.deepEqual(
    hosts.map(({ name, children }) => [name, children.map((osd) => osd['name'])]),
    [
      ['pve1', ['osd.0']],
      ['pve2', ['osd.1', 'osd.2']],
    ],
  )
  const disk = async (): Promise<Facts | undefined> =>
    ((await ask('GET /nodes/pve2/disks/list')) as Facts[]).find(({ devpath }) => devpath === '/dev/sdc')
  assert.deepEqual([(await disk())?.['used'], (await disk())?.['osdid']], ['LVM', 2])
  await assert.rejects(ask('POST /nodes/pve2/ceph/osd', { dev: '/dev/sdc' }), /is already in use/)
  const one = '/nodes/pve2/ceph/osd/2'
  assert.equal(((await ask(`GET ${one}/metadata`)) as { osd: Facts }).osd['hostname'], 'pve2')
  assert.equal(((await ask(`GET ${one}/lv-info`)) as Facts)['lv_size'], 512 * 1024 ** 3)
  assert.equal(((await ask(`GET ${one}`)) as unknown[]).length, 2)
  await ask(`POST ${one}/scrub`, { deep: '1' })
  await assert.rejects(ask(`DELETE ${one}`), { message: 'osd is in use (in == 1)\n' })
  await ask(`POST ${one}/out`)
  await assert.rejects(ask(`DELETE ${one}`), { message: 'osd is still running (up == 1)\n' })
  await ask(`POST ${one}/in`)
  await ask(`POST ${one}/out`)
  await done('POST /nodes/pve2/ceph/stop', { service: 'osd.2' })
  await done(`DELETE ${one}`, { cleanup: '1' })
  assert.equal((await disk())?.['used'], undefined)
  await assert.rejects(ask(`POST ${one}/in`), { message: "no such OSD '2'\n" })
})

test('a pool is a storage of all hosts that holds VMs, and a file system is two pools', async () => {
  const { ask, done, task } = await withCeph()
  await done(`POST ${CEPH}/pool`, { name: 'fast', size: '2', add_storages: '1' })
  const { type, pool } = (await ask('GET /storage/fast')) as Facts
  assert.deepEqual([type, pool], ['rbd', 'fast'])
  await done('POST /nodes/pve2/qemu', { vmid: '100', scsi0: 'fast:1' })
  await done('POST /nodes/pve2/qemu/100/snapshot', { snapname: 'before' })
  await done('POST /nodes/pve2/qemu/100/migrate', { target: 'pve1' })
  const [listedPool] = (await ask(`GET ${CEPH}/pool`)) as Facts[]
  assert.deepEqual([listedPool?.['pool_name'], listedPool?.['bytes_used']], ['fast', 2 * 1024 ** 3])
  await done(`PUT ${CEPH}/pool/fast`, { pg_num: '64' })
  assert.equal(((await ask(`GET ${CEPH}/pool/fast/status`, { verbose: '1' })) as Facts)['pg_num'], 64)
  assert.deepEqual(await ask(`GET ${CEPH}/pool/fast`), [{ name: 'status' }])
  await assert.rejects(ask(`DELETE ${CEPH}/pool/fast`), {
    message: "ceph pool 'fast' still in use by storage 'fast'\n",
  })
  await done('DELETE /nodes/pve1/qemu/100')
  await done(`DELETE ${CEPH}/pool/fast`, { remove_storages: '1' })
  await assert.rejects(ask('GET /storage/fast'), /storage 'fast' does not exist/)
  await assert.rejects(ask(`GET ${CEPH}/pool/fast/status`), /unable to find pool 'fast'/)
  await assert.rejects(ask(`POST ${CEPH}/fs/files`), /no running Metadata Server/)
  await assert.rejects(ask(`POST ${CEPH}/fs/files`, { 'add-storage': '1' }), /no storages of type 'cephfs'/)
  await assert.rejects(
    ask(`POST ${CEPH}/pool`, { name: 'ec', 'erasure-coding': 'k=2,m=1' }),
    /no erasure coding/,
  )
  await done(`POST ${CEPH}/mds/pve1`)
  await done(`POST ${CEPH}/fs/files`)
  assert.deepEqual(await ask(`GET ${CEPH}/fs`), [
    { name: 'files', data_pool: 'files_data', metadata_pool: 'files_metadata' },
  ])
  assert.equal(((await ask(`GET ${CEPH}/mds`)) as Facts[])[0]?.['state'], 'active')
  await done(`DELETE ${CEPH}/mds/pve1`)
  await assert.rejects(ask(`POST ${CEPH}/fs/files`), { message: "ceph fs 'files' already exists\n" })
  const twice = await task(`POST ${CEPH}/pool`, { name: 'files_data' })
  assert.equal(twice.exitstatus, "pool 'files_data' already exists")
})

test('a host without Ceph says which program is not there, whatever is asked of it', async () => {
  const { ask } = checkedWorld()
  for (const [request, params, message] of [
    ['GET /nodes/pve1/ceph/status', {}, 'binary not installed: /usr/bin/ceph-mon\n'],
    ['GET /cluster/ceph/flags', {}, 'binary not installed: /usr/bin/ceph-mon\n'],
    ['PUT /cluster/ceph/flags/noout', { value: '1' }, 'binary not installed: /usr/bin/ceph-mon\n'],
    ['POST /nodes/pve1/ceph/osd', { dev: '/dev/sdb' }, 'binary not installed: /usr/bin/ceph-mon\n'],
    ['DELETE /nodes/pve1/ceph/pool/rbd', {}, 'binary not installed: /usr/bin/ceph-mon\n'],
    ['POST /nodes/pve1/ceph/mgr/pve1', {}, 'binary not installed: /usr/bin/ceph-mgr\n'],
    ['POST /nodes/pve1/ceph/init', {}, "Ceph Nautilus required - please run 'pveceph install'\n"],
  ] as const)
    await assert.rejects(ask(request, params), { status: 500, message }, request)
  await assert.rejects(ask('POST /nodes/pve1/ceph/osd', {}), { status: 400 })
  await assert.rejects(ask('GET /nodes/pve1/ceph/osd', {}, { user: 'nobody@pve' }), { status: 403 })
  // The lists name what is really below.
  for (const path of ['/nodes/{node}/ceph', '/nodes/{node}/ceph/cfg', '/cluster/ceph'])
    for (const { name } of (await ask(`GET ${path.replace('{node}', 'pve1')}`)) as { name: string }[])
      assert.ok(
        Object.keys(apiSchema.paths).some((other) => other.startsWith(`${path}/${name}`)),
        `${path}/${name}`,
      )
})
