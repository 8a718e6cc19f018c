import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startLab } from '@fochista/lab'
import { createContext } from './context.ts'
import { CancelledError } from './errors.ts'
import { runLine } from './program.ts'
import { testIo } from './test-io.ts'

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 200 })
after(() => lab.stop())
const folder = await mkdtemp(join(tmpdir(), 'fochista-password-'))
after(() => rm(folder, { recursive: true, force: true }))
const password = lab.environment['PROXMOX_PASSWORD'] ?? ''

async function run(
  line: string,
  over: Readonly<Record<string, string | undefined>>,
  secret?: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = testIo(secret === undefined ? {} : { secret })
  const environment = {
    ...lab.environment,
    PROXMOX_TOKEN_ID: undefined,
    PROXMOX_SECRET: undefined,
    PROXMOX_PASSWORD: undefined,
    HOME: '/nonexistent',
    ...over,
  }
  const code = await runLine(line.split(' '), io, new AbortController().signal, (given, signal, flags) =>
    createContext(given, signal, flags, environment),
  )
  return { code, stdout: io.stdout, stderr: io.stderr }
}

test('a user signs in by a password from the environment, from a file, or as it is typed, and may write', async () => {
  const file = join(folder, 'password')
  await writeFile(file, `${password}\n`, { mode: 0o600 })
  for (const [over, secret] of [
    [{ PROXMOX_PASSWORD: password }, undefined],
    [{ PROXMOX_PASSWORD_FILE: file }, undefined],
    [{}, password],
  ] as const) {
    const user = { PROXMOX_USER: 'root@pam', ...over }
    const made = await run('vm create pve1 vmid=750 name=by-password memory=512', user, secret)
    assert.equal(made.code, 0, made.stderr)
    assert.equal(made.stderr.includes('Password of root@pam:'), secret !== undefined)
    assert.equal((await run('vm delete by-password --yes', user, secret)).code, 0)
    for (const { stdout, stderr } of [made]) assert.ok(!`${stdout}${stderr}`.includes(password))
  }
})

test('a password that is wrong, missing, or readable by others is told so, and what to do', async () => {
  const open = join(folder, 'open')
  await writeFile(open, password)
  await chmod(open, 0o644)
  const empty = join(folder, 'empty')
  await writeFile(empty, '', { mode: 0o600 })
  const user = 'root@pam'
  for (const [over, code, expected] of [
    [
      { PROXMOX_USER: user, PROXMOX_PASSWORD: 'wrong' },
      4,
      /^error: .*401: authentication failure\n {2}Check PROXMOX_USER \(user@realm\) and its password\.\n$/,
    ],
    [{ PROXMOX_USER: user }, 4, /error: there is no password for root@pam\n {2}Set PROXMOX_PASSWORD_FILE or/],
    [
      { PROXMOX_USER: user, PROXMOX_PASSWORD_FILE: open },
      1,
      /^error: .*\/open holds secrets and others may read it\n {2}chmod 600 .*\/open\n$/,
    ],
    [
      { PROXMOX_USER: user, PROXMOX_PASSWORD_FILE: empty },
      1,
      /^error: PROXMOX_PASSWORD_FILE: .*\/empty is empty\n$/,
    ],
    [
      { PROXMOX_USER: user, PROXMOX_PASSWORD_FILE: '/none' },
      1,
      /^error: PROXMOX_PASSWORD_FILE: ENOENT.*'\/none'\n$/,
    ],
    [
      { PROXMOX_USER: 'root', PROXMOX_PASSWORD: 'x' },
      1,
      /^error: PROXMOX_USER: "root" is not user@realm, such as root@pam\n/,
    ],
    [
      { PROXMOX_USER: 'root@pam!x', PROXMOX_PASSWORD: 'x' },
      1,
      /^error: PROXMOX_USER: "root@pam!x" names a token; set it as PROXMOX_TOKEN_ID\n/,
    ],
    [
      { PROXMOX_USER: user, PROXMOX_PASSWORD: 'x', PROXMOX_TOKEN_ID: 'root@pam!x' },
      1,
      /^error: PROXMOX_USER and PROXMOX_TOKEN_ID are both set, and only one can sign in\n {2}Unset/,
    ],
    [
      {},
      1,
      /^error: PROXMOX_TOKEN_ID is not set\n {2}This call goes to Proxmox directly: .* or PROXMOX_USER\.\n/,
    ],
  ] as const) {
    const refused = await run('vm list', over)
    assert.match(refused.stderr, expected)
    assert.equal(refused.code, code, refused.stderr)
  }
})

/** A code of a new device of a user, whom it makes. */
async function userWithDevice(username: string): Promise<{ code: string; keys: readonly string[] }> {
  const totp = 'otpauth://totp/lab:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
  const root = { PROXMOX_USER: 'root@pam', PROXMOX_PASSWORD: password }
  const call = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await run(line, root)
    assert.equal(code, 0, stderr)
    return stdout
  }
  await call(`api create /access/users userid=${username} password=lovelace`)
  await call(`api set /access/acl path=/ users=${username} roles=PVEAuditor`)
  const key = Buffer.from('12345678901234567890')
  // The next step: it holds for a minute at least.
  const code = totpOf(key, Math.floor(Date.now() / 30_000) + 1)
  await call(`api create /access/tfa/${username} type=totp description=phone totp=${totp} value=${code}`)
  const made = await call(`api create /access/tfa/${username} type=recovery -o json`)
  return { code, keys: (JSON.parse(made) as { recovery: string[] }).recovery }
}

/** A code by RFC 6238. */
function totpOf(key: Buffer, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', key).update(counter).digest()
  const number = mac.readUInt32BE((mac.at(-1) ?? 0) & 15) & 0x7fffffff
  return String(number % 1e6).padStart(6, '0')
}

test('a second factor comes from the environment or is asked for, and a code serves once', async () => {
  const ada = { PROXMOX_USER: 'ada@pve', PROXMOX_PASSWORD: 'lovelace' }
  const { code, keys } = await userWithDevice('ada@pve')
  const given = await run('node list', { ...ada, PROXMOX_OTP: code })
  assert.equal(given.code, 0, given.stderr)
  assert.match(given.stdout, /pve1/)
  const again = await run('node list', { ...ada, PROXMOX_OTP: code })
  assert.equal(again.code, 4)
  assert.match(
    again.stderr,
    /^error: the second factor of ada@pve was refused\n {2}Proxmox takes each code once/,
  )
  const typed = await run('node list', ada, keys[0])
  assert.equal(typed.code, 0, typed.stderr)
  assert.match(typed.stderr, /Code of ada@pve’s second factor, or a recovery key:/)
  const missing = await run('node list', ada)
  assert.equal(missing.code, 4)
  assert.match(
    missing.stderr,
    /error: ada@pve signs in with a second factor, and there is no code\n {2}Set PROXMOX_OTP .*\n {2}make an API token .*: {2}pveum user token add ada@pve fochista\n$/,
  )
})

test('a question ends with the command, whoever stops it', async () => {
  const stop = new AbortController()
  let isOver = false
  const io = {
    ...testIo(),
    askSecret: (_question: string, signal?: AbortSignal): Promise<string | undefined> => {
      const answer = new Promise<undefined>((resolve) => {
        signal?.addEventListener('abort', () => {
          isOver = true
          resolve(undefined)
        })
      })
      stop.abort(new CancelledError())
      return answer
    },
  }
  const environment = { ...lab.environment, PROXMOX_TOKEN_ID: undefined, PROXMOX_SECRET: undefined }
  const code = await runLine(['node', 'list'], io, stop.signal, (given, signal, flags) =>
    createContext(given, signal, flags, {
      ...environment,
      PROXMOX_PASSWORD: undefined,
      PROXMOX_USER: 'root@pam',
      HOME: '/nonexistent',
    }),
  )
  assert.ok(isOver)
  assert.notEqual(code, 0)
})

test('a user whose second factor cannot be typed is told how to come by a token', async (t) => {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        data: {
          ticket: 'PVE:!tfa!{"webauthn"%3A{}}:65F00000::c2ln',
          CSRFPreventionToken: 'c',
          NeedTFA: 1,
          username: 'ada@pve',
        },
      }),
    )
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise((resolve) => void server.once('listening', resolve))
  const { code, stderr } = await run('vm list', {
    PROXMOX_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    PROXMOX_FINGERPRINT: undefined,
    PROXMOX_CA: undefined,
    PROXMOX_USER: 'ada@pve',
    PROXMOX_PASSWORD: 'lovelace',
  })
  assert.equal(code, 4)
  assert.match(
    stderr,
    /error: ada@pve signs in with a second factor \(webauthn\), which this command cannot give\n {2}make an API token .*: {2}pveum user token add ada@pve fochista\n$/,
  )
})
