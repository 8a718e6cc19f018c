import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { createDeadline } from '../deadline.ts'
import { createEndpoints, type Endpoint } from '../endpoints.ts'
import { ProxmoxConnectionError } from '../errors.ts'
import { requestOn, type Asked } from '../request.ts'
import { answer, connect, failureOf, listen, serve, testFingerprint } from '../test-server.ts'
import { printHead } from './head.ts'

/** A server of bytes: for each connection it is told the requests that came over it, as text. */
async function raw(
  t: TestContext,
  onRequest: (socket: Socket, request: string, connection: number) => void,
  limit = 16,
): Promise<{ endpoint: Endpoint; connections: Socket[]; port: number }> {
  const connections: Socket[] = []
  const server = createServer((socket) => {
    const index = connections.push(socket) - 1
    socket.on('error', () => {}).on('data', (bytes) => onRequest(socket, bytes.toString(), index))
  })
  const port = await listen(server)
  const [endpoint] = createEndpoints([`http://127.0.0.1:${port}`], undefined, limit, 60_000)
  t.after(() => {
    endpoint.pool.destroy()
    for (const socket of connections) socket.destroy()
    server.close()
  })
  return { endpoint, connections, port }
}

const ok = (text: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`

function ask({ path = '/a', signal }: { path?: string; signal?: AbortSignal } = {}): Asked {
  const deadline = createDeadline({ method: 'GET', path }, 60_000, signal)
  return { method: 'GET', path, headers: {}, deadline, maxBytes: 1000 }
}

test('one request at a time goes over a connection, so many connections are opened, and the others wait their turn', async (t) => {
  const held: [Socket, string][] = []
  const { endpoint, connections } = await raw(t, (socket, request) => void held.push([socket, request]), 2)
  const paths = ['/1', '/2', '/3', '/4', '/5']
  const replies = paths.map((path) => requestOn(endpoint, ask({ path })))
  const seen: string[] = []
  while (seen.length < paths.length) {
    const [socket, request] = held.shift() ?? []
    if (!socket || !request) await new Promise(setImmediate)
    else {
      const path = /^GET (\S+) /.exec(request)?.[1] ?? ''
      seen.push(path)
      socket.write(ok(path))
    }
  }
  const texts = (await Promise.all(replies)).map(({ text }) => text)
  assert.deepEqual(texts, paths)
  assert.deepEqual(seen.toSorted(), paths)
  assert.equal(connections.length, 2)
})

test('what waits for a connection can be given up, and is never sent', async (t) => {
  const requests: string[] = []
  const { endpoint, connections } = await raw(t, (_socket, request) => void requests.push(request), 1)
  const first = requestOn(endpoint, ask({ path: '/1' }))
  const controller = new AbortController()
  const second = requestOn(endpoint, ask({ path: '/2', signal: controller.signal }))
  const reason = new Error('no longer wanted')
  controller.abort(reason)
  assert.equal(await failureOf(second), reason)
  while (requests.length === 0) await new Promise(setImmediate)
  connections[0]?.write(ok('1'))
  assert.equal((await first).text, '1')
  assert.equal(requests.length, 1)
})

test('a connection over which more came than was asked for is not used again', async (t) => {
  const { endpoint, connections } = await raw(t, (socket) => void socket.write(`${ok('1')}${ok('2')}`))
  for (let turn = 0; turn < 3; turn += 1) assert.equal((await requestOn(endpoint, ask())).text, '1')
  assert.equal(connections.length, 3)
})

test('an answer that comes while its request is still being sent counts, and its connection is not used again', async (t) => {
  const { endpoint, connections } = await raw(t, (socket) => void socket.write(ok('1')))
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('begun')
    await new Promise(() => {})
  }
  const headers = { 'content-length': '1000' }
  assert.equal((await requestOn(endpoint, { ...ask(), method: 'POST', headers, body: body() })).text, '1')
  assert.equal((await requestOn(endpoint, ask())).text, '1')
  assert.equal(connections.length, 2)
})

test('bytes on a connection that nobody uses end it', async (t) => {
  const { endpoint, connections } = await raw(t, (socket) => void socket.write(ok('1')))
  await requestOn(endpoint, ask())
  const [socket] = connections as [Socket]
  const closed = once(socket, 'close')
  socket.write(ok('2'))
  await closed
  assert.equal((await requestOn(endpoint, ask())).text, '1')
})

test('an answer that ends with its connection is whole; one that is cut short is a failure', async (t) => {
  const { endpoint } = await raw(t, (socket, request) =>
    request.startsWith('GET /whole')
      ? void socket.end('HTTP/1.1 200 OK\r\n\r\nall of it')
      : void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all'),
  )
  assert.equal((await requestOn(endpoint, ask({ path: '/whole' }))).text, 'all of it')
  const failure = await failureOf(requestOn(endpoint, ask({ path: '/cut' })))
  assert.equal(failure.message, 'the other side closed the connection')
})

test('an answer too large, and one that is none, end the call and its connection', async (t) => {
  const { endpoint, connections } = await raw(t, (socket, request) =>
    socket.write(request.startsWith('GET /large') ? ok('x'.repeat(1001)) : 'SSH-2.0-OpenSSH_9.2p1\r\n'),
  )
  assert.match(
    (await failureOf(requestOn(endpoint, ask({ path: '/large' })))).message,
    /larger than 1000 bytes/,
  )
  assert.match((await failureOf(requestOn(endpoint, ask({ path: '/ssh' })))).message, /no HTTP\/1\.1/)
  assert.equal(connections.length, 2)
})

test('a switch to another protocol that nobody asked for is a failure', async (t) => {
  const { endpoint } = await raw(t, (socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n'),
  )
  assert.match((await failureOf(requestOn(endpoint, ask()))).message, /changed to another protocol/)
})

test('what a closed client is asked fails, and so does what it had under way', async (t) => {
  const { endpoint, connections } = await raw(t, () => {})
  const under = failureOf(requestOn(endpoint, ask()))
  while (connections.length === 0) await new Promise(setImmediate)
  endpoint.pool.destroy()
  assert.match((await under).message, /client was closed/)
  assert.match((await failureOf(requestOn(endpoint, ask()))).message, /client is closed/)
})

test('a call of a client that is closed meanwhile may have taken effect', async (t) => {
  const { promise: arrived, resolve } = Promise.withResolvers<void>()
  const { url } = await serve(t, () => resolve())
  const proxmox = connect(t, url)
  const failure = failureOf(
    proxmox.post('/nodes/{node}/qemu/{vmid}/status/start', { path: { node: 'a', vmid: 100 } }),
  )
  await arrived
  await proxmox.close()
  const error = await failure
  assert.ok(error instanceof ProxmoxConnectionError && error.mayHaveTakenEffect)
})

test('who accepts and never says a word of TLS is given up after the time for connecting, and nothing was sent', async (t) => {
  const { port } = await raw(t, () => {})
  const proxmox = connect(t, `https://127.0.0.1:${port}`, { connectTimeoutMs: 50 })
  const failure = await failureOf(
    proxmox.post('/nodes/{node}/qemu/{vmid}/status/start', { path: { node: 'a', vmid: 100 } }),
  )
  assert.ok(failure instanceof ProxmoxConnectionError && !failure.mayHaveTakenEffect)
  assert.match(failure.message, /no connection to 127\.0\.0\.1:\d+ within 50 ms$/)
})

test('a second connection resumes the session of the first, but where a pin is to be compared', async (t) => {
  const reused: boolean[] = []
  const { url } = await serve(t, ({ raw: request }, response) => {
    reused.push((request.socket as TLSSocket).isSessionReused())
    response.setHeader('connection', 'close')
    answer(response, [])
  })
  const [trusting, pinning] = [connect(t, url), connect(t, url, { tls: { fingerprints: [testFingerprint] } })]
  for (const proxmox of [trusting, trusting, pinning, pinning]) await proxmox.get('/nodes')
  assert.deepEqual(reused, [false, true, false, false])
})

test('nobody can write a second header, or a second request, into a path or a header', () => {
  const paths = ['/a b', '/a\r\nx: y', '/a\u00e9', '']
  for (const path of paths) assert.throws(() => printHead('GET', path, 'h', {}), TypeError)
  const secret = 'geheim\r\nx: y'
  const bad: Record<string, string>[] = [
    { a: secret },
    { a: 'x\ny' },
    { a: 'x\0' },
    { a: '\u0100' },
    { 'a: b\r\nc': 'd' },
  ]
  for (const headers of bad)
    assert.throws(
      () => printHead('GET', '/', 'h', headers),
      (error) => error instanceof TypeError && !error.message.includes('geheim'),
    )
  assert.equal(
    printHead('GET', '/a?b', 'h:1', { c: 'd e' }),
    'GET /a?b HTTP/1.1\r\nhost: h:1\r\nc: d e\r\n\r\n',
  )
})
