import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { testWorld, type TestWorld } from '../test-world.ts'
import { consoleOn } from './sessions.ts'
import { serveWebSocket, type WebSocketEnd } from './websocket.ts'

const VM = '/nodes/pve1/qemu/100'

async function running(params: Record<string, string> = {}): Promise<TestWorld> {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100', name: 'web', ...params })
  await lab.task(`POST ${VM}/status/start`)
  return lab
}

/** What a console says, as one buffer, and whether it hung up. */
function client(): { end: WebSocketEnd; said: () => Buffer; isClosed: () => boolean } {
  const parts: Buffer[] = []
  let closed = false
  return {
    end: { send: (data) => parts.push(data), close: () => (closed = true) },
    said: () => Buffer.concat(parts.splice(0)),
    isClosed: () => closed,
  }
}

interface Proxy {
  user: string
  ticket: string
  port: string
  upid: string
  password: string
}

test('a terminal shows what the serial port says after the right line', async () => {
  const lab = await running({ serial0: 'socket' })
  const proxy = (await lab.call(`POST ${VM}/termproxy`)) as Proxy
  const session = consoleOn(lab.world, 'pve1', Number(proxy.port))
  assert.ok(session)
  assert.ok(session.join())
  const { end, said } = client()
  session.open(end)
  session.data(Buffer.from(`${proxy.user}:${proxy.ticket}\n`))
  assert.equal(said().toString(), 'OKstarting serial terminal on interface serial0\r\n')
  const vm = lab.world.vms.get(100)
  assert.ok(vm)
  vm.console += 'web login: '
  await lab.world.clock.sleep(1000)
  assert.equal(said().toString(), 'web login: ')
  session.closed()
  await lab.world.tasks.get(proxy.upid)?.done
  assert.equal(lab.world.tasks.get(proxy.upid)?.exitstatus, 'OK')
  assert.equal(consoleOn(lab.world, 'pve1', Number(proxy.port)), undefined)
})

test('a terminal that nobody comes to gives up, and another port is used meanwhile', async () => {
  const lab = await running({ serial0: 'socket' })
  const first = (await lab.call(`POST ${VM}/termproxy`)) as Proxy
  const second = (await lab.call(`POST ${VM}/vncproxy`)) as Proxy
  assert.deepEqual([first.port, second.port], ['5900', '5901'])
  const [terminal, screen] = [lab.world.tasks.get(first.upid), lab.world.tasks.get(second.upid)]
  await terminal?.done
  await screen?.done
  assert.match(terminal?.exitstatus ?? '', /^command '\/usr\/bin\/termproxy 5900 .*' failed: exit code 1$/)
  assert.equal(screen?.exitstatus, 'connection timed out')
})

test('a screen is shown to who has the password, and to nobody else', async () => {
  const lab = await running()
  for (const isRight of [true, false]) {
    const proxy = (await lab.call(`POST ${VM}/vncproxy`, { websocket: '1' })) as Proxy
    assert.ok(proxy.ticket.startsWith(`${proxy.password}:PVEVNC:`))
    const session = consoleOn(lab.world, 'pve1', Number(proxy.port))
    assert.ok(session)
    assert.ok(session.join())
    const { end, said, isClosed } = client()
    session.open(end)
    assert.equal(said().toString(), 'RFB 003.008\n')
    session.data(Buffer.from('RFB 003.008\n'))
    assert.deepEqual([...said()], [1, 2])
    session.data(Buffer.from([2]))
    session.data(answer(said(), isRight ? proxy.password : 'wrong'))
    const verdict = said()
    assert.equal(verdict.readUInt32BE(0), isRight ? 0 : 1)
    assert.equal(isClosed(), !isRight)
    if (!isRight) continue
    session.data(Buffer.from([1]))
    const init = said()
    assert.deepEqual(
      [init.readUInt16BE(0), init.readUInt16BE(2), init.subarray(24).toString()],
      [720, 400, 'web'],
    )
    // The whole screen, then only what changed: nothing.
    session.data(Buffer.from([3, 0, 0, 0, 0, 0, 2, 208, 1, 144]))
    assert.equal(said().length, 16 + 720 * 400 * 4)
    session.data(Buffer.from([3, 1, 0, 0, 0, 0, 2, 208, 1, 144]))
    assert.equal(said().length, 0)
    session.closed()
  }
})

/** What a VNC client makes of a challenge: DES under the password, its bits mirrored. */
function answer(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8)
  for (const [index, byte] of Buffer.from(password.slice(0, 8)).entries()) {
    for (let bit = 0; bit < 8; bit += 1) if (byte & (1 << bit)) key[index] = (key[index] ?? 0) | (128 >> bit)
  }
  return createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null)
    .setAutoPadding(false)
    .update(challenge)
}

test('the screen of a VM that is off closes at once and says why in its task', async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100' })
  const proxy = (await lab.call(`POST ${VM}/vncproxy`)) as Proxy
  const { end, isClosed } = client()
  const session = consoleOn(lab.world, 'pve1', Number(proxy.port))
  assert.ok(session)
  assert.ok(session.join())
  session.open(end)
  assert.ok(isClosed())
  const task = lab.world.tasks.get(proxy.upid)
  await task?.done
  assert.deepEqual(task?.log, ['VM 100 not running', 'TASK ERROR: Failed to run vncproxy.'])
})

test('frames are unmasked, pings answered, and unmasked frames end the connection', async () => {
  const socket = new PassThrough()
  const written: Buffer[] = []
  socket.write = ((chunk: Buffer) => {
    written.push(chunk)
    return true
  }) as typeof socket.write
  const got: string[] = []
  let closed = 0
  // A text frame in two pieces, the first of which came with the handshake.
  const text = Buffer.from([0x81, 0x82, 1, 2, 3, 4, 'h'.charCodeAt(0) ^ 1, 'i'.charCodeAt(0) ^ 2])
  serveWebSocket(socket, text.subarray(0, 3), {
    onData: (data) => got.push(data.toString()),
    onClose: () => (closed += 1),
  })
  socket.emit('data', text.subarray(3))
  socket.emit('data', Buffer.from([0x89, 0x81, 0, 0, 0, 0, 7]))
  await Promise.resolve()
  assert.deepEqual(got, ['hi'])
  assert.deepEqual([...(written[0] ?? [])], [0x8a, 1, 7])
  socket.emit('data', Buffer.from([0x81, 0x01, 65]))
  socket.emit('data', Buffer.from([0x81, 0x01, 65]))
  assert.equal(closed, 1)
})
