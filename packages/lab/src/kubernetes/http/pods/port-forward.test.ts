import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { constants, createDeflate } from 'node:zlib'
import { startTestApi } from '../../test-api.ts'
import { eventually } from '../../../test-eventually.ts'

const SYN_STREAM = 1
const FIN = 1

/** Something that listens in a pod: it says what it hears in capitals. */
const listener = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('data', (data: Buffer) => socket.write(data.toString().toUpperCase()))
  socket.on('end', () => socket.end())
}).listen(0, '127.0.0.1')
await once(listener, 'listening')
after(() => listener.close())
const { port } = listener.address() as AddressInfo
const { api, ca } = await startTestApi({
  podPorts: () => (wanted) => (wanted === 80 ? { host: '127.0.0.1', port } : undefined),
})
api.store.create({ group: '', version: 'v1', resource: 'nodes' }, { metadata: { name: 'n1' } })
api.store.create(
  { group: '', version: 'v1', resource: 'serviceaccounts' },
  { metadata: { name: 'own', namespace: 'default' } },
)
api.store.create(
  { group: '', version: 'v1', resource: 'pods' },
  {
    metadata: { name: 'p', namespace: 'default' },
    spec: { nodeName: 'n1', serviceAccountName: 'own', containers: [{ name: 'c', image: 'i' }] },
  },
)

/** Opens a connection in SPDY; `frames` are those that came, as `stream: text`, or `stream.` for the last one of a stream. */
async function open(): Promise<{
  socket: TLSSocket
  frames: string[]
  syn(this: void, id: number, headers: object): Promise<void>
}> {
  const url = new URL(api.url)
  const socket = connect({ host: url.hostname, port: Number(url.port), ca })
  socket.write(
    'POST /api/v1/namespaces/default/pods/p/portforward HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\n' +
      'Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: portforward.k8s.io\r\nContent-Length: 0\r\n\r\n',
  )
  const [head] = (await once(socket, 'data')) as [Buffer]
  assert.match(
    head.toString(),
    /^HTTP\/1\.1 101 [^]*X-Stream-Protocol-Version: portforward\.k8s\.io\r\n\r\n$/,
  )
  const frames: string[] = []
  let waiting = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => {
    waiting = Buffer.concat([waiting, data])
    while (waiting.length >= 8 && waiting.length >= 8 + waiting.readUIntBE(5, 3)) {
      const end = 8 + waiting.readUIntBE(5, 3)
      const isControl = ((waiting[0] ?? 0) & 0x80) !== 0
      const text = waiting.subarray(8, end).toString()
      if (!isControl) frames.push(`${waiting.readUInt32BE(0)}${text === '' ? '.' : `: ${text}`}`)
      waiting = waiting.subarray(end)
    }
  })
  // The client's headers need not use what both know.
  const deflate = createDeflate()
  const syn = async (id: number, headers: object): Promise<void> => {
    const texts = Object.entries(headers as { [name: string]: string }).flat()
    deflate.write(
      Buffer.concat([
        number(texts.length / 2),
        ...texts.flatMap((each) => [number(each.length), Buffer.from(each)]),
      ]),
    )
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()))
    const block = deflate.read() as Buffer
    socket.write(Buffer.concat([control(SYN_STREAM, 10 + block.length), number(id), Buffer.alloc(6), block]))
  }
  return { socket, frames, syn }
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function control(type: number, length: number): Buffer {
  return Buffer.concat([Buffer.from([0x80, 3, 0, type]), number(length)])
}

test('a forwarded connection reaches what listens in the pod, both ways, and ends when both have', async () => {
  const { socket, frames, syn } = await open()
  const about = { port: '80', requestid: '0' }
  await syn(1, { streamtype: 'error', ...about })
  await syn(3, { streamtype: 'data', ...about })
  const data = Buffer.from('hello')
  socket.write(Buffer.concat([number(3), number((FIN << 24) | data.length), data]))
  await eventually('the first stream ends', () => frames.includes('1.'))
  assert.deepEqual(frames, ['3: HELLO', '3.', '1.'])
  socket.destroy()
})

test('a port at which nothing listens is refused in the words of the container runtime', async () => {
  const { socket, frames, syn } = await open()
  const about = { port: '81', requestid: '0' }
  await syn(1, { streamtype: 'error', ...about })
  await syn(3, { streamtype: 'data', ...about })
  await eventually('the third stream ends', () => frames.includes('3.'))
  assert.match(
    frames[0] ?? '',
    /^1: error forwarding port 81 to pod [0-9a-f]{64}, uid : failed to execute portforward/,
  )
  socket.destroy()
})

test('what is no SPDY ends the connection, and nothing else', async () => {
  for (const bytes of [
    Buffer.concat([control(SYN_STREAM, 30), Buffer.alloc(30, 0x55)]),
    Buffer.concat([control(SYN_STREAM, 2), Buffer.alloc(2)]),
    Buffer.from([0x80, 9, 0, 1, 0, 0, 0, 0]),
  ]) {
    const { socket } = await open()
    const closed = once(socket, 'close')
    socket.write(bytes)
    await closed
  }
  assert.equal((await open()).socket.destroy().destroyed, true)
})
