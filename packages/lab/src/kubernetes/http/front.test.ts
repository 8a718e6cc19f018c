import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'
import type { JsonObject } from '../resources.ts'
import { startTestApi } from '../test-api.ts'

const HOME = '/api/v1/namespaces/default'
const PODS = { group: '', version: 'v1', resource: 'pods' }
const { api, ca } = await startTestApi()

/** Opens a WebSocket; `next` resolves to the payload of the next frame, as it came. */
function open(path: string, protocols: string[] = [], origin = 'https://127.0.0.1') {
  const socket = new WebSocket(`${api.url.replace('https', 'wss')}${path}`, protocols, {
    ca,
    origin,
    headers: { Authorization: 'Bearer admin' },
  })
  const came: { data: Buffer; isBinary: boolean }[] = []
  const waiting: ((frame: { data: Buffer; isBinary: boolean }) => void)[] = []
  socket.on('message', (data: Buffer, isBinary) => {
    const waits = waiting.shift()
    if (waits === undefined) came.push({ data, isBinary })
    else waits({ data, isBinary })
  })
  const next = (): Promise<{ data: Buffer; isBinary: boolean }> =>
    new Promise((resolve) => {
      const first = came.shift()
      if (first === undefined) waiting.push(resolve)
      else resolve(first)
    })
  return { socket, next }
}

test('a watch over a WebSocket tells each change in a frame of text, and ends in order', async () => {
  api.store.create(
    { group: '', version: 'v1', resource: 'configmaps' },
    { metadata: { name: 'seen', namespace: 'default' }, data: { a: '1' } },
  )
  const { socket, next } = open(
    `${HOME}/configmaps?watch=1&fieldSelector=metadata.name%3Dseen&timeoutSeconds=1`,
  )
  const { data, isBinary } = await next()
  assert.equal(isBinary, false)
  const event = JSON.parse(data.toString()) as { type: string; object: JsonObject }
  assert.equal(event.type, 'ADDED')
  assert.deepEqual(event.object['data'], { a: '1' })
  const [code] = (await once(socket, 'close')) as [number]
  assert.equal(code, 1000)
})

test('who watches over a WebSocket says where he comes from', async () => {
  const socket = new WebSocket(`${api.url.replace('https', 'wss')}${HOME}/configmaps?watch=1`, {
    ca,
    headers: { Authorization: 'Bearer admin' },
  })
  const [error] = (await once(socket, 'error')) as [Error]
  assert.match(error.message, /403/)
})

test('exec tells in the channel of errors that the kubelet takes no connection', async () => {
  const node = {
    metadata: { name: 'n1' },
    status: { addresses: [{ type: 'InternalIP', address: '10.98.0.11' }] },
  }
  api.store.create({ group: '', version: 'v1', resource: 'nodes' }, node)
  api.store.create(
    { group: '', version: 'v1', resource: 'serviceaccounts' },
    { metadata: { name: 'own', namespace: 'default' } },
  )
  api.store.create(PODS, {
    metadata: { name: 'p', namespace: 'default' },
    spec: { nodeName: 'n1', serviceAccountName: 'own', containers: [{ name: 'c', image: 'i' }] },
  })
  const { socket, next } = open(`${HOME}/pods/p/exec?command=ls&command=-l&stdout=true`, [
    'v5.channel.k8s.io',
  ])
  assert.deepEqual([...(await next()).data], [1])
  const { data } = await next()
  assert.equal(data[0], 3)
  const status = JSON.parse(data.subarray(1).toString()) as JsonObject
  assert.equal(
    status['message'],
    'Internal error occurred: error sending request: Post "https://10.98.0.11:10250/exec/default/p/c?command=ls&command=-l&output=1": dial tcp 10.98.0.11:10250: connect: connection refused',
  )
  await once(socket, 'close')
})

test('a client without TLS is told so', async () => {
  const { hostname, port } = new URL(api.url)
  const socket = connect(Number(port), hostname)
  socket.write('GET /version HTTP/1.1\r\nHost: x\r\n\r\n')
  assert.equal(
    await text(socket),
    'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
  )
})

test('a server that goes away breaks WebSockets off, and takes them again when it is back', async () => {
  const watch = `${HOME}/configmaps?watch=1`
  const first = open(watch)
  await once(first.socket, 'open')
  const closed = once(first.socket, 'close')
  await api.suspend()
  await closed
  await api.resume()
  const second = open(watch)
  await once(second.socket, 'open')
  second.socket.terminate()
})
