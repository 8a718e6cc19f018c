import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CTS, NOBODY, withContainer } from '../lxc/test-container.ts'
import { consoleOn, type ConsoleClient } from '../qemu/console/sessions.ts'
import { client } from '../qemu/console/test-client.ts'
import { Viewer } from '../qemu/console/test-viewer.ts'
import type { ProxmoxWorld } from '../world.ts'
import { eventually } from '../../test-eventually.ts'

interface Opened {
  readonly user: string
  readonly ticket: string
  readonly port: string
  readonly upid: string
  readonly password?: string
  readonly cert?: string
}

/** Takes the one place of a console's client. */
function join(world: ProxmoxWorld, port: string): ConsoleClient {
  const session = consoleOn(world, 'pve1', Number(port))
  if (session?.join() !== true) throw new Error(`nothing waits for a client on ${port}`)
  return session
}

/** A client on a terminal that was opened, logged in, and what types for it. */
function attach(world: ProxmoxWorld, { user, ticket, port }: Opened) {
  const session = join(world, port)
  const { end, said, isClosed } = client()
  let shown = ''
  session.open(end)
  session.data(Buffer.from(`${user}:${ticket}\n`))
  return {
    session,
    isClosed,
    type: (text: string) => session.data(Buffer.from(`0:${Buffer.byteLength(text)}:${text}`)),
    /** Resolves when what it showed last ends so. */
    until: (says: RegExp) =>
      eventually(
        String(says),
        () => says.test((shown += said().toString())),
        () => shown,
      ),
  }
}

test('root has a shell on a host at once, others are asked who they are, and its end is told', async () => {
  const { world, ask } = await withContainer()
  const opened = (await ask('POST /nodes/pve1/termproxy')) as Opened
  assert.match(opened.upid, /:vncshell::root@pam:$/)
  const { type, until, isClosed } = attach(world, opened)
  await until(/^OK[^]*emulated[^]*Linux pve1 .*-pve [^]*root@pve1:~# $/)
  type('hostname; echo kept > /tmp/x\r')
  await until(/\r\npve1\r\nroot@pve1:~# $/)
  // The next one finds the same files.
  const second = attach(world, (await ask('POST /nodes/pve1/termproxy', { cmd: 'upgrade' })) as Opened)
  await second.until(/Your System is up-to-date[^]*# $/)
  second.type('cat /tmp/x\r')
  await second.until(/\r\nkept\r\nroot@pve1:~# $/)
  type('exit\r')
  await until(/logout\r\n$/)
  assert.equal(isClosed(), true)
  // A token is not root's session.
  const user = world.access.users.get('root@pam')
  assert.ok(user)
  user.password = 'secret'
  world.access.tokens.set('root@pam!ci', { secret: 'x', privsep: false, expire: 0 })
  const byToken = (await ask('POST /nodes/pve2/termproxy', {}, { user: 'root@pam', token: 'ci' })) as Opened
  const login = attach(world, byToken)
  await login.until(/Debian GNU\/Linux 13 pve2 pts\/0\r\n\r\npve2 login: $/)
  login.type('root\rsecret\r')
  await login.until(/root@pve2:~# $/)
  login.session.closed()
  await world.tasks.get(byToken.upid)?.done
  assert.equal(world.tasks.get(byToken.upid)?.exitstatus, 'OK')
  await assert.rejects(
    ask('POST /nodes/pve1/termproxy', { cmd: 'upgrade' }, { user: 'root@pam', token: 'ci' }),
    {
      status: 403,
      message: 'Permission check failed (user != root@pam)\n',
    },
  )
  for (const call of ['termproxy', 'vncshell', 'spiceshell'])
    await assert.rejects(ask(`POST /nodes/pve1/${call}`, {}, NOBODY), { status: 403 })
})

test('the console of a container is one for all, with its login, and ends with its container', async () => {
  const { world, ask, done } = await withContainer({ password: 'inside' })
  const off = attach(world, (await ask(`POST ${CTS}/200/termproxy`)) as Opened)
  await off.until(/^OK200 is not running\r\n$/)
  assert.equal(off.isClosed(), true)
  await done(`POST ${CTS}/200/status/start`)
  const opened = (await ask(`POST ${CTS}/200/termproxy`)) as Opened
  assert.match(opened.upid, /:vncproxy:200:root@pam:$/)
  const first = attach(world, opened)
  await first.until(/web login: $/)
  first.type('root\rwrong\r')
  await first.until(/Login incorrect[^]*web login: $/)
  first.type('root\rinside\r')
  await first.until(/root@web:~# $/)
  const second = attach(world, (await ask(`POST ${CTS}/200/termproxy`)) as Opened)
  await second.until(/root@web:~# $/)
  second.type('ip -4 a; frobnicate\r')
  await first.until(/192\.0\.2\.50\/24 scope global eth0[^]*frobnicate: command not found\r\nroot@web:~# $/)
  await done(`POST ${CTS}/200/status/stop`)
  assert.deepEqual([first.isClosed(), second.isClosed()], [true, true])
  await ask(`PUT ${CTS}/200/config`, { cmode: 'shell' })
  await done(`POST ${CTS}/200/status/start`)
  const shell = attach(world, (await ask(`POST ${CTS}/200/termproxy`)) as Opened)
  await shell.until(/root@web:~# $/)
  shell.type('poweroff\r')
  await eventually('the shell is gone', shell.isClosed)
  assert.equal(world.cluster.containers.get(200)?.running, false)
})

test('shells are pictures too, for who has the password', async () => {
  const { world, ask, done } = await withContainer({ password: 'inside' })
  await done(`POST ${CTS}/200/status/start`)
  for (const [call, shows] of [
    ['/nodes/pve1/vncshell', 'root@pve1:~#'],
    [`${CTS}/200/vncproxy`, 'web login:'],
  ] as const) {
    const opened = (await ask(`POST ${call}`, { websocket: '1' })) as Opened
    const session = join(world, opened.port)
    const { end, said } = client()
    const viewer = new Viewer(opened.password ?? '', (bytes) => session.data(bytes))
    session.open(end)
    await eventually(
      shows,
      () => {
        viewer.data(said())
        return viewer.text.some((line) => line.startsWith(shows))
      },
      () => viewer.text.join('\n'),
    )
    session.closed()
    await world.tasks.get(opened.upid)?.done
  }
  // Nothing listens for SPICE; the file is what a viewer reads.
  for (const [call, title] of [
    ['/nodes/pve1/spiceshell', "Shell on 'pve1'"],
    [`${CTS}/200/spiceproxy`, 'CT 200'],
  ] as const) {
    const file = (await ask(`POST ${call}`)) as Record<string, unknown>
    assert.deepEqual([file['type'], file['title']], ['spice', title])
  }
  const { ticket, port } = (await ask('POST /nodes/pve1/termproxy')) as Opened
  assert.deepEqual(await ask('GET /nodes/pve1/vncwebsocket', { port, vncticket: ticket }), { port })
  for (const path of ['/nodes/pve2', `${CTS}/200`])
    await assert.rejects(ask(`GET ${path}/vncwebsocket`, { port, vncticket: ticket }), {
      status: 401,
      message: 'permission denied - invalid PVEVNC ticket\n',
    })
  const ct = (await ask(`POST ${CTS}/200/termproxy`)) as Opened
  assert.deepEqual(await ask(`GET ${CTS}/200/vncwebsocket`, { port: ct.port, vncticket: ct.ticket }), {
    port: ct.port,
  })
})
