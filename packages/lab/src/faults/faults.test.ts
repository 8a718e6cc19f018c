import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Agent } from 'node:https'
import { request } from 'node:https'
import { connect } from 'node:tls'
import { afterEach, before, after, test } from 'node:test'
import { gvr } from '../kamaji/vocabulary.ts'
import { startLab } from '../lab.ts'
import type { Lab } from '../lab.ts'
import { eventually } from '../test-eventually.ts'
import { lastingPort } from '../state/ports.ts'
import type { FaultSpec } from './spec.ts'

let lab: Lab
const problems: string[] = []
before(async () => {
  lab = await startLab({
    // While a server is away nobody else may get its port by chance.
    ports: { proxmox: await lastingPort(), kubernetes: await lastingPort() },
    speed: 100,
    log: (text) => problems.push(text),
  })
})
afterEach(() => lab.faults.clear())
after(() => lab.stop())

interface Answer {
  readonly status: number
  readonly reason: string
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: string
}

/** Calls one of the back ends. Rejects where there is no answer within `timeout` ms. */
function call(
  side: 'proxmox' | 'kubernetes',
  method: string,
  path: string,
  options: {
    body?: string
    type?: string
    timeout?: number
    authorization?: string
    agent?: Agent
    /** Called when the answer begins. */
    onHead?: () => void
  } = {},
): Promise<Answer> {
  const env = lab.environment
  const base = side === 'proxmox' ? `${env['PROXMOX_URL']}/api2/json` : (env['KAMAJI_URL'] ?? '')
  const authorization =
    options.authorization ??
    (side === 'proxmox'
      ? `PVEAPIToken=${env['PROXMOX_TOKEN_ID']}=${env['PROXMOX_SECRET']}`
      : `Bearer ${env['KAMAJI_TOKEN']}`)
  return new Promise((resolve, reject) => {
    const outgoing = request(
      base + path,
      {
        method,
        agent: options.agent ?? false,
        ca: readFileSync(env[side === 'proxmox' ? 'PROXMOX_CA' : 'KAMAJI_CA'] ?? ''),
        ...(options.timeout === undefined ? {} : { signal: AbortSignal.timeout(options.timeout) }),
        headers: {
          authorization,
          ...(options.body === undefined
            ? {}
            : {
                'content-type':
                  options.type ??
                  (side === 'proxmox' ? 'application/x-www-form-urlencoded' : 'application/json'),
                'content-length': Buffer.byteLength(options.body),
              }),
        },
      },
      (response) => {
        options.onHead?.()
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (body += chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            reason: response.statusMessage ?? '',
            headers: response.headers,
            body,
          }),
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end(options.body)
  })
}

const data = <T>(answer: Answer): T => (JSON.parse(answer.body) as { data: T }).data

/** How a Proxmox task ended. */
async function ending(upid: string): Promise<string> {
  const node = upid.split(':')[1] ?? ''
  const path = `/nodes/${node}/tasks/${encodeURIComponent(upid)}/status`
  for (;;) {
    const { status, exitstatus } = data<{ status: string; exitstatus?: string }>(
      await call('proxmox', 'GET', path),
    )
    if (status === 'stopped') return exitstatus ?? ''
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const add = (spec: FaultSpec): Promise<{ id: string }> => lab.faults.add(spec)
const CLONE = '/nodes/{node}/qemu/{vmid}/clone'
const clone = (newid: number, timeout?: number): Promise<Answer> =>
  call('proxmox', 'POST', '/nodes/pve1/qemu/9000/clone', {
    body: `newid=${newid}&full=1`,
    ...(timeout === undefined ? {} : { timeout }),
  })
/** Tries what has to happen within a time that is short, and with a longer one where this process was too slow for it. */
async function whileItLasts(within: (ms: number) => Promise<boolean>): Promise<void> {
  for (const ms of [100, 1000, 10_000]) if (await within(ms)) return
  assert.fail('it does not hold for ten seconds')
}

const exists = (vmid: number): boolean => lab.proxmox.world.vms.has(vmid)

test('an answer before the effect leaves everything as it was, one after it does not', async () => {
  await add({
    on: { backEnd: 'proxmox', method: 'POST', path: CLONE },
    when: { times: 1 },
    what: { kind: 'answer', status: 595, reason: 'Connection refused' },
  })
  const refused = await clone(501)
  assert.deepEqual([refused.status, refused.reason, refused.body], [595, 'Connection refused', ''])
  assert.equal(exists(501), false)
  const { id } = await add({
    on: { backEnd: 'proxmox', path: CLONE, node: 'pve1', vmid: 9000 },
    what: { kind: 'answer', at: 'after', status: 596, reason: 'Broken pipe' },
  })
  assert.equal((await clone(502)).status, 596)
  await eventually('the clone', () => exists(502))
  assert.deepEqual(
    lab.faults.list().map(({ struck, state }) => [struck, state]),
    [
      [1, 'spent'],
      [1, 'active'],
    ],
  )
  assert.equal(await lab.faults.clear(id), 1)
  assert.equal(await lab.faults.clear(id), 0)
})

test('the n-th, a share and a time are counted over fitting requests only', async () => {
  await add({
    on: { backEnd: 'proxmox', path: '/version' },
    when: { nth: 3 },
    what: { kind: 'answer', status: 500 },
  })
  const statuses = []
  for (let turn = 0; turn < 5; turn++) {
    await call('proxmox', 'GET', '/nodes')
    statuses.push((await call('proxmox', 'GET', '/version')).status)
  }
  assert.deepEqual(statuses, [200, 200, 500, 200, 200])
  await lab.faults.clear()
  const series = async (): Promise<string> => {
    await add({
      on: { backEnd: 'proxmox', path: '/version' },
      when: { share: 0.5, seed: 7 },
      what: { kind: 'answer', status: 500 },
    })
    let text = ''
    for (let turn = 0; turn < 20; turn++)
      text += (await call('proxmox', 'GET', '/version')).status === 500 ? 'x' : '.'
    await lab.faults.clear()
    return text
  }
  const first = await series()
  assert.match(first, /x/)
  assert.match(first, /\./)
  assert.equal(await series(), first)
  await whileItLasts(async (ms) => {
    await add({
      on: { backEnd: 'proxmox', path: '/version' },
      when: { for: ms },
      what: { kind: 'answer', status: 500 },
    })
    return (await call('proxmox', 'GET', '/version')).status === 500
  })
  await eventually('its time is over', () => lab.faults.list().every(({ state }) => state === 'over'))
  assert.equal((await call('proxmox', 'GET', '/version')).status, 200)
})

test('a delay delays, a hang lasts until the client gives up, a reset breaks the connection', async () => {
  const on = { backEnd: 'proxmox', path: '/version' } as const
  await add({ on, when: { times: 1 }, what: { kind: 'delay', ms: 120 } })
  const begun = performance.now()
  await call('proxmox', 'GET', '/version')
  assert.ok(performance.now() - begun >= 119)
  await add({ on, when: { times: 1 }, what: { kind: 'hang' } })
  await assert.rejects(call('proxmox', 'GET', '/version', { timeout: 150 }), /abort/i)
  await add({ on, when: { times: 1 }, what: { kind: 'reset' } })
  await assert.rejects(call('proxmox', 'GET', '/version'), /hang up|ECONNRESET/)
  await add({
    on: { backEnd: 'proxmox', path: CLONE },
    when: { times: 1 },
    what: { kind: 'reset', at: 'after' },
  })
  await assert.rejects(clone(503), /hang up|ECONNRESET/)
  await eventually('the clone of the lost answer', () => exists(503))
})

test('an upload that is cut in the middle leaves no image', async () => {
  await add({
    on: { backEnd: 'proxmox', path: '/nodes/*/storage/local/upload', storage: 'local' },
    what: { kind: 'reset', at: 'during' },
  })
  const body = `--b\r\nContent-Disposition: form-data; name="content"\r\n\r\niso\r\n--b\r\nContent-Disposition: form-data; name="filename"; filename="cut.iso"\r\n\r\n${'x'.repeat(200_000)}\r\n--b--\r\n`
  await assert.rejects(
    call('proxmox', 'POST', '/nodes/pve1/storage/local/upload', {
      body,
      type: 'multipart/form-data; boundary=b',
    }),
    /hang up|ECONNRESET|EPIPE/,
  )
  assert.equal(lab.proxmox.world.volumes.has('pve1/local:iso/cut.iso'), false)
})

test('a task fails before its work or after it, hangs until it is stopped or the fault is cleared, and ends in warnings', async () => {
  const on = { backEnd: 'proxmox', task: 'qmclone' } as const
  await add({ on, when: { times: 1 }, what: { kind: 'task-fails', exit: 'no space left on device' } })
  assert.equal(await ending(data(await clone(511))), 'no space left on device')
  assert.equal(exists(511), false)
  await add({ on, when: { times: 1 }, what: { kind: 'task-fails', at: 'after', exit: 'unexpected' } })
  assert.equal(await ending(data(await clone(512))), 'unexpected')
  assert.equal(exists(512), true)
  await add({ on, when: { times: 1 }, what: { kind: 'task-warns', text: 'a warning' } })
  assert.equal(await ending(data(await clone(513))), 'WARNINGS: 1')
  const { id } = await add({ on, when: { times: 1 }, what: { kind: 'task-hangs' } })
  const upid = data<string>(await clone(514))
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(lab.proxmox.world.tasks.get(upid)?.exitstatus, undefined)
  await lab.faults.clear(id)
  assert.equal(await ending(upid), 'OK')
  await add({ on, what: { kind: 'task-hangs' } })
  const stopped = data<string>(await clone(515))
  await call('proxmox', 'DELETE', `/nodes/pve1/tasks/${encodeURIComponent(stopped)}`)
  assert.match(await ending(stopped), /interrupt|unexpected status/)
})

test('a lost host answers as one that is off, and comes back', async () => {
  await add({ on: { backEnd: 'proxmox', node: 'pve2' }, what: { kind: 'host-lost' } })
  assert.equal((await call('proxmox', 'GET', '/nodes/pve2/qemu')).status, 595)
  assert.equal(lab.proxmox.world.vms.get(101)?.running, false)
  await lab.faults.clear()
  assert.equal((await call('proxmox', 'GET', '/nodes/pve2/qemu')).status, 200)
  await eventually('a guest with onboot is back', () => lab.proxmox.world.vms.get(101)?.running === true)
  await add({ on: { backEnd: 'proxmox', node: 'pve2' }, what: { kind: 'host-lost', vms: 'run' } })
  assert.equal(lab.proxmox.world.vms.get(101)?.running, true)
})

test('a host that was taken out of the cluster is in no list, its VMs are, and nobody answers for them', async () => {
  const on = { backEnd: 'proxmox', node: 'pve2' } as const
  const list = async (path: string): Promise<Record<string, unknown>[]> =>
    data(await call('proxmox', 'GET', path))
  const guest = lab.proxmox.world.vms.get(101)
  assert.equal(guest?.running, true)
  for (const vms of ['stop', 'run'] as const) {
    await add({ on, what: { kind: 'host-removed', vms } })
    assert.equal(guest.running, vms === 'run')
    assert.deepEqual(
      (await list('/nodes')).map(({ node }) => node),
      ['pve1', 'pve3'],
    )
    const [cluster, ...members] = await list('/cluster/status')
    assert.deepEqual([cluster?.['nodes'], cluster?.['quorate']], [2, 1])
    assert.deepEqual(
      members.map(({ name }) => name),
      ['pve1', 'pve3'],
    )
    const resources = await list('/cluster/resources')
    assert.deepEqual(
      resources
        .filter(({ node }) => node === 'pve2')
        .map(({ type, status }) => `${String(type)} ${String(status)}`),
      resources.filter(({ node, type }) => node === 'pve2' && type === 'qemu').map(() => 'qemu unknown'),
    )
    const seen = resources.find(({ vmid }) => vmid === 101)
    assert.deepEqual([seen?.['node'], seen?.['status'], seen?.['template']], ['pve2', 'unknown', undefined])
    const asked = await call('proxmox', 'GET', '/nodes/pve2/qemu/101/config')
    assert.equal(asked.status, 500)
    assert.match(
      asked.body,
      /hostname lookup 'pve2' failed - failed to get address info for: pve2: Name or service not known/,
    )
    assert.match((await call('proxmox', 'GET', '/nodes/pve1/qemu/101/config')).body, /does not exist/)
    await assert.rejects(
      lab.faults.add({ on: { ...on, node: 'pve3' }, what: { kind: 'host-removed' } }),
      /^FaultError: on.node: "pve3"; the other hosts must have the quorum without it$/,
    )
    await lab.faults.clear()
    assert.deepEqual(
      (await list('/nodes')).map(({ node }) => node),
      ['pve1', 'pve2', 'pve3'],
    )
    await eventually('its guest runs', () => guest.running)
  }
})

test('a full storage takes no clone and says so, and has room again', async () => {
  await add({ on: { backEnd: 'proxmox', storage: 'local-lvm' }, what: { kind: 'storage-full' } })
  const { avail } = data<{ avail: number }>(
    await call('proxmox', 'GET', '/nodes/pve1/storage/local-lvm/status'),
  )
  assert.equal(avail, 0)
  assert.match(await ending(data(await clone(521))), /clone failed: .*free space in thin pool/)
  assert.equal(exists(521), false)
  await lab.faults.clear()
  assert.equal(await ending(data(await clone(521))), 'OK')
})

test('a lock that somebody holds is waited for and given up, or named', async () => {
  const config = (): Promise<Answer> =>
    call('proxmox', 'PUT', '/nodes/pve3/qemu/102/config', { body: 'cores=2' })
  await add({ on: { backEnd: 'proxmox', vmid: 102 }, what: { kind: 'lock-held' } })
  assert.match(
    (await config()).body,
    /can't lock file '\/var\/lock\/qemu-server\/lock-102.conf' - got timeout/,
  )
  await lab.faults.clear()
  assert.equal((await config()).status, 200)
  await add({ on: { backEnd: 'proxmox', vmid: 102 }, what: { kind: 'lock-held', lock: 'backup' } })
  assert.match(
    await call('proxmox', 'POST', '/nodes/pve3/qemu/102/status/start', { body: '' }).then((answer) =>
      ending(data(answer)),
    ),
    /VM is locked \(backup\)/,
  )
  await lab.faults.clear()
  assert.equal(lab.proxmox.world.vms.get(102)?.config['lock'], undefined)
})

test('a token expires, is revoked, or loses one privilege, and is good again', async () => {
  const env = lab.environment
  const user = env['PROXMOX_LEAST_TOKEN_ID'] ?? ''
  const authorization = `PVEAPIToken=${user}=${env['PROXMOX_LEAST_SECRET']}`
  const list = (): Promise<Answer> => call('proxmox', 'GET', '/cluster/resources?type=vm', { authorization })
  const count = data<unknown[]>(await list()).length
  assert.ok(count > 5)
  for (const kind of ['token-expired', 'token-revoked'] as const) {
    await add({ on: { backEnd: 'proxmox', user }, what: { kind } })
    assert.equal((await list()).status, 401)
    await lab.faults.clear()
    assert.equal((await list()).status, 200)
  }
  await add({ on: { backEnd: 'proxmox', user }, what: { kind: 'token-loses', privilege: 'VM.Audit' } })
  assert.deepEqual(data(await list()), [])
  await lab.faults.clear()
  assert.equal(data<unknown[]>(await list()).length, count)
  await add({
    on: { backEnd: 'kubernetes', user: 'kubernetes-admin' },
    when: { for: 10_000 },
    what: { kind: 'token-expired' },
  })
  assert.equal((await call('kubernetes', 'GET', '/api/v1/namespaces')).status, 401)
})

test('Kubernetes answers 409, 410 and 429 with Retry-After when asked to, before the effect or after', async () => {
  const path = '/api/v1/namespaces/default/configmaps'
  const create = (name: string): Promise<Answer> =>
    call('kubernetes', 'POST', path, { body: JSON.stringify({ metadata: { name } }) })
  await add({
    on: { backEnd: 'kubernetes', method: 'POST', path: '/api/v1/namespaces/{namespace}/configmaps' },
    when: { times: 1 },
    what: { kind: 'answer', status: 429, headers: { 'Retry-After': '2' } },
  })
  const busy = await create('one')
  assert.deepEqual([busy.status, busy.headers['retry-after']], [429, '2'])
  assert.equal((JSON.parse(busy.body) as { reason: string }).reason, 'TooManyRequests')
  assert.equal((await call('kubernetes', 'GET', `${path}/one`)).status, 404)
  await add({
    on: { backEnd: 'kubernetes', method: 'POST' },
    when: { times: 1 },
    what: { kind: 'answer', at: 'after', status: 500 },
  })
  assert.equal((await create('two')).status, 500)
  assert.equal((await call('kubernetes', 'GET', `${path}/two`)).status, 200)
  await add({
    on: { backEnd: 'kubernetes', method: 'POST' },
    when: { times: 1 },
    what: { kind: 'reset', at: 'after' },
  })
  await assert.rejects(create('three'), /hang up|ECONNRESET/)
  assert.equal((await call('kubernetes', 'GET', `${path}/three`)).status, 200)
})

test('open watches drop: broken, ended, or with the event of an expired version', async () => {
  const watch = (onHead = (): void => {}): Promise<Answer> =>
    call('kubernetes', 'GET', '/api/v1/namespaces?watch=true', { timeout: 60_000, onHead })
  const dropping = async (how: 'reset' | 'end' | 'expired'): Promise<Answer> => {
    const begun = Promise.withResolvers<void>()
    const watching = watch(begun.resolve)
    watching.catch(begun.reject)
    await begun.promise
    await add({
      on: { backEnd: 'kubernetes', path: '/api/v1/namespaces' },
      what: { kind: 'watch-drops', how },
    })
    assert.equal(lab.faults.list().at(-1)?.struck, 1)
    return watching
  }
  await assert.rejects(dropping('reset'), /aborted|ECONNRESET/)
  assert.equal((await dropping('end')).status, 200)
  assert.match((await dropping('expired')).body, /"type":"ERROR".*"code":410/)
  await add({ on: { backEnd: 'kubernetes', method: 'WATCH' } as never, what: { kind: 'watch-drops' } }).then(
    () => assert.fail('a watch has no method'),
    (error: Error) => assert.match(error.message, /^on.method: "WATCH"; what goes with watch-drops/),
  )
  await add({
    on: { backEnd: 'kubernetes' },
    when: { times: 1 },
    what: { kind: 'watch-drops', how: 'end', after: 30 },
  })
  const later = lab.faults.list().at(-1)?.struck === 0 ? await watch() : undefined
  assert.ok(later === undefined || later.status === 200)
})

test('a server goes away for a time and listens again at its address', async () => {
  for (const backEnd of ['kubernetes', 'proxmox'] as const) {
    const path = '/version'
    await whileItLasts(async (ms) => {
      await add({ on: { backEnd }, when: { for: ms }, what: { kind: 'api-away' } })
      return call(backEnd, 'GET', path).then(
        () => false,
        (error: Error) => /ECONNREFUSED/.test(error.message),
      )
    })
    await eventually('its time is over', () => lab.faults.list().every(({ state }) => state === 'over'))
    // It listens a moment after its time is over.
    let status = 0
    for (const end = Date.now() + 60_000; status === 0 && Date.now() < end;)
      status = await call(backEnd, 'GET', path).then(
        (answer) => answer.status,
        () => 0,
      )
    assert.equal(status, 200)
  }
})

test('a certificate expires under the same name and key, and is good again', async () => {
  for (const backEnd of ['kubernetes', 'proxmox'] as const) {
    await add({ on: { backEnd }, what: { kind: 'certificate-expired' } })
    await assert.rejects(call(backEnd, 'GET', '/version'), /expired/)
    await lab.faults.clear()
    assert.equal((await call(backEnd, 'GET', '/version')).status, 200)
  }
})

test('a clock is wrong by what was asked for', async () => {
  await add({ on: { backEnd: 'proxmox' }, what: { kind: 'clock-offset', ms: -300_000 } })
  const asked = Date.now()
  const { headers } = await call('proxmox', 'GET', '/version')
  const told = Date.parse(String(headers['date'])) + 300_000
  // It is told in whole seconds.
  assert.ok(told > asked - 1000 && told <= Date.now(), `${asked} ${told}`)
  const created = await call('kubernetes', 'POST', '/api/v1/namespaces', {
    body: '{"metadata":{"name":"in-time"}}',
  })
  const { metadata } = JSON.parse(created.body) as { metadata: { creationTimestamp: string } }
  const made = Date.parse(metadata.creationTimestamp)
  assert.ok(made > asked - 1000 && made <= Date.now(), `${asked} ${made}`)
})

test('a guest turns itself off', async () => {
  const vm = lab.proxmox.world.vms.get(100)
  assert.equal(vm?.running, true)
  await add({ on: { backEnd: 'proxmox', vmid: 100 }, what: { kind: 'guest-stops' } })
  assert.equal(vm?.running, false)
  await ending(data(await call('proxmox', 'POST', '/nodes/pve1/qemu/100/status/start', { body: '' })))
  await eventually('it is off again', () => !vm?.running)
})

test('a tenant’s API server goes away, and only it', async () => {
  const { store } = lab.management.api
  store.create(gvr.tenantControlPlanes, {
    metadata: { name: 'shop', namespace: 'default' },
    spec: {
      controlPlane: { deployment: { replicas: 1 }, service: { serviceType: 'LoadBalancer' } },
      kubernetes: { version: 'v1.30.4', kubelet: { cgroupfs: 'systemd' } },
      networkProfile: { port: 6443 },
      addons: { coreDNS: {}, kubeProxy: {} },
    },
  })
  const tenant = await eventually(
    'its server',
    () => lab.management.tenants.find('default', 'shop'),
    () => problems.join(),
  )
  const answers = (): Promise<boolean> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(tenant.api.url)
      const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
  assert.equal(await answers(), true)
  await assert.rejects(
    add({ on: { backEnd: 'tenant', tenant: 'default/none' }, what: { kind: 'api-away' } }),
    /^FaultError: on.tenant: "default\/none"; there must be a control plane that runs$/,
  )
  await add({ on: { backEnd: 'tenant', tenant: 'default/shop' }, what: { kind: 'api-away' } })
  assert.equal(await answers(), false)
  assert.equal((await call('kubernetes', 'GET', '/version')).status, 200)
  await lab.faults.clear()
  assert.equal(await answers(), true)
})

test('what cannot be is refused with field, value and rule', async () => {
  const refusals: [object, RegExp][] = [
    [{}, /^what: is not given; it must be an object$/],
    [
      { on: { backEnd: 'proxmox' }, what: { kind: 'explode' } },
      /^what.kind: "explode"; it must be one of answer, delay, /,
    ],
    [
      { on: { backEnd: 'proxmox' }, what: { kind: 'answer', status: 1000 } },
      /^what.status: 1000; it must be a whole number from 200 to 599$/,
    ],
    [
      { on: { backEnd: 'moon' }, what: { kind: 'hang' } },
      /^on.backEnd: "moon"; it must be one of proxmox, kubernetes, tenant$/,
    ],
    [
      { on: { backEnd: 'proxmox', path: 'version' }, what: { kind: 'hang' } },
      /^on.path: "version"; it must be a path that begins with \//,
    ],
    [
      { on: { backEnd: 'proxmox' }, when: { share: 2 }, what: { kind: 'hang' } },
      /^when.share: 2; it must be a number greater than 0/,
    ],
    [
      { on: { backEnd: 'proxmox' }, when: { for: 'long' }, what: { kind: 'hang' } },
      /^when.for: "long"; it must be a time like 250ms/,
    ],
    [
      { on: { backEnd: 'proxmox' }, what: { kind: 'host-lost' } },
      /^on.node: is not given; host-lost must name one$/,
    ],
    [
      { on: { backEnd: 'proxmox', node: 'pve9' }, what: { kind: 'host-lost' } },
      /^on.node: "pve9"; there is none; there are: pve1, pve2, pve3$/,
    ],
    [
      { on: { backEnd: 'proxmox', user: 'a@pve' }, what: { kind: 'token-loses', privilege: 'VM.Fly' } },
      /^what.privilege: "VM.Fly"; it must be one of Datastore/,
    ],
    [
      { on: { backEnd: 'proxmox', vmid: 100 }, what: { kind: 'lock-held', lok: 1 } },
      /^what.lok: 1; there is no such field; there are: kind, lock$/,
    ],
  ]
  for (const [spec, message] of refusals)
    await assert.rejects(lab.faults.add(spec as FaultSpec), (error: Error) => {
      assert.equal(error.name, 'FaultError')
      assert.match(error.message, message)
      return true
    })
  assert.deepEqual(lab.faults.list(), [])
})

test('the same is asked for over HTTP, by who has the token', async () => {
  const { LAB_URL: url = '', LAB_TOKEN: token = '' } = lab.environment
  const ask = async (
    method: string,
    path: string,
    body?: string,
    bearer = token,
  ): Promise<[number, unknown]> => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${bearer}` },
      ...(body === undefined ? {} : { body }),
    })
    return [response.status, await response.json()]
  }
  assert.equal((await ask('GET', '/faults', undefined, 'wrong'))[0], 401)
  const spec = {
    on: { backEnd: 'proxmox', path: '/version' },
    what: { kind: 'answer', status: 503 },
    when: { for: '1h' },
  }
  const [status, fault] = await ask('POST', '/faults', JSON.stringify(spec))
  assert.equal(status, 201)
  const { id, when } = fault as { id: string; when: object }
  assert.deepEqual(when, { for: 3_600_000 })
  assert.equal((await call('proxmox', 'GET', '/version')).status, 503)
  assert.deepEqual(await ask('GET', '/faults'), [200, { faults: lab.faults.list() }])
  assert.deepEqual(await ask('DELETE', `/faults/${id}`), [200, { cleared: 1 }])
  assert.equal((await ask('DELETE', `/faults/${id}`))[0], 404)
  assert.deepEqual(await ask('POST', '/faults', '{'), [
    422,
    { error: 'fault: "{"; it must be JSON', field: 'fault', value: '{', rule: 'it must be JSON' },
  ])
})
