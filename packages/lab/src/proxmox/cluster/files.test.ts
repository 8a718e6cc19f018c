import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedWorld } from '../test-answers.ts'

const NOBODY = { user: 'nobody@pve' }

type Facts = Record<string, unknown>
type Params = Record<string, string | string[]>

/** Files of sections whose calls are alike: how one is made and changed, and what is said of one that is not there. */
const files: {
  list: string
  id: string
  /** The call that makes one is on its own path. */
  madeByName?: true
  params: Params
  shown: Facts
  change: Params
  changed: Facts
  exists: string
  missing: string
  status?: number
  goneIsFine?: true
}[] = [
  {
    list: '/cluster/mapping/pci',
    id: 'id',
    params: { id: 'gpu', map: ['node=pve1,path=0000:01:00.0,id=10de:1234'], mdev: '1' },
    shown: { id: 'gpu', map: ['node=pve1,path=0000:01:00.0,id=10de:1234'], mdev: 1 },
    change: { description: 'fast', delete: 'mdev' },
    changed: { description: 'fast', mdev: undefined },
    exists: "create hardware mapping failed: PCI ID 'gpu' already defined\n",
    missing: "mapping 'other' not found\n",
    goneIsFine: true,
  },
  {
    list: '/cluster/mapping/usb',
    id: 'id',
    params: { id: 'key', map: ['node=pve1,id=1050:0407'] },
    shown: { id: 'key', map: ['node=pve1,id=1050:0407'] },
    change: { map: ['node=pve2,id=1050:0407'] },
    changed: { map: ['node=pve2,id=1050:0407'] },
    exists: "create hardware mapping failed: USB ID 'key' already defined\n",
    missing: "mapping 'other' not found\n",
    goneIsFine: true,
  },
  {
    list: '/cluster/mapping/dir',
    id: 'id',
    params: { id: 'share', map: ['node=pve1,path=/srv/share'] },
    shown: { id: 'share', map: ['node=pve1,path=/srv/share'] },
    change: { description: 'for all' },
    changed: { description: 'for all' },
    exists: "create hardware mapping failed: directory ID 'share' already defined\n",
    missing: "mapping 'other' not found\n",
    goneIsFine: true,
  },
  {
    list: '/cluster/metrics/server',
    id: 'id',
    madeByName: true,
    params: { type: 'influxdb', server: 'metrics.example', port: '8089', organization: 'us' },
    shown: { id: 'one', type: 'influxdb', server: 'metrics.example', port: 8089, organization: 'us' },
    change: { server: 'metrics.example', port: '8090', disable: '1', delete: 'organization' },
    changed: { port: 8090, disable: 1, organization: undefined },
    exists: "Metric server 'one' already exists\n",
    missing: "status server entry 'other' does not exist\n",
  },
  {
    list: '/cluster/jobs/realm-sync',
    id: 'id',
    madeByName: true,
    params: { realm: 'staff', schedule: 'daily', scope: 'users' },
    shown: { id: 'one', type: 'realm-sync', realm: 'staff', schedule: 'daily', scope: 'users', enabled: 1 },
    change: { schedule: 'hourly', comment: 'more often', delete: 'scope' },
    changed: { schedule: 'hourly', comment: 'more often', scope: undefined },
    exists: "Job 'one' already exists\n",
    missing: "No such job 'other'",
    status: 400,
  },
  {
    list: '/cluster/notifications/endpoints/gotify',
    id: 'name',
    params: { name: 'phone', server: 'https://gotify.example', token: 'secret' },
    shown: { name: 'phone', server: 'https://gotify.example', origin: 'user-created', token: undefined },
    change: { comment: 'loud', disable: '1' },
    changed: { comment: 'loud', disable: 1 },
    exists: "Cannot create 'phone', an entity with the same name already exists\n",
    missing: "endpoint 'other' not found\n",
    status: 404,
  },
  {
    list: '/cluster/notifications/endpoints/sendmail',
    id: 'name',
    params: { name: 'mail', mailto: ['ops@example.org'], author: 'the cluster' },
    shown: { name: 'mail', mailto: ['ops@example.org'], author: 'the cluster' },
    change: { delete: ['author'], 'mailto-user': ['root@pam'] },
    changed: { author: undefined, 'mailto-user': ['root@pam'] },
    exists: "Cannot create 'mail', an entity with the same name already exists\n",
    missing: "endpoint 'other' not found\n",
    status: 404,
  },
  {
    list: '/cluster/notifications/endpoints/smtp',
    id: 'name',
    params: {
      name: 'relay',
      server: 'mx.example',
      'from-address': 'pve@example.org',
      mailto: ['ops@example.org'],
      port: '587',
      password: 'secret',
    },
    shown: { name: 'relay', server: 'mx.example', port: 587, password: undefined },
    change: { mode: 'starttls' },
    changed: { mode: 'starttls' },
    exists: "Cannot create 'relay', an entity with the same name already exists\n",
    missing: "endpoint 'other' not found\n",
    status: 404,
  },
  {
    list: '/cluster/notifications/endpoints/webhook',
    id: 'name',
    params: { name: 'hook', url: 'https://hook.example', method: 'post', secret: ['name=key,value=aGk='] },
    shown: { name: 'hook', url: 'https://hook.example', method: 'post', secret: ['name=key'] },
    change: { method: 'put' },
    changed: { method: 'put' },
    exists: "Cannot create 'hook', an entity with the same name already exists\n",
    missing: "endpoint 'other' not found\n",
    status: 404,
  },
  {
    list: '/cluster/notifications/matchers',
    id: 'name',
    params: { name: 'errors', 'match-severity': ['error'], target: ['mail-to-root'] },
    shown: { name: 'errors', 'match-severity': ['error'], target: ['mail-to-root'], origin: 'user-created' },
    change: { mode: 'any', delete: ['match-severity'] },
    changed: { mode: 'any', 'match-severity': undefined },
    exists: "Cannot create 'errors', an entity with the same name already exists\n",
    missing: "matcher 'other' not found\n",
    status: 404,
  },
  {
    list: '/cluster/acme/plugins',
    id: 'id',
    params: { id: 'zone', type: 'dns', api: 'cf', data: 'Q0ZfVG9rZW49eA==', nodes: 'pve1' },
    shown: { plugin: 'zone', type: 'dns', api: 'cf', data: 'CF_Token=x', nodes: 'pve1' },
    change: { 'validation-delay': '60', delete: 'nodes' },
    changed: { 'validation-delay': 60, nodes: undefined, api: 'cf' },
    exists: "ACME plugin ID 'zone' already exists\n",
    missing: "ACME plugin 'other' not defined\n",
  },
  {
    list: '/cluster/replication',
    id: 'id',
    params: { id: '100-0', type: 'local', target: 'pve2', rate: '10' },
    shown: { id: '100-0', type: 'local', target: 'pve2', rate: 10, guest: 100, jobnum: 0, source: 'pve1' },
    change: { schedule: '*/30', delete: 'rate' },
    changed: { schedule: '*/30', rate: undefined },
    exists: "replication job '100-0' already exists\n",
    missing: "no such replication job '200-9'\n",
  },
]

for (const file of files)
  test(`entries of ${file.list} are made, read, changed and removed, and refused when they are wrong`, async () => {
    const { ask, task } = checkedWorld()
    await task('POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'local:1' })
    await ask('POST /access/domains', {
      realm: 'staff',
      type: 'ldap',
      server1: 'x',
      base_dn: 'dc=x',
      user_attr: 'uid',
    })
    const { list, status = 500 } = file
    const name = file.madeByName ? 'one' : String(file.params[file.id] as string)
    const other = list.endsWith('replication') ? '200-9' : 'other'
    const one = `${list}/${name}`
    const make = `POST ${file.madeByName ? one : list}`
    const before = ((await ask(`GET ${list}`)) as unknown[]).length
    await ask(make, file.params)
    const listed = ((await ask(`GET ${list}`)) as Facts[]).find((each) => each[file.id] === name)
    assert.ok(listed)
    const shown = (await ask(`GET ${one}`)) as Facts
    for (const [option, value] of Object.entries(file.shown)) assert.deepEqual(shown[option], value, option)
    await ask(`PUT ${one}`, { ...file.change, digest: String(shown['digest']) }).catch(
      async (error: Error) => {
        // Some calls know no digest.
        assert.match(error.message, /Parameter verification/)
        await ask(`PUT ${one}`, file.change)
      },
    )
    const changed = (await ask(`GET ${one}`)) as Facts
    for (const [option, value] of Object.entries(file.changed))
      assert.deepEqual(changed[option], value, option)
    await assert.rejects(ask(make, file.params), { message: file.exists })
    await assert.rejects(ask(make, { ...file.params, nosuch: '1' }), { status: 400 })
    await assert.rejects(ask(make, { [file.id]: name }), { status: 400 })
    const missing =
      status === 400 ? { status, errors: { [file.id]: file.missing } } : { status, message: file.missing }
    await assert.rejects(ask(`GET ${list}/${other}`), missing)
    await assert.rejects(ask(make, file.params, NOBODY), { status: 403 })
    await assert.rejects(ask(`DELETE ${one}`, {}, NOBODY), { status: 403 })
    if (file.goneIsFine) await ask(`DELETE ${list}/${other}`)
    else await assert.rejects(ask(`DELETE ${list}/${other}`))
    await ask(`DELETE ${one}`)
    assert.equal(((await ask(`GET ${list}`)) as unknown[]).length, before)
  })

test('a mapping names hosts that there are, and says what a host has not', async () => {
  const { ask } = checkedWorld()
  const pci = '/cluster/mapping/pci'
  const entry = (node: string): string => `node=${node},path=0000:01:00.0,id=10de:1234`
  await assert.rejects(ask(`POST ${pci}`, { id: 'gpu', map: [entry('pve9')] }), /node 'pve9' does not exist/)
  await ask(`POST ${pci}`, { id: 'gpu', map: [entry('pve1')] })
  const checks = async (node: string): Promise<unknown> =>
    ((await ask(`GET ${pci}`, { 'check-node': node })) as Facts[])[0]?.['checks']
  assert.deepEqual(await checks('pve1'), [
    { severity: 'error', message: "pci device '0000:01:00.0' not found" },
  ])
  assert.deepEqual(await checks('pve2'), [{ severity: 'warning', message: 'No mapping for node pve2.' }])
  assert.deepEqual(await ask(`GET ${pci}`, {}, NOBODY), [])
})

test('notifications go to root from the start, and what is used stays', async () => {
  const { ask } = checkedWorld()
  const base = '/cluster/notifications'
  const targets = async (): Promise<unknown[][]> =>
    ((await ask(`GET ${base}/targets`)) as Facts[]).map(({ name, type, origin }) => [name, type, origin])
  assert.deepEqual(await targets(), [['mail-to-root', 'sendmail', 'builtin']])
  await ask(`PUT ${base}/endpoints/sendmail/mail-to-root`, { comment: 'mine' })
  assert.deepEqual(await targets(), [['mail-to-root', 'sendmail', 'modified-builtin']])
  // What was there from the start comes back when it is removed.
  await ask(`DELETE ${base}/endpoints/sendmail/mail-to-root`)
  assert.deepEqual(await targets(), [['mail-to-root', 'sendmail', 'builtin']])
  await ask(`POST ${base}/endpoints/gotify`, { name: 'phone', server: 'https://gotify.example', token: 'x' })
  await ask(`POST ${base}/matchers`, { name: 'all-of-it', target: ['phone'] })
  await assert.rejects(ask(`DELETE ${base}/endpoints/gotify/phone`), {
    status: 400,
    message: "cannot delete 'phone', referenced by: all-of-it\n",
  })
  await assert.rejects(ask(`POST ${base}/matchers`, { name: 'more', target: ['nowhere'] }), {
    status: 404,
    message: "target 'nowhere' does not exist\n",
  })
  await assert.rejects(ask(`POST ${base}/endpoints/sendmail`, { name: 'nobody' }), { status: 400 })
  await ask('POST /cluster/backup', { id: 'nightly', schedule: '21:00', all: '1' })
  const values = (await ask(`GET ${base}/matcher-field-values`)) as Facts[]
  assert.ok(values.some(({ field, value }) => field === 'job-id' && value === 'nightly'))
  assert.ok(values.some(({ field, value }) => field === 'hostname' && value === 'pve2'))
  assert.equal(((await ask(`GET ${base}/matcher-fields`)) as unknown[]).length, 3)
  assert.equal(((await ask(`GET ${base}`)) as unknown[]).length, 5)
  assert.equal(((await ask(`GET ${base}/endpoints`)) as unknown[]).length, 4)
})

test('a replication job that is told to run says why it cannot', async () => {
  const { ask, call, task } = checkedWorld()
  await task('POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'local:1' })
  const job = { id: '100-0', type: 'local', target: 'pve2' }
  for (const [params, message] of [
    [{ id: '999-0' }, "guest '999' does not exist\n"],
    [{ target: 'pve1' }, 'source and target must not be the same node\n'],
    [{ target: 'pve9' }, "no such cluster node 'pve9'\n"],
  ] as const)
    await assert.rejects(ask('POST /cluster/replication', { ...job, ...params }), { message })
  await ask('POST /cluster/replication', job)
  await assert.rejects(ask('POST /cluster/replication', { ...job, id: '100-1' }), /already exists/)
  const host = '/nodes/pve1/replication'
  const state = async (): Promise<Facts> => (await ask(`GET ${host}/100-0/status`)) as Facts
  assert.deepEqual([(await state())['fail_count'], (await state())['last_try']], [0, 0])
  assert.ok(Number((await state())['next_sync']) > 0)
  // The schema says that it answers text; it answers nothing.
  assert.equal(await call(`POST ${host}/100-0/schedule_now`), null)
  const failed = await state()
  assert.deepEqual(
    [failed['fail_count'], failed['error']],
    [1, "missing replicate feature on volume 'local:100/vm-100-disk-0.raw'"],
  )
  const log = (await ask(`GET ${host}/100-0/log`)) as { n: number; t: string }[]
  assert.match(log.at(-1)?.t ?? '', /100-0: end replication job with error: missing replicate feature/)
  assert.equal(((await ask(`GET ${host}/100-0/log`, { start: '1', limit: '1' })) as { n: number }[])[0]?.n, 2)
  assert.equal(((await ask(`GET ${host}`, { guest: '100' })) as unknown[]).length, 1)
  assert.deepEqual(await ask('GET /nodes/pve2/replication'), [])
  assert.equal(((await ask(`GET ${host}/100-0`)) as unknown[]).length, 3)
  await assert.rejects(ask(`GET ${host}/100-0/status`, {}, NOBODY), { status: 403 })
  await assert.rejects(call(`POST ${host}/200-0/schedule_now`), {
    message: "no such replication job '200-0'\n",
  })
})

test('the next times of a schedule are told', async () => {
  const { ask } = checkedWorld()
  const analyze = 'GET /cluster/jobs/schedule-analyze'
  const starttime = String(Date.parse('2026-11-25T22:30Z') / 1000)
  assert.deepEqual(await ask(analyze, { schedule: 'fri 3:05', starttime, iterations: '2' }), [
    { timestamp: Date.parse('2026-11-27T03:05Z') / 1000, utc: 'Fri Nov 27 03:05:00 2026' },
    { timestamp: Date.parse('2026-12-04T03:05Z') / 1000, utc: 'Fri Dec  4 03:05:00 2026' },
  ])
  assert.equal(((await ask(analyze, { schedule: '*/15' })) as unknown[]).length, 10)
  await assert.rejects(ask('POST /cluster/jobs/realm-sync/one', { schedule: 'daily' }), {
    status: 500,
    message: "missing value for required option 'realm'\n",
  })
  await assert.rejects(ask(analyze, { schedule: 'sometimes' }), { status: 400 })
})

test('who joins a cluster is told of its hosts and their fingerprints', async () => {
  const { call, ask, world } = checkedWorld()
  world.cluster.fingerprints.set('pve1', 'AA:BB')
  const { nodelist, totem } = (await call('GET /cluster/config/join')) as { nodelist: Facts[]; totem: Facts }
  assert.deepEqual([nodelist[0]?.['name'], nodelist[0]?.['pve_fp'], nodelist.length], ['pve1', 'AA:BB', 2])
  assert.deepEqual(await ask('GET /cluster/config/totem'), totem)
  assert.deepEqual(await ask('GET /cluster/config/qdevice'), {})
  world.hosts.delete('pve2')
  await assert.rejects(call('GET /cluster/config/join'), { status: 424 })
})
