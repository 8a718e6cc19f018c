import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { startLab } from '@fochista/lab'
import { createProxmox } from '@fochista/proxmox'

// What a person sees and types at a terminal: a real one, which script(1) makes.

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 10 })
after(() => lab.stop())
const home = await mkdtemp(join(tmpdir(), 'fochista-terminal-'))
after(() => rm(home, { recursive: true, force: true }))
const {
  PROXMOX_URL = '',
  PROXMOX_TOKEN_ID = '',
  PROXMOX_SECRET = '',
  PROXMOX_PASSWORD = '',
} = lab.environment
const proxmox = createProxmox({
  endpoints: [PROXMOX_URL],
  credentials: { tokenId: PROXMOX_TOKEN_ID, secret: PROXMOX_SECRET },
  tls: { fingerprints: [lab.environment['PROXMOX_FINGERPRINT'] ?? ''] },
})
after(() => proxmox.close())

before(async () => {
  for (const vmid of [700, 701, 702]) {
    const body = { vmid, name: `web-${vmid}`, memory: '512' }
    await proxmox.tasks.wait(await proxmox.post('/nodes/{node}/qemu', { path: { node: 'pve1' }, body }))
  }
})

/** True where the machine has no script(1), and the test is skipped. */
function lacksTerminal(t: TestContext): boolean {
  if (spawnSync('script', ['--version']).status === 0) return false
  assert.ok(!process.env['FOCHISTA_NO_SKIP'], 'script, of util-linux, is not installed')
  t.skip('NEEDS script, of util-linux')
  return true
}

interface Session {
  /** What the terminal showed so far, without its control characters. */
  shown(): string
  type(keys: string): void
  /** Resolves when `text` was shown. */
  until(text: RegExp): Promise<void>
  /** Resolves to the exit code. */
  ended: Promise<number>
}

function atTerminal(line: string, over: Readonly<Record<string, string>> = {}): Session {
  const main = join(import.meta.dirname, 'main.ts')
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning']
  const command = [process.execPath, ...flags, main, ...line.split(' ')].join(' ')
  const { CI: _, ...env } = process.env
  // Without somebody's window it has no size. Ctrl-C reaches the shell too, which would end before it says how the command did.
  const inTerminal = `stty columns 100 rows 30; trap : INT; ${command}; echo "exit code $?"`
  const child = spawn('script', ['-qec', inTerminal, '/dev/null'], {
    env: {
      ...env,
      ...lab.environment,
      HOME: home,
      LC_ALL: 'C.UTF-8',
      // script(1) takes somebody's own.
      SHELL: '/bin/sh',
      TERM: 'xterm',
      ...over,
    },
  })
  let bytes = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (bytes += text))
  const shown = (): string => stripVTControlCharacters(bytes)
  return {
    shown,
    type: (keys) => void child.stdin.write(keys),
    until: async (text) => {
      for (let tries = 0; tries < 1200 && !text.test(shown()); tries += 1) await sleep(50)
      assert.match(shown(), text)
    },
    ended: once(child, 'close').then(() => Number(/exit code (\d+)/.exec(shown())?.[1])),
  }
}

test('of several at once each has a line, redrawn in place', { timeout: 120_000 }, async (t) => {
  if (lacksTerminal(t)) return
  const session = atTerminal('vm start web-700 701 web-702')
  assert.equal(await session.ended, 0, session.shown())
  // The last picture stands.
  const lines = session.shown().split(/[\r\n]+/)
  for (const name of ['700 (web-700)', '701 (web-701)', '702 (web-702)'])
    assert.ok(lines.includes(`✔ ${name}  OK  qmstart`), session.shown())
})

test(
  'Ctrl-C at a terminal stops the waiting and not the task, and says how to follow it',
  { timeout: 120_000 },
  async (t) => {
    if (lacksTerminal(t)) return
    // However late the key comes, the clone is still under way.
    await lab.faults.add({
      on: { backEnd: 'proxmox', task: 'qmclone' },
      what: { kind: 'task-hangs', at: 'before' },
    })
    const session = atTerminal('vm clone 9000 newid=710 name=copy full=1')
    await session.until(/◐ .*qmclone/)
    session.type('\u0003')
    assert.equal(await session.ended, 2, session.shown())
    assert.match(session.shown(), /error: Cancelled\.\r?\n {2}What was started goes on; follow it with:/)
    const [, upid = ''] = /fochista task wait (UPID:\S+)/.exec(session.shown()) ?? []
    await lab.faults.clear()
    assert.equal((await proxmox.tasks.wait(upid)).exitStatus, 'OK')
  },
)

const user = { PROXMOX_USER: 'root@pam', PROXMOX_TOKEN_ID: '', PROXMOX_PASSWORD: '' }

test('a password is asked for, and not shown as it is typed', { timeout: 60_000 }, async (t) => {
  if (lacksTerminal(t)) return
  const session = atTerminal('vm list', user)
  await session.until(/Password of root@pam:/)
  session.type(`${PROXMOX_PASSWORD}x\u007f\r`)
  assert.equal(await session.ended, 0, session.shown())
  assert.match(session.shown(), /^ *VMID +NAME/m)
  assert.ok(!session.shown().includes(PROXMOX_PASSWORD.slice(0, 8)), session.shown())
})

test('Ctrl-C instead of a password cancels', { timeout: 60_000 }, async (t) => {
  if (lacksTerminal(t)) return
  const session = atTerminal('vm list', user)
  await session.until(/Password of root@pam:/)
  session.type('\u0003')
  assert.equal(await session.ended, 2, session.shown())
  assert.match(session.shown(), /error: Cancelled\./)
})
