import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCa } from '../../pki.ts'
import { keepClusterLog } from '../cluster/log.ts'
import { checkedWorld } from '../test-answers.ts'

const HOST = '/nodes/pve1'
const NOBODY = { user: 'nobody@pve' }

type Facts = Record<string, unknown>

test('services are stopped and started, on one host', async () => {
  const { ask, task } = checkedWorld()
  const services = `${HOST}/services`
  const stateOf = async (host: string, service: string): Promise<unknown> =>
    ((await ask(`GET /nodes/${host}/services/${service}/state`)) as Facts)['active-state']
  const all = (await ask(`GET ${services}`)) as Facts[]
  assert.ok(all.some(({ service, state }) => service === 'corosync' && state === 'running'))
  assert.ok(all.some(({ service, 'unit-state': unit }) => service === 'syslog' && unit === 'not-found'))
  assert.equal((await task(`POST ${services}/cron/stop`)).exitstatus, 'OK')
  assert.deepEqual([await stateOf('pve1', 'cron'), await stateOf('pve2', 'cron')], ['inactive', 'active'])
  await assert.rejects(ask(`POST ${services}/cron/reload`), /it is not active/)
  assert.equal((await task(`POST ${services}/cron/start`)).exitstatus, 'OK')
  assert.equal((await task(`POST ${services}/cron/restart`)).exitstatus, 'OK')
  assert.equal((await task(`POST ${services}/cron/reload`)).exitstatus, 'OK')
  assert.equal(await stateOf('pve1', 'cron'), 'active')
  assert.equal(
    (await task(`POST ${services}/syslog/start`)).exitstatus,
    "command 'systemctl start syslog' failed: exit code 5",
  )
  await assert.rejects(ask(`POST ${services}/pveproxy/stop`), /cannot stop service 'pveproxy'/)
  await assert.rejects(ask(`POST ${services}/nosuch/stop`), { status: 400 })
  await assert.rejects(ask(`POST ${services}/cron/stop`, {}, NOBODY), { status: 403 })
  assert.equal(((await ask(`GET ${services}/cron`)) as unknown[]).length, 5)
})

test('name servers, names of hosts and the time zone are each host’s own', async () => {
  const { ask } = checkedWorld()
  await ask(`PUT ${HOST}/dns`, { search: 'example.org', dns1: '192.0.2.53', dns2: '2001:db8::53' })
  assert.deepEqual(await ask(`GET ${HOST}/dns`), {
    search: 'example.org',
    dns1: '192.0.2.53',
    dns2: '2001:db8::53',
  })
  assert.deepEqual(await ask('GET /nodes/pve2/dns'), { search: 'lab.example', dns1: '192.0.2.1' })
  await assert.rejects(ask(`PUT ${HOST}/dns`, { search: 'x', dns1: 'nowhere' }), { status: 400 })
  await assert.rejects(ask(`PUT ${HOST}/dns`, { dns1: '192.0.2.53' }), { status: 400 })

  const { data, digest } = (await ask(`GET ${HOST}/hosts`)) as { data: string; digest: string }
  await ask(`POST ${HOST}/hosts`, { data: `${data}192.0.2.99 printer\n`, digest })
  const after = (await ask(`GET ${HOST}/hosts`)) as { data: string; digest: string }
  assert.match(after.data, /printer\n$/)
  await assert.rejects(ask(`POST ${HOST}/hosts`, { data: '', digest }), /detected modified configuration/)

  await ask(`PUT ${HOST}/time`, { timezone: 'Asia/Tokyo' })
  const time = (await ask(`GET ${HOST}/time`)) as { timezone: string; time: number; localtime: number }
  assert.deepEqual([time.timezone, time.localtime - time.time], ['Asia/Tokyo', 9 * 3600])
  assert.equal(((await ask('GET /nodes/pve2/time')) as Facts)['timezone'], 'Etc/UTC')
  await assert.rejects(ask(`PUT ${HOST}/time`, { timezone: 'Middle/Earth' }), {
    status: 500,
    message: "No such timezone 'Middle/Earth'\n",
  })
  for (const [request, params] of [
    [`PUT ${HOST}/time`, { timezone: 'Asia/Tokyo' }],
    [`PUT ${HOST}/dns`, { search: 'x' }],
    [`POST ${HOST}/hosts`, { data: '' }],
  ] as const)
    await assert.rejects(ask(request, params, NOBODY), { status: 403 })
})

test('a host’s log tells of its tasks, by time, place and program', async () => {
  const { ask, task, world } = checkedWorld()
  const stop = keepClusterLog(world)
  for (const service of ['cron', 'postfix', 'sshd']) await task(`POST ${HOST}/services/${service}/restart`)
  await task('POST /nodes/pve2/services/cron/restart')
  stop()
  const lines = (await ask(`GET ${HOST}/syslog`)) as { n: number; t: string }[]
  assert.equal(lines.length, 6)
  assert.match(
    lines[0]?.t ?? '',
    /^\w{3} \d\d \d\d:\d\d:\d\d pve1 pvedaemon\[\d+\]: <root@pam> starting task UPID:pve1:/,
  )
  assert.deepEqual(
    ((await ask(`GET ${HOST}/syslog`, { start: '4', limit: '1' })) as Facts[]).map(({ n }) => n),
    [5],
  )
  assert.deepEqual(await ask(`GET ${HOST}/syslog`, { service: 'sshd' }), [])
  assert.deepEqual(await ask(`GET ${HOST}/syslog`, { until: '2020-01-01' }), [])
  assert.equal(((await ask(`GET ${HOST}/syslog`, { since: '2020-01-01 00:00' })) as unknown[]).length, 6)
  const journal = (await ask(`GET ${HOST}/journal`, { lastentries: '2' })) as string[]
  assert.equal(journal.length, 4)
  const [first = '', , , last = ''] = journal
  assert.match(first, /^s=/)
  const rest = (await ask(`GET ${HOST}/journal`, { startcursor: last })) as string[]
  assert.deepEqual([rest.length, rest[1]], [3, journal[2]])
  await assert.rejects(ask(`GET ${HOST}/journal`, {}, NOBODY), { status: 403 })
})

test('sources of packages are added, and switched off', async () => {
  const { ask, task } = checkedWorld()
  const repositories = `${HOST}/apt/repositories`
  const statusOf = async (handle: string): Promise<unknown> =>
    ((await ask(`GET ${repositories}`)) as { 'standard-repos': Facts[] })['standard-repos'].find(
      (each) => each['handle'] === handle,
    )?.['status']
  assert.deepEqual([await statusOf('enterprise'), await statusOf('no-subscription')], [1, undefined])
  const { digest } = (await ask(`GET ${repositories}`)) as { digest: string }
  await ask(`PUT ${repositories}`, { handle: 'no-subscription', digest })
  await ask(`POST ${repositories}`, {
    path: '/etc/apt/sources.list.d/pve-enterprise.sources',
    index: '0',
    enabled: '0',
  })
  assert.deepEqual([await statusOf('enterprise'), await statusOf('no-subscription')], [0, 1])
  for (const [request, params, message] of [
    [
      `PUT ${repositories}`,
      { handle: 'no-subscription' },
      "repository 'no-subscription' is already configured\n",
    ],
    [`PUT ${repositories}`, { handle: 'nosuch' }, "unknown repository handle 'nosuch'\n"],
    [`POST ${repositories}`, { path: '/nowhere', index: '0' }, "invalid path '/nowhere'\n"],
    [
      `POST ${repositories}`,
      { path: '/etc/apt/sources.list.d/proxmox.sources', index: '4' },
      "invalid index '4'\n",
    ],
    [
      `PUT ${repositories}`,
      { handle: 'test', digest },
      'detected modified configuration - file changed by other user? Try again.\n',
    ],
  ] as const)
    await assert.rejects(ask(request, params), { status: 500, message })
  assert.equal((await task(`POST ${HOST}/apt/update`)).exitstatus, 'OK')
  await assert.rejects(ask(`POST ${HOST}/apt/update`, {}, NOBODY), { status: 403 })
})

test('a template for containers is fetched into a storage, once', async () => {
  const { ask, task } = checkedWorld()
  const [{ template } = { template: '' }] = (await ask(`GET ${HOST}/aplinfo`)) as { template: string }[]
  const fetched = await task(`POST ${HOST}/aplinfo`, { storage: 'local', template })
  assert.equal(fetched.exitstatus, 'OK', fetched.log.join('\n'))
  const content = (await ask(`GET ${HOST}/storage/local/content`, { content: 'vztmpl' })) as Facts[]
  assert.deepEqual(
    content.map(({ volid }) => volid),
    [`local:vztmpl/${template}`],
  )
  assert.match(
    (await task(`POST ${HOST}/aplinfo`, { storage: 'local', template })).log.join('\n'),
    /no need to download/,
  )
  await assert.rejects(ask(`POST ${HOST}/aplinfo`, { storage: 'local', template: 'nosuch' }), {
    status: 400,
    errors: { template: 'no such template' },
  })
  await assert.rejects(
    ask(`POST ${HOST}/aplinfo`, { storage: 'shared', template }),
    /does not support templates/,
  )
})

test('a host tells which volume groups it has', async () => {
  const { ask } = checkedWorld()
  assert.deepEqual(await ask(`GET ${HOST}/scan/lvm`), [{ vg: 'pve' }])
  assert.deepEqual(await ask(`GET ${HOST}/scan/lvmthin`, { vg: 'pve' }), [{ lv: 'data' }])
  await assert.rejects(ask(`GET ${HOST}/scan/lvmthin`, { vg: 'nosuch' }), /Volume group "nosuch" not found/)
  await assert.rejects(ask(`GET ${HOST}/scan/lvm`, {}, NOBODY), { status: 403 })
})

test('interfaces are changed in a file that waits, which is applied or thrown away', async () => {
  const { ask, call, task } = checkedWorld()
  const network = `${HOST}/network`
  await ask(`POST ${network}`, { iface: 'vmbr9', type: 'bridge', autostart: '1', comments: 'for tests' })
  await assert.rejects(ask(`POST ${network}`, { iface: 'vmbr9', type: 'bridge' }), {
    message: 'interface already exists\n',
  })
  await ask(`PUT ${network}/vmbr9`, { type: 'bridge', cidr: '198.51.100.1/24' })
  const one = (await ask(`GET ${network}/vmbr9`)) as Facts
  assert.deepEqual([one['type'], one['method'], one['cidr']], ['bridge', 'static', '198.51.100.1/24'])
  const { extra } = (await call(`GET ${network}`)) as { extra: { changes: string } }
  assert.match(extra.changes, /\+iface vmbr9 inet static/)
  assert.equal((await task(`PUT ${network}`)).exitstatus, 'OK')
  assert.equal(((await ask(`GET ${network}`)) as Facts[]).filter(({ iface }) => iface === 'vmbr9').length, 1)
  await ask(`DELETE ${network}/vmbr9`)
  await assert.rejects(ask(`GET ${network}/vmbr9`), { message: 'interface does not exist\n' })
  await ask(`DELETE ${network}`)
  assert.equal(((await ask(`GET ${network}/vmbr9`)) as Facts)['type'], 'bridge')
  for (const request of [`PUT ${network}/nosuch`, `DELETE ${network}/nosuch`])
    await assert.rejects(ask(request, request.startsWith('PUT') ? { type: 'bridge' } : {}), {
      message: 'interface does not exist\n',
    })
  await assert.rejects(ask(`DELETE ${network}/vmbr9`, {}, NOBODY), { status: 403 })
})

test('a host that is on wakes nobody', async () => {
  const { ask } = checkedWorld()
  await assert.rejects(ask(`POST ${HOST}/wakeonlan`), {
    message: "'pve1' is local node, cannot wake my self!\n",
  })
  await assert.rejects(ask('POST /nodes/pve2/wakeonlan'), {
    message: "No wake on LAN MAC address defined for 'pve2'!\n",
  })
})

test('a host is turned off with what ran on it, and woken', async () => {
  const { ask, task, world } = checkedWorld()
  await task('POST /nodes/pve2/qemu', { vmid: '100' })
  await task('POST /nodes/pve2/qemu/100/status/start')
  assert.equal(await ask('POST /nodes/pve2/status', { command: 'shutdown' }), null)
  while (world.hosts.get('pve2')?.online) await world.clock.sleep(1000)
  assert.equal(world.vms.get(100)?.running, false)
  await ask('PUT /nodes/pve2/config', { wakeonlan: '00:00:5E:00:53:01' })
  assert.equal(await ask('POST /nodes/pve2/wakeonlan'), '00:00:5E:00:53:01')
  while (!world.hosts.get('pve2')?.online) await world.clock.sleep(1000)
  await assert.rejects(ask(`POST ${HOST}/status`, { command: 'explode' }), { status: 400 })
  await assert.rejects(ask(`POST ${HOST}/status`, { command: 'reboot' }, NOBODY), { status: 403 })
})

test('a host keeps a certificate that it is given, with its key', async () => {
  const { ask } = checkedWorld()
  const { certPem, keyPem } = await createCa({ commonName: 'pve1.example' })
  const other = await createCa({ commonName: 'other.example' })
  const custom = `${HOST}/certificates/custom`
  const files = async (): Promise<unknown[]> =>
    ((await ask(`GET ${HOST}/certificates/info`)) as Facts[]).map(({ filename }) => filename)
  await assert.rejects(ask(`POST ${custom}`, { certificates: certPem }), /no private key given/)
  await assert.rejects(
    ask(`POST ${custom}`, { certificates: certPem, key: other.keyPem }),
    /do not belong together/,
  )
  const info = (await ask(`POST ${custom}`, { certificates: certPem, key: keyPem })) as Facts
  assert.deepEqual([info['filename'], info['subject']], ['pveproxy-ssl.pem', '/CN=pve1.example'])
  await assert.rejects(ask(`POST ${custom}`, { certificates: certPem }), /force flag is not set/)
  await ask(`POST ${custom}`, { certificates: certPem, force: '1' })
  assert.deepEqual(await files(), ['pveproxy-ssl.pem'])
  await ask(`DELETE ${custom}`)
  assert.deepEqual(await files(), [])
  await assert.rejects(ask(`DELETE ${custom}`, {}, NOBODY), { status: 403 })
})

test('a host keeps its key for support, which nobody checks', async () => {
  const { ask } = checkedWorld()
  const subscription = `${HOST}/subscription`
  assert.equal(((await ask(`GET ${subscription}`)) as Facts)['status'], 'notfound')
  assert.equal(await ask(`POST ${subscription}`), null)
  await ask(`PUT ${subscription}`, { key: 'pve2c-0123456789' })
  const known = (await ask(`GET ${subscription}`)) as Facts
  assert.deepEqual([known['status'], known['key']], ['new', 'pve2c-0123456789'])
  await assert.rejects(ask(`POST ${subscription}`), /cannot be reached/)
  await assert.rejects(ask(`PUT ${subscription}`, { key: 'mine' }), { status: 400 })
  await ask(`DELETE ${subscription}`)
  assert.equal(((await ask(`GET ${subscription}`)) as Facts)['key'], undefined)
})
