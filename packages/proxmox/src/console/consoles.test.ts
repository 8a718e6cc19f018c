import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createServer } from 'node:https'
import { test, type TestContext } from 'node:test'
import { WebSocketServer, type WebSocket } from 'ws'
import { ProxmoxApiError, ProxmoxConnectionError, ProxmoxTaskError, ProxmoxTlsError } from '../errors.ts'
import {
  connect,
  failureOf,
  listen,
  testdata,
  testFingerprint,
  testSecret,
  testTokenId,
} from '../test-server.ts'

// The other side is a WebSocket server that is not ours, so that what we send is judged by somebody else.

const UPID = 'UPID:pve1:00005A73:000CDAA7:6B049917:vncproxy:101:fochista@pve!test:'

interface Host {
  readonly url: string
  /** TCP connections, below TLS. */
  readonly connections: Socket[]
  /** Calls that came, with their query and what proves the caller. */
  readonly seen: { method: string; path: string; query: URLSearchParams; authorization: string | undefined }[]
}

/** A host whose terminals and screens are served by `onConsole`; where it is missing, joining is refused. */
async function host(t: TestContext, proxy: object, onConsole?: (socket: WebSocket) => void): Promise<Host> {
  const seen: Host['seen'] = []
  const note = (method = '', url = '', authorization: string | undefined): string => {
    const [path = '', search = ''] = url.split('?')
    seen.push({ method, path, query: new URLSearchParams(search), authorization })
    return path
  }
  const server = createServer(
    { cert: testdata('server.crt'), key: testdata('server.key') },
    (request, response) => {
      const path = note(request.method, request.url, request.headers.authorization)
      const data = path.endsWith('/log')
        ? [{ n: 1, t: 'VM 101 not running' }]
        : path.endsWith('/status')
          ? { status: 'stopped', exitstatus: 'Failed to run vncproxy.' }
          : { user: testTokenId, ticket: 'PVEVNC:0A::a+b/c==', port: '5900', upid: UPID, ...proxy }
      response.end(JSON.stringify({ data }))
    },
  )
  const connections: Socket[] = []
  server.on('connection', (socket: Socket) => connections.push(socket))
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 128 * 1024 })
  server.on('upgrade', (request, socket: Socket, head) => {
    note(request.method, request.url, request.headers.authorization)
    if (!onConsole) {
      const reason = 'permission denied - invalid PVEVNC ticket'
      const body = JSON.stringify({ data: null, message: `${reason}\n` })
      socket.end(
        `HTTP/1.1 401 ${reason}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
      return
    }
    sockets.handleUpgrade(request, socket, head, onConsole)
  })
  t.after(() => {
    for (const client of sockets.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  })
  return { url: `https://127.0.0.1:${await listen(server)}`, connections, seen }
}

/** Serves a terminal as termproxy does: the line that signs in, OK, then `says`. */
function terminal(says: (socket: WebSocket, messages: AsyncIterator<string>) => Promise<void>) {
  return (socket: WebSocket): void => {
    const messages = (async function* () {
      for await (const [data] of on(socket)) yield data
    })()
    void says(socket, messages)
  }
}

async function* on(socket: WebSocket): AsyncGenerator<[string]> {
  const waiting: string[] = []
  socket.on('message', (data: Buffer) => waiting.push(data.toString()))
  for (;;) {
    while (waiting.length === 0) await once(socket, 'message')
    yield [waiting.shift() ?? '']
  }
}

const vm = { node: 'pve1', vmid: 101 }

test('a terminal signs in, types, tells its size and reads, with the identity that opened it', async (t) => {
  const got: string[] = []
  const { url, seen } = await host(
    t,
    {},
    terminal(async (socket, messages) => {
      for (let count = 0; count < 4; count += 1) {
        const { value } = (await messages.next()) as { value: string }
        got.push(value)
        if (count === 0) socket.send(Buffer.from('OKstarting'), { binary: true })
      }
      socket.ping()
      await once(socket, 'pong')
      socket.send('x'.repeat(100_000))
      socket.close()
    }),
  )
  const opened = await connect(t, url).consoles.terminal({ ...vm, serial: 'serial0' })
  opened.resize(132, 43)
  await opened.write(Buffer.from('è\r'))
  const long = Buffer.alloc(32 * 1024, 'a')
  await opened.write(long)
  const said: Buffer[] = []
  for await (const bytes of opened.output) said.push(bytes)
  assert.equal(Buffer.concat(said).toString(), `starting${'x'.repeat(100_000)}`)
  assert.deepEqual(got, [
    `${testTokenId}:PVEVNC:0A::a+b/c==\n`,
    '1:132:43:',
    '0:3:è\r',
    `0:${long.length}:${long.toString()}`,
  ])
  const [proxy, join] = seen
  assert.equal(proxy?.path, '/api2/json/nodes/pve1/qemu/101/termproxy')
  assert.equal(join?.path, '/api2/json/nodes/pve1/qemu/101/vncwebsocket')
  assert.deepEqual(
    [...(join?.query ?? [])],
    [
      ['port', '5900'],
      ['vncticket', 'PVEVNC:0A::a+b/c=='],
    ],
  )
  assert.equal(join?.authorization, `PVEAPIToken=${testTokenId}=${testSecret}`)
})

test('the pin of the certificate holds for consoles too', async (t) => {
  const { url } = await host(
    t,
    {},
    terminal(async (socket, messages) => {
      await messages.next()
      socket.send('OK')
    }),
  )
  const pinned = connect(t, url, { tls: { fingerprints: [testFingerprint] } })
  ;(await pinned.consoles.terminal(vm)).close()
  const other = connect(t, url, { tls: { fingerprints: [testFingerprint.replace(/^../, '00')] } })
  assert.ok((await failureOf(other.consoles.terminal(vm))) instanceof ProxmoxTlsError)
})

test('both calls of a console go to the same host, also when another one is preferred meanwhile', async (t) => {
  const serve = terminal(async (socket, messages) => {
    await messages.next()
    socket.send('OK')
  })
  const [one, two] = [await host(t, {}, serve), await host(t, {}, serve)]
  const proxmox = connect(t, [one.url, two.url])
  ;(await proxmox.consoles.terminal(vm)).close()
  assert.deepEqual([one.seen.length, two.seen.length], [2, 0])
})

test('a terminal that closes at once says what its task says', async (t) => {
  const { url } = await host(t, {}, (socket) => socket.terminate())
  const failure = await failureOf(connect(t, url).consoles.terminal(vm))
  assert.ok(failure instanceof ProxmoxTaskError || failure instanceof ProxmoxConnectionError)
  const quiet = await host(t, {}, (socket) => socket.close())
  const closed = await failureOf(connect(t, quiet.url).consoles.terminal(vm))
  assert.ok(closed instanceof ProxmoxTaskError)
  assert.deepEqual([closed.exitStatus, closed.log], ['Failed to run vncproxy.', ['VM 101 not running']])
})

test('a refused handshake has status and reason, and its error names no ticket', async (t) => {
  const { url } = await host(t, {})
  const failure = await failureOf(connect(t, url).consoles.terminal(vm))
  assert.ok(failure instanceof ProxmoxApiError)
  assert.equal(failure.status, 401)
  assert.equal(failure.reason, 'permission denied - invalid PVEVNC ticket')
  assert.doesNotMatch(failure.message, /0A::a/)
})

test('a broken connection ends the output with an error, a hung up one without', async (t) => {
  const { url, connections } = await host(
    t,
    {},
    terminal(async (socket, messages) => {
      await messages.next()
      socket.send('OK')
    }),
  )
  const read = async (output: AsyncIterable<Buffer>): Promise<void> => {
    for await (const _ of output);
  }
  const proxmox = connect(t, url)
  const hungUp = await proxmox.consoles.terminal(vm)
  const reading = read(hungUp.output)
  hungUp.close()
  await reading
  const broken = await proxmox.consoles.terminal(vm)
  const failure = failureOf(read(broken.output))
  for (const connection of connections) connection.resetAndDestroy()
  assert.ok((await failure) instanceof ProxmoxConnectionError)
})

test('a screen has a password and is joined with the key of who shows it', async (t) => {
  const { url } = await host(t, { password: 'S1OATIP^' }, (socket) => socket.send('RFB 003.008\n'))
  const screen = await connect(t, url).consoles.screen(vm)
  assert.equal(screen.password, 'S1OATIP^')
  // The example of RFC 6455, 1.3.
  const { headers, socket } = await screen.join('dGhlIHNhbXBsZSBub25jZQ==')
  t.after(() => socket.destroy())
  assert.equal(headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
  assert.equal(headers['sec-websocket-protocol'], 'binary')
  const [frame] = (await once(socket, 'data')) as [Buffer]
  assert.deepEqual(frame, Buffer.from('\u0081\u000cRFB 003.008\n', 'latin1'))
  const old = await host(t, {}, () => {})
  assert.equal((await connect(t, old.url).consoles.screen(vm)).password, 'PVEVNC:0A::a+b/c==')
})
