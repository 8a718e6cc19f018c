import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { Agent, request } from 'node:https'
import { after, before, test } from 'node:test'
import { createLabClock } from '../clock.ts'
import { createCa, issueCertificate } from '../pki.ts'
import { proxmoxHandlers } from './handlers.ts'
import { createProxmoxServer, type ProxmoxServer } from './server.ts'
import { createProxmoxWorld } from './world.ts'

const SPEED = 100
const world = createProxmoxWorld(createLabClock(SPEED))
for (const [index, name] of ['pve1', 'pve2', 'pve3'].entries())
  world.hosts.set(name, {
    name,
    id: index + 1,
    address: `192.0.2.${11 + index}`,
    online: name !== 'pve2',
    cores: 4,
    memory: 8 * 1024 ** 3,
    bootedAt: Date.now() - 60_000,
  })
world.storages.set('local', {
  name: 'local',
  type: 'dir',
  path: '/var/lib/vz',
  content: ['iso', 'images'],
  shared: false,
  capacity: 2 * 1024 ** 2,
  speed: 1e9,
})
world.access.users.set('root@pam', { enable: true, groups: new Set(), password: 'secret' })
world.access.tokens.set('root@pam!ci', { secret: 'abc', privsep: false, expire: 0 })

/** A call that the schema knows, and that the lab is not to answer here. */
const { 'GET /nodes/{node}/time': _, ...handlers } = proxmoxHandlers

let server: ProxmoxServer
let agent: Agent

before(async () => {
  const ca = await createCa({ commonName: 'lab' })
  const pair = await issueCertificate(ca, { commonName: 'pve1', ips: ['127.0.0.1'], usages: ['server'] })
  server = await createProxmoxServer(world, { ...pair, handlers })
  agent = new Agent({ keepAlive: true, ca: ca.certPem, maxSockets: 4 })
})

after(async () => {
  agent.destroy()
  await server.close()
})

interface Got {
  status: number | undefined
  reason: string | undefined
  headers: Record<string, string | string[] | undefined>
  text: string
  json: { data?: unknown; message?: string; errors?: Record<string, string> }
}

const TOKEN = { authorization: 'PVEAPIToken=root@pam!ci=abc' }

function call(
  method: string,
  path: string,
  options: { headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const { body, headers = TOKEN } = options
    const sent = request(`${server.url}/api2/json${path}`, { method, agent, headers }, (message) => {
      const chunks: Buffer[] = []
      message.on('data', (chunk: Buffer) => chunks.push(chunk))
      message.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({
          status: message.statusCode,
          reason: message.statusMessage,
          headers: message.headers,
          text,
          json: text.startsWith('{') ? (JSON.parse(text) as Got['json']) : {},
        })
      })
    })
    sent.on('error', reject)
    if (body !== undefined) sent.setHeader('content-length', Buffer.byteLength(body))
    sent.end(body)
  })
}

test('a token is enough for reading and writing', async () => {
  assert.deepEqual((await call('GET', '/version')).json.data, {
    version: '9.1.9',
    release: '9.1',
    repoid: 'f40095996bcb6bf7',
  })
  const made = await call('POST', '/pools', {
    headers: { ...TOKEN, 'content-type': 'application/json' },
    body: '{"poolid":"web"}',
  })
  assert.deepEqual([made.status, made.json.data], [200, null])
  assert.equal(world.pools.has('web'), true)
})

test('the status line carries the error, the body adds what is wrong by parameter', async () => {
  const got = await call('GET', '/cluster/nextid?vmid=50')
  assert.equal(got.status, 400)
  assert.equal(got.reason, 'Parameter verification failed.')
  assert.deepEqual(got.json.errors, { vmid: 'invalid format - value does not look like a valid VM ID\n' })
  assert.equal(got.headers['connection'], 'close')
})

test('a wrong token is refused after three seconds of hardware time, with an empty body', async () => {
  const began = performance.now()
  const got = await call('GET', '/version', { headers: { authorization: 'PVEAPIToken=root@pam!ci=wrong' } })
  assert.deepEqual([got.status, got.reason, got.text], [401, 'Authentication failed!', ''])
  assert.ok(performance.now() - began >= 3000 / SPEED - 1)
})

test('a ticket writes only with its CSRF token', async () => {
  const form = 'username=root%40pam&password=secret'
  const login = await call('POST', '/access/ticket', { headers: {}, body: form })
  const { ticket, CSRFPreventionToken: csrf } = login.json.data as {
    ticket: string
    CSRFPreventionToken: string
  }
  const cookie = `PVEAuthCookie=${encodeURIComponent(ticket)}`
  const refused = await call('POST', '/pools', { headers: { cookie }, body: 'poolid=db' })
  assert.deepEqual([refused.status, refused.reason], [401, 'Permission denied - invalid csrf token'])
  const passed = await call('POST', '/pools', {
    headers: { cookie, CSRFPreventionToken: csrf },
    body: 'poolid=db',
  })
  assert.equal(passed.status, 200)
  const renewed = await call('POST', '/access/ticket', {
    headers: {},
    body: `username=root%40pam&password=${encodeURIComponent(ticket)}`,
  })
  assert.equal(renewed.status, 200)
})

test('what the schema knows and the lab does not emulate is not implemented, as what nobody knows', async () => {
  for (const path of ['/nodes/pve1/time', '/nodes/pve1/nonsense']) {
    const got = await call('GET', path)
    assert.deepEqual([got.status, got.reason], [501, `Method 'GET ${path}' not implemented`])
  }
})

test('a host that is off has no route, and one that does not exist no address', async () => {
  const off = await call('GET', '/nodes/pve2/status')
  assert.deepEqual([off.status, off.reason, off.text], [595, 'No route to host', ''])
  const none = await call('GET', '/nodes/pve9/status')
  assert.equal(none.status, 500)
  assert.match(none.reason ?? '', /^hostname lookup 'pve9' failed/)
})

test('while the host of the address is off another one answers there', async () => {
  const home = world.hosts.get('pve1') ?? assert.fail('no pve1')
  home.online = false
  try {
    assert.equal((await call('GET', '/nodes/pve1/version')).status, 595)
    assert.equal((await call('GET', '/nodes/pve3/version')).status, 200)
  } finally {
    home.online = true
  }
  assert.equal((await call('GET', '/nodes/pve1/version')).status, 200)
})

test('without most of its hosts a cluster changes nothing, and stops guests all the same', async () => {
  const third = world.hosts.get('pve3')
  assert.ok(third)
  third.online = false
  const wrong = await call('POST', '/pools', { body: 'poolid=late' })
  assert.equal(wrong.reason, "create pool failed: cfs-lock 'file-user_cfg' error: no quorum!")
  const created = await call('POST', '/nodes/pve1/qemu', { body: 'vmid=100' })
  assert.equal(created.reason, 'cluster not ready - no quorum?')
  assert.equal((await call('POST', '/nodes/pve1/qemu/100/status/stop')).status, 200)
  third.online = true
  assert.equal((await call('POST', '/pools', { body: 'poolid=late' })).status, 200)
})

function upload(name: string, content: Buffer): Promise<Got> {
  const body = Buffer.concat([
    Buffer.from(
      `--B\r\nContent-Disposition: form-data; name="content"\r\n\r\niso\r\n--B\r\nContent-Disposition: form-data; name="filename"; filename="${name}"\r\n\r\n`,
    ),
    content,
    Buffer.from('\r\n--B--\r\n'),
  ])
  const headers = { ...TOKEN, 'content-type': 'multipart/form-data; boundary=B' }
  return call('POST', '/nodes/pve1/storage/local/upload', { headers, body })
}

async function ended(upid: unknown): Promise<string> {
  const task = world.tasks.get(String(upid as string))
  await task?.done
  return task?.exitstatus ?? 'no task'
}

test('an upload becomes a volume that is read back whole, and the next one overwrites it', async () => {
  for (const fill of [1, 2]) {
    const content = Buffer.alloc(1_500_000, fill)
    const got = await upload('seed.iso', content)
    assert.equal(got.headers['connection'], 'close')
    assert.equal(await ended(got.json.data), 'OK')
    assert.deepEqual(Buffer.from(world.volumes.get('pve1/local:iso/seed.iso')?.data ?? []), content)
  }
})

test('a full storage fails the copy in the words of its program', async () => {
  const got = await upload('second.iso', Buffer.alloc(1_500_000))
  assert.equal(
    await ended(got.json.data),
    "import failed: cp: error writing '/var/lib/vz/template/iso/second.iso': No space left on device",
  )
  assert.equal(world.volumes.has('pve1/local:iso/second.iso'), false)
})

test('plain HTTP is sent to the same address with TLS', async () => {
  const location = await new Promise<unknown>((resolve, reject) => {
    const sent = httpRequest({ port: server.port, path: '/x', headers: { host: 'pve1:8006' } }, (message) => {
      message.resume()
      resolve([message.statusCode, message.headers.location])
    })
    sent.on('error', reject)
    sent.end()
  })
  assert.deepEqual(location, [301, 'https://pve1:8006/x'])
})
