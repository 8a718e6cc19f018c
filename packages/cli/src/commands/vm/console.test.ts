import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startLab } from '@fochista/lab'
import { createProxmox } from '@fochista/proxmox'
import { WebSocket } from 'ws'
import { createContext } from '../../context.ts'
import { runLine } from '../../program.ts'
import { testIo, type TestIo } from '../../test-io.ts'

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 10 })
after(() => lab.stop())
const home = await mkdtemp(join(tmpdir(), 'fochista-console-'))
after(() => rm(home, { recursive: true, force: true }))
const environment: Record<string, string | undefined> = { ...lab.environment, HOME: home }

interface Running {
  readonly io: TestIo
  readonly code: Promise<number>
  readonly stop: AbortController
}

function start(line: string, over: Record<string, string | undefined> = {}): Running {
  const io = testIo()
  const stop = new AbortController()
  const code = runLine(line.split(' '), io, stop.signal, (given, signal, flags) =>
    createContext(given, signal, flags, { ...environment, ...over }),
  )
  return { io, code, stop }
}

async function ok(line: string): Promise<void> {
  const { io, code } = start(line)
  assert.equal(await code, 0, io.stderr)
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (isSo()) return
    await sleep(50)
  }
  assert.fail(`never: ${what}`)
}

before(async () => {
  await ok('vm create pve1 vmid=700 name=web-1 memory=512 serial0=socket')
  await ok('vm create pve2 vmid=701 name=bare memory=512')
  await ok('vm start 700 701')
})

test(
  'a terminal is attached until the detach key, with a pinned certificate as with a CA',
  { timeout: 60_000 },
  async () => {
    for (const over of [{ PROXMOX_CA: '' }, { PROXMOX_FINGERPRINT: '' }]) {
      const { io, code } = start('vm terminal web-1', over)
      await until('the terminal says something', () => io.stdout.includes('starting serial terminal'))
      io.resize(132, 43)
      await io.type('\r')
      await io.type('\u001d')
      assert.equal(await code, 0)
      assert.match(io.stderr, /^Attached to 700 \(web-1\)\..*ctrl-\]/)
      assert.match(io.stderr, /Detached; attach again with: {2}fochista vm terminal 700\n$/)
    }
  },
)

test('who may see a VM and not its console is told which right is missing', { timeout: 60_000 }, async () => {
  const made = start('token proxmox create root@pam look privsep=1 -o json')
  assert.equal(await made.code, 0, made.io.stderr)
  const { value } = JSON.parse(made.io.stdout) as { value: string }
  await ok('api set /access/acl path=/vms/700 roles=PVEAuditor tokens=root@pam!look')
  const look = { PROXMOX_TOKEN_ID: 'root@pam!look', PROXMOX_SECRET: value }
  for (const line of ['vm terminal web-1', 'vm screen web-1 --no-open']) {
    const { io, code } = start(line, look)
    if (line.includes('screen')) {
      await until('the page is served', () => io.stdout.includes('http://127.0.0.1'))
      assert.equal((await fetch(new URL('open', io.stdout.trim()), { method: 'POST' })).status, 502)
    }
    assert.equal(await code, 1)
    assert.match(io.stderr, /web-1\): not permitted: it needs VM\.Console on \/vms\/700\n.*pveum acl modify/)
  }
})

test('the detach key can be another one, and must be a key', { timeout: 60_000 }, async () => {
  const { io, code } = start('vm terminal web-1 --detach-key ctrl-o')
  await until('the terminal says something', () => io.stdout.includes('starting serial terminal'))
  await io.type('\u000f')
  assert.equal(await code, 0)
  const wrong = start('vm terminal web-1 --detach-key x')
  assert.equal(await wrong.code, 1)
  assert.match(wrong.io.stderr, /--detach-key: "x" is not ctrl-/)
})

test('a signed-in user has terminals as a token has', { timeout: 60_000 }, async () => {
  const proxmox = createProxmox({
    endpoints: [environment['PROXMOX_URL'] ?? ''],
    credentials: { username: 'root@pam', password: environment['PROXMOX_PASSWORD'] ?? '' },
    tls: { fingerprints: [environment['PROXMOX_FINGERPRINT'] ?? ''] },
  })
  const terminal = await proxmox.consoles.terminal({ node: 'pve1', vmid: 700 })
  for await (const bytes of terminal.output) if (bytes.toString().includes('serial0')) break
  terminal.close()
  await proxmox.close()
})

test('a terminal that cannot be says why, and what to do', { timeout: 60_000 }, async () => {
  const none = start('vm terminal bare')
  assert.equal(await none.code, 1)
  assert.match(
    none.io.stderr,
    /error: 701 \(bare\) has no such serial port\n.*fochista vm config 701 serial0=socket/,
  )
  const { io, code } = start('vm terminal web-1')
  await until('the terminal says something', () => io.stdout.includes('starting serial terminal'))
  await ok('vm stop web-1 --yes')
  assert.equal(await code, 1)
  assert.match(io.stderr, /error: 700 \(web-1\) is not running\n {2}start it with: {2}fochista vm start 700/)
  await ok('vm start web-1')
})

test(
  'on a terminal of its own the keys go to the VM, Ctrl-C too, and the terminal is as before afterwards',
  { timeout: 60_000 },
  async (t) => {
    if (spawnSync('script', ['--version']).status !== 0) {
      assert.ok(!process.env['FOCHISTA_NO_SKIP'], 'script, of util-linux, is not installed')
      return t.skip('NEEDS script, of util-linux')
    }
    const main = join(import.meta.dirname, '../../main.ts')
    const flags = process.execArgv.filter((flag) => flag.startsWith('--conditions'))
    const line = [process.execPath, ...flags, main, 'vm', 'terminal', 'web-1'].join(' ')
    const child = spawn('script', ['-qec', `stty -a; ${line}; echo code $?; stty -a`, '/dev/null'], {
      // script(1) takes somebody's own shell.
      env: { ...process.env, ...environment, SHELL: '/bin/sh', TERM: 'xterm', LC_ALL: 'C.UTF-8' },
    })
    let said = ''
    child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()))
    await until('the terminal says something', () => said.includes('starting serial terminal'))
    child.stdin.write('\u0003')
    child.stdin.write('\u001d')
    await once(child, 'close')
    assert.match(said, /code 0/)
    const settings = said.match(/^.*-?\bicanon\b.*$/gm)
    assert.equal(settings?.length, 2, said)
    assert.equal(settings[0], settings[1])
  },
)

test(
  'a screen is served once, to this machine, and speaks RFB through the splice',
  { timeout: 60_000 },
  async () => {
    const { io, code } = start('vm screen web-1 --no-open')
    await until('the page is served', () => io.stdout.includes('http://127.0.0.1'))
    const url = io.stdout.trim()
    const page = await fetch(url)
    assert.match(await page.text(), /VM 700 \(web-1\)/)
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self'/)
    assert.match(await (await fetch(new URL('novnc/core/rfb.js', url))).text(), /noVNC/)
    assert.equal((await fetch(new URL('novnc/core/..%2f..%2fpackage.json', url))).status, 404)
    assert.equal((await fetch(new URL('/', url))).status, 404)
    const elsewhere = await fetch(new URL('open', url), {
      method: 'POST',
      headers: { origin: 'http://evil.example' },
    })
    assert.equal(elsewhere.status, 404)
    const socketAt = new URL('socket', url.replace('http', 'ws')).href
    // Before it was asked for there is nothing to see.
    await refused(socketAt)
    const opened = (await (await fetch(new URL('open', url), { method: 'POST' })).json()) as {
      password: string
    }
    assert.equal(opened.password.length, 8)
    assert.equal((await fetch(new URL('open', url), { method: 'POST' })).status, 410)
    const socket = new WebSocket(socketAt, ['binary'])
    const [first] = (await once(socket, 'message')) as [Buffer]
    assert.equal(first.toString(), 'RFB 003.008\n')
    socket.send('RFB 003.008\n')
    const [types] = (await once(socket, 'message')) as [Buffer]
    assert.deepEqual([...types], [1, 2])
    await refused(socketAt)
    socket.close()
    assert.equal(await code, 0)
    assert.match(io.stderr, /The screen was closed; open it again with: {2}fochista vm screen 700\n$/)
    // Somebody else may listen there by now.
    const later = await fetch(url).catch(() => undefined)
    assert.notEqual(later?.status, 200)
  },
)

async function refused(url: string): Promise<void> {
  const socket = new WebSocket(url, ['binary'])
  const [response] = (await once(socket, 'unexpected-response')).slice(1) as [IncomingMessage]
  assert.equal(response.statusCode, 403)
}

test(
  'the screen of a VM that is off closes and says so; one that nobody opens is given up; Ctrl-C ends it',
  { timeout: 60_000 },
  async () => {
    await ok('vm create pve1 vmid=702 name=off memory=512')
    const { io, code } = start('vm screen off --no-open')
    await until('the page is served', () => io.stdout.includes('http://127.0.0.1'))
    const url = io.stdout.trim()
    await fetch(new URL('open', url), { method: 'POST' })
    const socket = new WebSocket(new URL('socket', url.replace('http', 'ws')).href, ['binary'])
    await once(socket, 'close')
    assert.equal(await code, 1)
    assert.match(io.stderr, /error: VM 702 \(off\) is not running\n.*fochista vm start 702/)
    const unused = start('vm screen web-1 --no-open --timeout 1ms')
    assert.equal(await unused.code, 8)
    const cancelled = start('vm screen web-1 --no-open')
    await until('the page is served', () => cancelled.io.stdout.includes('http://127.0.0.1'))
    cancelled.stop.abort()
    assert.equal(await cancelled.code, 2)
  },
)
