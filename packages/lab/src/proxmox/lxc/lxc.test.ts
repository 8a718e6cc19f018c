import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CTS, NOBODY, TEMPLATE, withContainer } from './test-container.ts'

type Facts = Record<string, unknown>

test('a container is unpacked from a template, with defaults for what was not said', async () => {
  const { ask, world } = await withContainer()
  const { digest, ...config } = (await ask(`GET ${CTS}/200/config`)) as Facts
  assert.match(String(digest), /^[0-9a-f]{40}$/)
  assert.deepEqual(config, {
    arch: 'amd64',
    ostype: 'debian',
    hostname: 'web',
    memory: 512,
    swap: 512,
    cores: 2,
    net0: 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:02,ip=192.0.2.50/24,type=veth',
    rootfs: 'local-lvm:vm-200-disk-0,size=8G',
  })
  const [entry] = (await ask('GET /nodes/pve1/storage/local-lvm/content', { vmid: '200' })) as Facts[]
  assert.deepEqual([entry?.['volid'], entry?.['content']], ['local-lvm:vm-200-disk-0', 'rootdir'])
  const [listed] = (await ask(`GET ${CTS}`)) as Facts[]
  assert.deepEqual(
    [listed?.['vmid'], listed?.['status'], listed?.['maxdisk']],
    [200, 'stopped', 8 * 1024 ** 3],
  )
  const resources = (await ask('GET /cluster/resources', { type: 'vm' })) as Facts[]
  assert.equal(resources.find(({ id }) => id === 'lxc/200')?.['name'], 'web')
  await assert.rejects(ask('GET /cluster/nextid', { vmid: '200' }), { status: 400 })
  assert.equal(world.vms.size, 0)
})

test('what cannot become a container leaves nothing behind', async () => {
  const { ask, task, world } = await withContainer()
  const create = `POST ${CTS}`
  const refused: [params: Record<string, string>, message: string | RegExp][] = [
    [
      { vmid: '200', ostemplate: TEMPLATE, rootfs: 'local-lvm:1' },
      "unable to create CT 200 - CT 200 already exists on node 'pve1'\n",
    ],
    [{ vmid: '201', ostemplate: TEMPLATE }, "storage 'local' does not support container directories\n"],
    [{ vmid: '201', ostemplate: TEMPLATE, rootfs: 'nosuch:1' }, "storage 'nosuch' does not exist\n"],
    [{ vmid: '201' }, /Parameter verification failed/],
    [{ vmid: '201', ostemplate: TEMPLATE, nosuch: '1' }, /Parameter verification failed/],
    [
      { vmid: '201', ostemplate: TEMPLATE, pool: 'nosuch' },
      "Permission check failed (pool 'nosuch' does not exist)\n",
    ],
  ]
  for (const [params, message] of refused) await assert.rejects(ask(create, params), { message })
  await assert.rejects(ask(create, { vmid: '201', ostemplate: TEMPLATE }, NOBODY), { status: 403 })
  const failed = await task(create, {
    vmid: '201',
    ostemplate: 'local:vztmpl/no.tar.zst',
    storage: 'local-lvm',
  })
  assert.equal(failed.exitstatus, "unable to create CT 201 - volume 'local:vztmpl/no.tar.zst' does not exist")
  assert.equal(world.cluster.containers.has(201), false)
  assert.equal(
    [...world.volumes.values()].some(({ vmid }) => vmid === 201),
    false,
  )
})

test('a container is started, looked at, rebooted, shut down and stopped', async () => {
  const { ask, done, task } = await withContainer()
  const status = `${CTS}/200/status`
  for (const verb of ['stop', 'shutdown', 'reboot'])
    await assert.rejects(ask(`POST ${status}/${verb}`), { status: 500, message: 'CT 200 not running\n' })
  assert.deepEqual(await ask(`GET ${CTS}/200/interfaces`), [])
  await done(`POST ${status}/start`)
  await assert.rejects(ask(`POST ${status}/start`), { status: 500, message: 'CT 200 already running\n' })
  const current = (await ask(`GET ${status}/current`)) as Facts
  assert.deepEqual([current['status'], current['ha'], current['cpus']], ['running', { managed: 0 }, 2])
  assert.ok(Number(current['mem']) > 0 && Number(current['pid']) > 0)
  const cards = (await ask(`GET ${CTS}/200/interfaces`)) as Facts[]
  assert.deepEqual(
    [cards[0]?.['name'], cards[1]?.['name'], cards[1]?.['inet']],
    ['lo', 'eth0', '192.0.2.50/24'],
  )
  assert.equal(
    await task(`DELETE ${CTS}/200`).catch((error: Error) => error.message),
    'unable to destroy CT 200 - container is running\n',
  )
  await done(`POST ${status}/reboot`)
  await done(`POST ${status}/shutdown`)
  assert.equal(((await ask(`GET ${status}/current`)) as Facts)['status'], 'stopped')
  await done(`POST ${status}/start`)
  await done(`POST ${status}/stop`)
  assert.equal(((await ask(`GET ${status}`)) as unknown[]).length, 7)
  assert.ok(((await ask(`GET ${CTS}/200`)) as unknown[]).length > 10)
  await assert.rejects(ask(`POST ${status}/start`, {}, NOBODY), { status: 403 })
  await assert.rejects(ask(`POST ${CTS}/999/status/start`), {
    status: 500,
    message: "Configuration file 'nodes/pve1/lxc/999.conf' does not exist\n",
  })
})

test('a change of a running container is taken over at once, or waits until it is started anew', async () => {
  const { ask, done } = await withContainer()
  await done(`POST ${CTS}/200/status/start`)
  const { digest } = (await ask(`GET ${CTS}/200/config`)) as { digest: string }
  await ask(`PUT ${CTS}/200/config`, {
    memory: '1024',
    features: 'nesting=1',
    tags: 'b;a',
    mp0: 'local-lvm:1,mp=/data',
    digest,
  })
  const current = (await ask(`GET ${CTS}/200/config`, { current: '1' })) as Facts
  assert.deepEqual(
    [current['memory'], current['features'], current['tags'], current['mp0']],
    [1024, undefined, 'a;b', 'local-lvm:vm-200-disk-1,mp=/data,size=1G'],
  )
  const pending = (await ask(`GET ${CTS}/200/pending`)) as Facts[]
  assert.equal(pending.find(({ key }) => key === 'features')?.['pending'], 'nesting=1')
  await assert.rejects(
    ask(`PUT ${CTS}/200/config`, { cores: '4', digest }),
    /detected modified configuration/,
  )
  await ask(`PUT ${CTS}/200/config`, { revert: 'features' })
  await ask(`PUT ${CTS}/200/config`, { delete: 'mp0' })
  await done(`POST ${CTS}/200/status/reboot`)
  const after = (await ask(`GET ${CTS}/200/config`)) as Facts
  assert.deepEqual(
    [after['features'], after['mp0'], after['unused0']],
    [undefined, undefined, 'local-lvm:vm-200-disk-1'],
  )
  await ask(`PUT ${CTS}/200/config`, { delete: 'unused0' })
  assert.equal(((await ask('GET /nodes/pve1/storage/local-lvm/content')) as unknown[]).length, 1)
  const refused: [params: Record<string, string>, message: string | RegExp][] = [
    [{}, 'no options specified\n'],
    [{ delete: 'nosuch' }, /Parameter verification failed/],
    [{ memory: '8' }, /Parameter verification failed/],
    [{ memory: '512', delete: 'memory' }, /Parameter verification failed/],
  ]
  for (const [params, message] of refused)
    await assert.rejects(ask(`PUT ${CTS}/200/config`, params), { message })
})

test('each option of a container has its privilege', async () => {
  const { ask, world } = await withContainer()
  world.access.users.set('ops@pve', { enable: true, groups: new Set() })
  world.access.roles.set('Few', { privs: new Set(['VM.Config.Memory']), special: false })
  world.access.acl.push({ path: '/vms/200', type: 'user', ugid: 'ops@pve', roleid: 'Few', propagate: true })
  const as = { user: 'ops@pve' }
  await ask(`PUT ${CTS}/200/config`, { memory: '256' }, as)
  for (const [params, message] of [
    [{ cores: '1' }, 'Permission check failed (/vms/200, VM.Config.CPU)\n'],
    [{ hostname: 'x' }, 'Permission check failed (/vms/200, VM.Config.Network)\n'],
    [{ description: 'x' }, 'Permission check failed (/vms/200, VM.Config.Options)\n'],
    [{ mp0: '/etc,mp=/x' }, 'Permission check failed (mount point type bind is only allowed for root@pam)\n'],
  ] as const)
    await assert.rejects(ask(`PUT ${CTS}/200/config`, params, as), { status: 403, message })
})

test('snapshots are taken, described, put back and removed', async () => {
  const { ask, done, task } = await withContainer()
  const snapshots = `${CTS}/200/snapshot`
  assert.deepEqual(await ask(`GET ${CTS}/200/feature`, { feature: 'snapshot' }), { hasFeature: 1 })
  await done(`POST ${snapshots}`, { snapname: 'before', description: 'as it was' })
  await ask(`PUT ${CTS}/200/config`, { hostname: 'changed', memory: '1024' })
  await done(`POST ${snapshots}`, { snapname: 'after' })
  const list = (await ask(`GET ${snapshots}`)) as Facts[]
  assert.deepEqual(
    list.map(({ name, parent }) => [name, parent]),
    [
      ['before', undefined],
      ['after', 'before'],
      ['current', 'after'],
    ],
  )
  await ask(`PUT ${snapshots}/before/config`, { description: 'as it had been' })
  const section = (await ask(`GET ${snapshots}/before/config`)) as Facts
  assert.deepEqual([section['description'], section['hostname']], ['as it had been', 'web'])
  await done(`POST ${snapshots}/before/rollback`, { start: '1' })
  const config = (await ask(`GET ${CTS}/200/config`)) as Facts
  assert.deepEqual([config['hostname'], config['memory'], config['parent']], ['web', 512, 'before'])
  assert.equal(((await ask(`GET ${CTS}/200/status/current`)) as Facts)['status'], 'running')
  await done(`DELETE ${snapshots}/before`)
  assert.deepEqual(await ask(`GET ${snapshots}/after`), [{ cmd: 'config' }, { cmd: 'rollback' }])
  assert.equal(
    (await task(`POST ${snapshots}`, { snapname: 'after' })).exitstatus,
    "snapshot name 'after' already used",
  )
  assert.equal((await task(`DELETE ${snapshots}/nosuch`)).exitstatus, "snapshot 'nosuch' does not exist")
  for (const request of [`GET ${snapshots}/nosuch/config`, `POST ${snapshots}/nosuch/rollback`])
    await assert.rejects(ask(request), { status: 500, message: "snapshot 'nosuch' does not exist\n" })
  await assert.rejects(ask(`POST ${snapshots}`, { snapname: 'current' }), /reserved name/)
})

test('a file system grows, never shrinks, and moves to another storage', async () => {
  const { ask, done } = await withContainer()
  await done(`PUT ${CTS}/200/resize`, { disk: 'rootfs', size: '+2G' })
  assert.equal(((await ask(`GET ${CTS}/200/config`)) as Facts)['rootfs'], 'local-lvm:vm-200-disk-0,size=10G')
  await assert.rejects(ask(`PUT ${CTS}/200/resize`, { disk: 'rootfs', size: '1G' }), {
    message: 'unable to shrink disk size\n',
  })
  await assert.rejects(ask(`PUT ${CTS}/200/resize`, { disk: 'mp3', size: '1G' }), { status: 500 })
  await done(`POST ${CTS}/200/move_volume`, { volume: 'rootfs', storage: 'shared' })
  const moved = (await ask(`GET ${CTS}/200/config`)) as Facts
  assert.deepEqual(
    [moved['rootfs'], moved['unused0']],
    ['shared:200/vm-200-disk-0.raw,size=10G', 'local-lvm:vm-200-disk-0'],
  )
  await assert.rejects(ask(`POST ${CTS}/200/move_volume`, { volume: 'rootfs' }), { status: 400 })
})

test('a container that is removed leaves no volume, right or membership', async () => {
  const { ask, done, world } = await withContainer({ protection: '1' })
  await assert.rejects(ask(`DELETE ${CTS}/200`), {
    message: "can't remove CT 200 - protection mode enabled\n",
  })
  await ask(`PUT ${CTS}/200/config`, { delete: 'protection' })
  await ask('POST /cluster/ha/resources', { sid: 'ct:200', state: 'ignored' })
  await assert.rejects(ask(`DELETE ${CTS}/200`), /used in HA resources and purge parameter not set/)
  await ask('PUT /nodes/pve1/lxc/200/firewall/options', { enable: '1' })
  await done(`POST ${CTS}/200/status/start`)
  await done(`DELETE ${CTS}/200`, { force: '1', purge: '1' })
  assert.equal(world.cluster.containers.size, 0)
  assert.deepEqual(await ask('GET /nodes/pve1/storage/local-lvm/content'), [])
  assert.deepEqual(await ask('GET /cluster/ha/resources'), [])
  assert.deepEqual(world.cluster.firewalls.has('guest/200'), false)
})

test('no container is put to sleep: the program for it is not there', async () => {
  const { ask, task, done } = await withContainer()
  await assert.rejects(ask(`POST ${CTS}/200/status/suspend`), { message: 'CT 200 not running\n' })
  const woken = await task(`POST ${CTS}/200/status/resume`)
  assert.match(woken.exitstatus ?? '', /^command 'lxc-checkpoint -n 200 -r .* failed: exit code 1$/)
  await done(`POST ${CTS}/200/status/start`)
  await assert.rejects(ask(`POST ${CTS}/200/status/resume`), { message: 'CT 200 already running\n' })
  const slept = await task(`POST ${CTS}/200/status/suspend`)
  assert.match(slept.exitstatus ?? '', /^command 'lxc-checkpoint -n 200 -s .* failed: exit code 1$/)
})
