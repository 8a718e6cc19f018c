import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { testWorld, type TestWorld } from '../test-world.ts'
import type { GuestTerminal } from '../../world.ts'
import { consoleOn } from './sessions.ts'
import { client } from './test-client.ts'
import { Viewer, vncAnswer } from './test-viewer.ts'
import { serveWebSocket } from '../../../websocket.ts'
import { eventually } from '../../../test-eventually.ts'

const VM = '/nodes/pve1/qemu/100'

async function running(params: Record<string, string> = {}): Promise<TestWorld> {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100', name: 'web', ...params })
  await lab.task(`POST ${VM}/status/start`)
  return lab
}

/** A terminal that shows what is typed. */
function echo(): GuestTerminal & {
  show(text: string): void
  /** What was typed since the last call. */
  typed(): string
  attentions(): number
} {
  const watchers = new Set<(text: string) => void>()
  let [shown, typed, attentions] = ['', '', 0]
  const show = (text: string): void => {
    shown += text
    for (const tell of watchers) tell(text)
  }
  return {
    get shown() {
      return shown
    },
    watch: (tell) => {
      watchers.add(tell)
      return () => watchers.delete(tell)
    },
    type: (text) => {
      typed += text
      show(text)
    },
    attention: () => (attentions += 1),
    show,
    typed: () => {
      const text = typed
      typed = ''
      return text
    },
    attentions: () => attentions,
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
  const serial = echo()
  vm.serial = serial
  lab.world.events.emit('plugged', vm)
  serial.show('web login: ')
  assert.equal(said().toString(), 'web login: ')
  // Input in any pieces, a size and a ping.
  for (const piece of ['0:2:é1:120:40:20:', '1:ab']) session.data(Buffer.from(piece))
  assert.equal(serial.typed(), 'éa')
  assert.equal(said().toString(), 'éa')
  vm.paused = true
  session.data(Buffer.from('0:1:x'))
  assert.equal(serial.typed(), '')
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
  session.data(vncAnswer(said(), 'wrong'))
  assert.equal(said().readUInt32BE(0), 1)
  assert.ok(isClosed())
})

test('a screen shows what is on it, changes with it and takes keys', async () => {
  const lab = await running()
  const vm = lab.world.vms.get(100)
  assert.ok(vm)
  const tty = echo()
  vm.screen = tty
  lab.world.events.emit('plugged', vm)
  tty.show('line 1\r\n\u001B[1;32mGreen\u001B[0m ~{|}@\r\nweb login: ')
  const proxy = (await lab.call(`POST ${VM}/vncproxy`, { websocket: '1' })) as Proxy
  const session = consoleOn(lab.world, 'pve1', Number(proxy.port))
  assert.ok(session)
  assert.ok(session.join())
  const viewer = new Viewer(proxy.password, (bytes) => queueMicrotask(() => session.data(bytes)))
  session.open({ send: (bytes) => viewer.data(bytes), close: () => {} })
  await eventually('a login is shown', () => viewer.text[2] === 'web login:')
  assert.equal(viewer.name, 'QEMU (web)')
  assert.deepEqual([viewer.frame.width, viewer.frame.height], [720, 400])
  assert.deepEqual(viewer.text.slice(0, 3), ['line 1', 'Green ~{|}@', 'web login:'])
  const before = viewer.rectangles
  viewer.enter('Root')
  await eventually('a name is typed', () => viewer.text[2] === 'web login: Root')
  assert.equal(tty.typed(), 'Root\r')
  // Only what changed was sent.
  assert.ok(viewer.rectangles - before < 10, String(viewer.rectangles - before))
  await lab.call(`PUT ${VM}/sendkey`, { key: 'shift-a' })
  await lab.call(`PUT ${VM}/sendkey`, { key: 'ctrl-c' })
  assert.equal(tty.typed(), 'A\u0003')
  await lab.call(`PUT ${VM}/sendkey`, { key: 'ctrl-alt-delete' })
  assert.equal(tty.attentions(), 1)
  session.closed()
})

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
