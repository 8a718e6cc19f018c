import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { ProxmoxConnectionError, ProxmoxTlsError } from './errors.ts'
import { isTlsError, isUnsafeToRepeat } from './failures.ts'
import { answer, connect, failureOf, listen, serve, testdata, testFingerprint } from './test-server.ts'

const otherPin = 'AA'.repeat(32)
const start = ['/nodes/{node}/qemu/{vmid}/status/start', { path: { node: 'a', vmid: 100 } }] as const

test('a certificate is trusted by its CA, by its pin in any spelling, or explicitly not at all', async (t) => {
  const { url, seen } = await serve(t, (_, response) => answer(response, []))
  await connect(t, url).get('/nodes')
  await connect(t, url, { tls: { fingerprints: [otherPin, testFingerprint] } }).get('/nodes')
  const spelled = testFingerprint.replaceAll(':', '').toLowerCase()
  await connect(t, url, { tls: { fingerprints: [spelled] } }).get('/nodes')
  await connect(t, url, { tls: { insecureSkipVerify: true } }).get('/nodes')
  assert.equal(seen.length, 4)
})

test('a pin holds for every connection, not only the first', async (t) => {
  const { url, seen } = await serve(t, (_, response) => {
    response.setHeader('connection', 'close')
    answer(response, [])
  })
  const proxmox = connect(t, url, { tls: { fingerprints: [testFingerprint] } })
  for (let turn = 0; turn < 3; turn += 1) await proxmox.get('/nodes')
  assert.equal(seen.length, 3)
})

test('a foreign CA is refused, and by default only the system’s are trusted, whatever Node’s environment says', async (t) => {
  const { url, seen } = await serve(t, (_, response) => answer(response, []))
  t.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'])
  for (const verifies of ['1', '0']) {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = verifies
    const error = await failureOf(connect(t, url, { tls: undefined }).get('/nodes'))
    assert.ok(isTlsError(error))
    assert.match(error.message, /^GET \/nodes: certificate not accepted: unable to verify/)
  }
  assert.equal(seen.length, 0)
})

test('with a wrong pin not one byte of a request leaves, and the error names the fingerprint that was shown', async (t) => {
  const { url, seen, connections } = await serve(t, (_, response) => answer(response, []))
  const proxmox = connect(t, url, { tls: { fingerprints: [otherPin] } })
  const error = await failureOf(proxmox.post(...start))
  assert.ok(error instanceof ProxmoxTlsError && !isUnsafeToRepeat(error))
  assert.equal(error.fingerprint, testFingerprint)
  assert.match(error.message, new RegExp(`its SHA-256 fingerprint is ${testFingerprint}`))
  assert.equal(seen.length, 0)
  assert.ok(connections.length > 0)
})

test('an endpoint that is not who it should be is passed over; if no other answers, that is the error', async (t) => {
  const wrong = await serve(t, (_, response) => answer(response, []))
  const tls = { fingerprints: [otherPin] }
  const nobody = createServer((socket: Socket) => void socket.destroy())
  const port = await listen(nobody)
  t.after(() => nobody.close())
  const error = await failureOf(connect(t, [wrong.url, `https://127.0.0.1:${port}`], { tls }).post(...start))
  assert.ok(isTlsError(error))
})

test('a connection that ends within the handshake sent nothing, so that even a write goes to the next endpoint', async (t) => {
  const broken = createServer((socket: Socket) => void socket.destroy())
  const port = await listen(broken)
  t.after(() => broken.close())
  const { url, seen } = await serve(t, (_, response) => answer(response, null))
  await connect(t, [`https://127.0.0.1:${port}`, url]).post(...start)
  assert.equal(seen.length, 1)
  const error = await failureOf(connect(t, `https://127.0.0.1:${port}`).post(...start))
  assert.ok(error instanceof ProxmoxConnectionError && !error.mayHaveTakenEffect)
})

test('TLS that breaks after the handshake ends what was under way, which may have taken effect, and its connection', async (t) => {
  const sockets: Socket[] = []
  const breakLast = (): void => void sockets.at(-1)?.write('no record of TLS')
  const keys = { cert: testdata('server.crt'), key: testdata('server.key') }
  let answers = true
  const server = createTlsServer(keys, (secure) => {
    secure
      .on('error', () => {})
      .on('data', () => {
        if (answers) secure.write('HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"data":null}')
        else breakLast()
      })
  })
  server.on('connection', (socket: Socket) => void sockets.push(socket))
  const port = await listen(server)
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const other = await serve(t, (_, response) => answer(response, null))
  const proxmox = connect(t, [`https://127.0.0.1:${port}`, other.url])
  await proxmox.post(...start)
  const [idle] = sockets as [Socket]
  const closed = once(idle, 'close')
  breakLast()
  await closed
  answers = false
  const error = await failureOf(proxmox.post(...start))
  assert.ok(error instanceof ProxmoxConnectionError && error.mayHaveTakenEffect, String(error))
  assert.equal(sockets.length, 2)
  assert.equal(other.seen.length, 0)
})

test('a pin that is no SHA-256 fingerprint, or none at all, is refused when the client is made', (t) => {
  for (const fingerprints of [['AA:BB'], [testFingerprint.slice(3)], []])
    assert.throws(
      () => connect(t, 'https://pve1', { tls: { fingerprints } }),
      /^TypeError: tls\.fingerprints/,
    )
})
