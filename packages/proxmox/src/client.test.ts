import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { ProxmoxAnswerError, ProxmoxApiError, ProxmoxConnectionError } from './errors.ts'
import { isConnectionError, isParameterError, isTimeout, isUnsafeToRepeat } from './failures.ts'
import {
  answer,
  connect,
  deadAddress,
  failureOf,
  refuse,
  serve,
  testSecret,
  testTokenId,
} from './test-server.ts'

const vm = { node: 'pve1', vmid: 100 }

test('a call goes to its path with the token, and its data comes unwrapped and typed', async (t) => {
  const { url, seen } = await serve(t, (_, response) =>
    answer(response, [{ node: 'pve1', status: 'online', maxcpu: '8', uptime: '12' }]),
  )
  const nodes = await connect(t, url).get('/nodes')
  assert.deepEqual(nodes, [{ node: 'pve1', status: 'online', maxcpu: 8, uptime: 12 }])
  assert.equal(seen[0]?.path, '/api2/json/nodes')
  assert.equal(seen[0]?.headers.authorization, `PVEAPIToken=${testTokenId}=${testSecret}`)
  assert.equal(seen[0]?.headers['csrfpreventiontoken'], undefined)
})

test('parameters of GET and DELETE go into the query, those of POST and PUT into a form, and an empty POST has no body', async (t) => {
  const { url, seen } = await serve(t, (_, response) => answer(response, null))
  const proxmox = connect(t, url)
  await proxmox.get('/cluster/resources', { query: { type: 'vm' } })
  await proxmox.delete('/nodes/{node}/qemu/{vmid}', { path: vm, query: { purge: true } })
  await proxmox.put('/nodes/{node}/qemu/{vmid}/config', { path: vm, body: { cores: 4, onboot: false } })
  await proxmox.post('/nodes/{node}/qemu/{vmid}/status/start', { path: vm })
  const sent = seen.map(({ method, search, body, headers }) => [
    method,
    search,
    body.toString(),
    headers['content-type'],
  ])
  const form = 'application/x-www-form-urlencoded'
  assert.deepEqual(sent, [
    ['GET', 'type=vm', '', undefined],
    ['DELETE', 'purge=1', '', undefined],
    ['PUT', '', 'cores=4&onboot=0', form],
    ['POST', '', '', undefined],
  ])
})

test('what Proxmox would split, drop or decode twice is percent-encoded', async (t) => {
  const { url, seen } = await serve(t, (_, response) => answer(response, null))
  const proxmox = connect(t, url)
  const keys = 'ssh-ed25519 AAAA+/== a@b\nssh-rsa BBBB c'
  const description = "a;b&c=d=e+f é'()*!~"
  await proxmox.put('/nodes/{node}/qemu/{vmid}/config', {
    path: vm,
    body: { description, sshkeys: keys, tags: undefined },
  })
  const raw = seen[0]?.body.toString() ?? ''
  assert.match(raw, /^description=a%3Bb%26c%3Dd%3De%2Bf%20%C3%A9%27%28%29%2A%21~&sshkeys=/)
  const once = decodeURIComponent(raw.split('sshkeys=')[1] ?? '')
  assert.match(once, /^ssh-ed25519%20AAAA%2B%2F%3D%3D%20a%40b%0Assh-rsa/)
  assert.equal(decodeURIComponent(once), keys)
  await proxmox.put('/nodes/{node}/qemu/{vmid}/config', { path: vm, body: { sshkeys: once } })
  assert.equal(
    decodeURIComponent(seen[1]?.body.toString().split('sshkeys=')[1] ?? ''),
    once,
    'keys as Proxmox gave them are not encoded again',
  )
})

test('a list is a repeated key', async (t) => {
  const { url, seen } = await serve(t, (_, response) => answer(response, { pid: 7 }))
  await connect(t, url).post('/nodes/{node}/qemu/{vmid}/agent/exec', {
    path: vm,
    body: { command: ['ls', '-l a'] },
  })
  assert.equal(seen[0]?.body.toString(), 'command=ls&command=-l%20a')
})

test('a path parameter is escaped; an empty one and one that walks up the path are refused', async (t) => {
  const { url, seen } = await serve(t, (_, response) => answer(response, null))
  const proxmox = connect(t, url)
  await proxmox.get('/nodes/{node}/storage/{storage}/content/{volume}', {
    path: { node: 'pve1', storage: 'local', volume: 'local:iso/a b.iso' },
  })
  assert.equal(seen[0]?.path, '/api2/json/nodes/pve1/storage/local/content/local:iso%2Fa%20b.iso')
  await assert.rejects(
    proxmox.get('/pools/{poolid}', { path: { poolid: '' } }),
    /path parameter "poolid" is missing/,
  )
  await assert.rejects(proxmox.get('/pools/{poolid}', { path: { poolid: '..' } }), TypeError)
  assert.equal(seen.length, 1)
})

test('a refusal has status, reason, and the parameters’ errors', async (t) => {
  const { url } = await serve(t, (_, response) =>
    refuse(response, 400, 'Parameter verification failed.', { vmid: 'VM 100 already exists' }),
  )
  const error = await failureOf(connect(t, url).get('/cluster/nextid', { query: { vmid: 100 } }))
  assert.ok(error instanceof ProxmoxApiError && isParameterError(error))
  assert.deepEqual(
    [error.status, error.reason, error.errors],
    [400, 'Parameter verification failed.', { vmid: 'VM 100 already exists' }],
  )
  assert.equal(
    error.message,
    'GET /cluster/nextid failed with 400: Parameter verification failed.; vmid: VM 100 already exists',
  )
})

test('an error that is only in the status line is read there, and 595 to 599 are connections', async (t) => {
  const { url } = await serve(t, ({ path }, response) => {
    if (path.endsWith('/version')) response.writeHead(595, 'Connection refused').end()
    else response.writeHead(500, Buffer.from('Agent error: perché no').toString('latin1')).end()
  })
  const proxmox = connect(t, url)
  const relayed = await failureOf(proxmox.get('/version'))
  assert.ok(isConnectionError(relayed) && !isUnsafeToRepeat(relayed))
  const agent = await failureOf(proxmox.get('/nodes/{node}/qemu/{vmid}/agent/info', { path: vm }))
  assert.ok(agent instanceof ProxmoxApiError)
  assert.equal(agent.reason, 'Agent error: perché no')
})

test('what is not Proxmox is said to be none', async (t) => {
  const { url } = await serve(t, (_, response) => void response.writeHead(200).end('<html>router</html>'))
  const proxmox = connect(t, url)
  const error = await failureOf(proxmox.post('/nodes/{node}/qemu/{vmid}/status/start', { path: vm }))
  assert.ok(error instanceof ProxmoxAnswerError && isUnsafeToRepeat(error))
  assert.match(error.message, /is this the address of a Proxmox VE API\?/)
})

test('a broken connection repeats a GET, but no POST, PUT or DELETE: they may have taken effect', async (t) => {
  const { url, seen } = await serve(t, ({ raw }) => void raw.socket.destroy())
  const proxmox = connect(t, url)
  const failed = [
    await failureOf(proxmox.get('/nodes')),
    await failureOf(proxmox.post('/nodes/{node}/qemu/{vmid}/status/start', { path: vm })),
    await failureOf(proxmox.put('/nodes/{node}/qemu/{vmid}/config', { path: vm, body: { cores: 1 } })),
    await failureOf(proxmox.delete('/nodes/{node}/qemu/{vmid}', { path: vm })),
  ]
  assert.ok(failed.every((error) => isConnectionError(error) && isUnsafeToRepeat(error)))
  assert.deepEqual(
    seen.map(({ method }) => method),
    ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE'],
  )
})

test('when an endpoint cannot be reached the next is used, for writes too, and stays in use', async (t) => {
  const { url, seen } = await serve(t, (_, response) => answer(response, null))
  const proxmox = connect(t, [deadAddress(), url])
  await proxmox.post('/nodes/{node}/qemu/{vmid}/status/start', { path: vm })
  await proxmox.post('/nodes/{node}/qemu/{vmid}/status/stop', { path: vm })
  assert.equal(seen.length, 2)
})

test('a write that an endpoint received is not sent to the next one; a read is', async (t) => {
  const broken = await serve(t, ({ raw }) => void raw.socket.destroy())
  const whole = await serve(t, (_, response) => answer(response, []))
  const write = connect(t, [broken.url, whole.url])
  const error = await failureOf(write.post('/nodes/{node}/qemu/{vmid}/status/start', { path: vm }))
  assert.ok(error instanceof ProxmoxConnectionError && error.mayHaveTakenEffect)
  assert.equal(whole.seen.length, 0)
  assert.deepEqual(await connect(t, [broken.url, whole.url]).get('/nodes'), [])
})

test('when no endpoint answers the error says that nothing was sent', async (t) => {
  const proxmox = connect(t, [deadAddress(), deadAddress()])
  const error = await failureOf(proxmox.post('/nodes/{node}/qemu/{vmid}/status/start', { path: vm }))
  assert.ok(error instanceof ProxmoxConnectionError && !error.mayHaveTakenEffect)
  assert.match(
    error.message,
    /^POST \/nodes\/pve1\/qemu\/100\/status\/start: cannot reach Proxmox: connect ECONNREFUSED 127\.0\.0\.1:/,
  )
})

test('a call ends at its time limit, and the endpoint that fell silent is not asked first again', async (t) => {
  const silent = await serve(t, () => {})
  const whole = await serve(t, (_, response) => answer(response, []))
  const proxmox = connect(t, [silent.url, whole.url])
  const error = await failureOf(proxmox.get('/nodes', { timeoutMs: 50 }))
  assert.ok(isTimeout(error) && error.timeoutMs === 50)
  assert.deepEqual(await proxmox.get('/nodes', { timeoutMs: 20_000 }), [])
})

test('an aborted call throws the signal’s reason, before and while it is sent', async (t) => {
  const controller = new AbortController()
  const reason = new Error('no longer wanted')
  const { url, seen } = await serve(t, () => controller.abort(reason))
  const proxmox = connect(t, url)
  assert.equal(await failureOf(proxmox.get('/nodes', { signal: controller.signal })), reason)
  assert.equal(await failureOf(proxmox.get('/nodes', { signal: controller.signal })), reason)
  assert.equal(seen.length, 1)
})

test('a connection is used again, and closed before the five seconds after which Proxmox would close it', async (t) => {
  const { url, seen, connections } = await serve(t, (_, response) => answer(response, []))
  const proxmox = connect(t, url, { connections: 1 })
  await proxmox.get('/nodes')
  await proxmox.get('/nodes')
  assert.deepEqual([seen.length, connections.length], [2, 1])
  const idleSince = performance.now()
  // Time in which this process stood still is nobody's.
  let [stood, last] = [0, idleSince]
  const beat = (): void => {
    const now = performance.now()
    stood += Math.max(0, now - last - 40)
    last = now
  }
  const beating = setInterval(beat, 20)
  t.after(() => clearInterval(beating))
  await once(connections[0] as Socket, 'close')
  beat()
  const idle = performance.now() - idleSince - stood
  assert.ok(idle < 4900, `${idle} ms`)
})

test('an address without TLS, with credentials in it, or that is none is refused', (t) => {
  const bad = ['http://pve1.example:8006', 'https://root:geheim@pve1:8006', 'pve1']
  for (const endpoint of bad) {
    assert.throws(
      () => connect(t, endpoint),
      (error) =>
        error instanceof TypeError &&
        error.message.startsWith('endpoints: ') &&
        !error.message.includes('geheim'),
    )
  }
  assert.throws(() => connect(t, []), /at least one/)
})

test('the path of an endpoint comes first, and a pasted /api2/json does not come twice', async (t) => {
  const { url, seen } = await serve(t, (_, response) => answer(response, []))
  await connect(t, `${url}/proxmox/lab/`).get('/nodes')
  await connect(t, `${url}/api2/json`).get('/nodes')
  assert.deepEqual(
    seen.map(({ path }) => path),
    ['/proxmox/lab/api2/json/nodes', '/api2/json/nodes'],
  )
})

test('a call by its concrete path is checked against the schema before it is sent', async (t) => {
  const { url, seen } = await serve(t, (_, response) => answer(response, { cores: '4' }))
  const proxmox = connect(t, url)
  assert.deepEqual(await proxmox.call('GET', '/nodes/pve1/qemu/100/config'), { cores: 4 })
  const wrong = await failureOf(
    proxmox.call('POST', '/nodes/pve1/qemu', { cores: 'many', vmid: 50, nonsense: 1 }),
  )
  assert.ok(wrong instanceof ProxmoxApiError)
  assert.deepEqual(wrong.errors, {
    cores: "type check ('integer') failed - got 'many'",
    vmid: 'invalid format - value does not look like a valid VM ID\n',
    nonsense: 'property is not defined in schema and the schema does not allow additional properties',
  })
  const unknown = await failureOf(proxmox.call('GET', '/nodes/pve1/nonsense'))
  assert.ok(unknown instanceof ProxmoxApiError && unknown.status === 501)
  assert.equal(unknown.reason, "Method 'GET /nodes/pve1/nonsense' not implemented")
  await assert.rejects(
    proxmox.call('GET', '/nodes/../status'),
    /failed with 501: Method 'GET \/nodes\/\.\.\/status'/,
  )
  assert.equal(seen.length, 1)
})

test('a page of a list says how many there are in all', async (t) => {
  const { url } = await serve(t, (_, response) => answer(response, [{ n: 1, t: 'x' }], { total: 70 }))
  const upid = 'UPID:pve1:0000A1B2:0012D687:690F3C21:qmstart:100:root@pam:'
  const page = await connect(t, url).getPage('/nodes/{node}/tasks/{upid}/log', {
    path: { node: 'pve1', upid },
  })
  assert.deepEqual(page, { data: [{ n: 1, t: 'x' }], total: 70 })
})

test('the entries of a list can be taken as they arrive: typed, anew after a broken connection, and none of a refusal', async (t) => {
  const list = Array.from({ length: 5000 }, (_, index) => ({
    id: `qemu/${index}`,
    type: 'qemu',
    template: '0',
  }))
  const { url, seen } = await serve(t, ({ raw }, response) => {
    if (seen.length > 2) return refuse(response, 403, 'Permission check failed')
    if (seen.length > 1) return answer(response, list)
    const text = JSON.stringify({ data: list })
    response.writeHead(200, { 'content-length': text.length })
    response.write(text.slice(0, text.length / 2), () => raw.socket.destroy())
  })
  const proxmox = connect(t, url)
  const known = { id: 'qemu/1', type: 'qemu' } as const
  let heard = 0
  const all = await proxmox.getEach('/cluster/resources', (entry) => {
    heard += 1
    return entry.id === 'qemu/1' ? known : entry
  })
  assert.equal(all.length, 5000)
  assert.equal(all[1], known)
  assert.equal(all[4999]?.template, false)
  assert.ok(heard >= 5000)
  const error = await failureOf(proxmox.getEach('/cluster/resources', (entry) => entry))
  assert.match(error.message, /403: Permission check failed/)
})
