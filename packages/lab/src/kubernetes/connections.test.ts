import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createLabClock } from '../clock.ts'
import { createApiServer } from './server.ts'
import { startTestApi } from './test-api.ts'
import { selfSigned } from './test-certificate.ts'

const { api } = await startTestApi()

/** Connections of this process: both ends of each. */
const connections = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length

/** Sends a text and resolves when its first answer comes. */
async function say(text: string): Promise<TLSSocket> {
  const { hostname, port } = new URL(api.url)
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
  await new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('data', resolve)
    socket.once('secureConnect', () => socket.write(text))
  })
  socket.on('error', () => socket.destroy())
  return socket
}

/** Waits until there are no more connections than before. */
async function untilGone(least: number): Promise<void> {
  const deadline = Date.now() + 20_000
  while (connections() > least && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(connections(), least)
}

const head = (path: string, more: readonly string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: a', 'Authorization: Bearer admin', ...more, '', ''].join('\r\n')
const SWITCH = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

const REQUESTS: Readonly<Record<string, string>> = {
  'that was refused another protocol': head('/api/v1/namespaces/default/pods/nosuch/exec', SWITCH),
  'that asked for another protocol where there is none': head('/api/v1/namespaces', SWITCH),
  'that watched over a WebSocket': head('/api/v1/namespaces?watch=true', [
    ...SWITCH,
    'Origin: https://a.example',
  ]),
  'that watched as a stream': head('/api/v1/namespaces?watch=true', []),
}

for (const [what, request] of Object.entries(REQUESTS))
  test(`of a client ${what} nothing is left when it has gone`, async () => {
    const least = connections()
    for (const leave of ['end', 'destroy'] as const) {
      const sockets = await Promise.all(Array.from({ length: 3 }, () => say(request)))
      // What it still sends is for nobody.
      for (const socket of sockets) {
        socket.write(Buffer.from([0x82, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
        socket.resume()
        socket[leave]()
      }
      await untilGone(least)
    }
  })

/** Listens, ends, and tells what of it is still in memory. */
async function lived(): Promise<WeakRef<object>> {
  const passing = createApiServer({ tls: await selfSigned(), clock: createLabClock() })
  await passing.listen()
  await passing.suspend()
  await passing.resume()
  await passing.close()
  return new WeakRef(passing.registry)
}

test('of a server that was closed nothing is left: a lab makes one for each control plane', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const kept = await lived()
  const deadline = Date.now() + 20_000
  while (kept.deref() !== undefined && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    collect()
  }
  assert.equal(kept.deref(), undefined, 'the server is still held in memory')
})
