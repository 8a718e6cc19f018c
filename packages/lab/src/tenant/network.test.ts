import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createBalancers } from '../management/balancers.ts'
import { createLabNetwork } from './network.ts'

const service = (uid: string) => ({ metadata: { name: uid, uid } })

test('each service has an address of its own for as long as it lives', async (context) => {
  const network = await createLabNetwork()
  if (!network.hasAddresses) {
    context.skip('this system has no loopback address but 127.0.0.1')
    return
  }
  const balancers = createBalancers(network)
  const first = balancers.allocate(service('a'))
  assert.match(first ?? '', /^127\.\d+\.\d+\.\d+$/)
  assert.equal(balancers.allocate(service('a')), first)
  assert.notEqual(balancers.allocate(service('b')), first)
  balancers.release?.(service('a'))
  assert.equal(balancers.allocate(service('c')), first)
})

test('when all addresses are given out there is none, until one comes back', async (context) => {
  const network = await createLabNetwork()
  if (!network.hasAddresses) {
    context.skip('this system has no loopback address but 127.0.0.1')
    return
  }
  const given = new Set<string>()
  for (let address = network.allocate(); address !== undefined; address = network.allocate())
    given.add(address)
  assert.equal(given.size, 3840)
  const [one = ''] = given
  network.release(one)
  assert.equal(network.allocate(), one)
})

test('a forward passes bytes both ways, and closed it breaks its connections and listens no more', async () => {
  const network = await createLabNetwork()
  const echo = createServer((socket) => socket.pipe(socket))
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const { port } = echo.address() as AddressInfo
  const address = network.allocate() ?? ''
  // The port that the echo has on 127.0.0.1 is free on another address; where there is none, the system refuses.
  if (!network.hasAddresses) {
    echo.close()
    return
  }
  const forward = await network.forward(address, port, { host: '127.0.0.1', port })
  const socket = connect(port, address)
  socket.write('hello')
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  assert.equal(bytes.toString(), 'hello')
  await Promise.all([once(socket, 'close'), forward.close()])
  const late = connect(port, address)
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNREFUSED')
  echo.close()
})

test('two networks of one machine are never in the same place', async () => {
  const first = await createLabNetwork()
  if (!first.hasAddresses) return
  const other = { second: first.block.second, third: (first.block.third % 200) + 20 }
  const drawn = [first.block, first.block, other]
  const second = await createLabNetwork(undefined, () => drawn.shift() ?? other)
  assert.deepEqual(second.block, other)
  await first.close()
  const third = await createLabNetwork(undefined, () => first.block)
  assert.deepEqual(third.block, first.block)
  await Promise.all([second.close(), third.close()])
})
