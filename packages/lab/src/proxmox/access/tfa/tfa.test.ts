import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { ApiError } from '../../api-error.ts'
import { checkedWorld, type Ask } from '../../test-answers.ts'
import { readTicket } from '../tickets.ts'
import { codeOf, findStep, parseTotp } from './totp.ts'

const ADA = { user: 'ada@pve' }
const NOBODY = { user: 'nobody@pve' }
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const DEVICE = `otpauth://totp/lab:ada?secret=${SECRET}`
const PASSWORD = 'lovelace'
const NOW = 1_800_000_000_000

interface Login {
  readonly ticket: string
  readonly NeedTFA?: 1
  readonly cap?: object
}

/** A cluster with a user who has no second factor yet, at a moment that stays until it is changed. */
async function withAda(t: TestContext) {
  t.mock.timers.enable({ apis: ['Date'], now: NOW })
  const lab = checkedWorld()
  await lab.ask('POST /access/users', { userid: ADA.user, password: PASSWORD })
  await lab.ask('POST /access/users', { userid: NOBODY.user, password: PASSWORD })
  const logIn = async (params: Record<string, string>): Promise<Login> =>
    (await lab.ask('POST /access/ticket', { username: ADA.user, ...params })) as Login
  return {
    ...lab,
    logIn,
    /** Answers a fresh challenge. */
    answer: async (password: string): Promise<Login> => {
      const { ticket } = await logIn({ password: PASSWORD })
      return logIn({ password, 'tfa-challenge': ticket })
    },
    addDevice: (): Promise<string> => addDevice(lab.ask),
  }
}

async function addDevice(ask: Ask): Promise<string> {
  const params = { type: 'totp', description: 'phone', totp: DEVICE, value: codeNow(), password: PASSWORD }
  return ((await ask(`POST /access/tfa/${ADA.user}`, params, ADA)) as { id: string }).id
}

function codeNow(steps = 0): string {
  return codeOf(parseTotp(DEVICE), Math.floor(Date.now() / 30_000) + steps)
}

const refused = { status: 401, message: 'authentication failure\n' }

test('codes are those of RFC 6238, and hold one step before and after theirs', () => {
  for (const [algorithm, secret, time, code] of [
    ['SHA1', '12345678901234567890', 1_111_111_109, '07081804'],
    ['SHA1', '12345678901234567890', 20_000_000_000, '65353130'],
    ['SHA256', '12345678901234567890123456789012', 1_111_111_109, '68084774'],
    ['SHA512', '1234567890123456789012345678901234567890123456789012345678901234', 2_000_000_000, '38618901'],
  ] as const) {
    const uri = `otpauth://totp/x?secret=${base32(secret)}&algorithm=${algorithm}&digits=8`
    const totp = parseTotp(uri)
    const step = Math.floor(time / 30)
    assert.equal(codeOf(totp, step), code)
    for (const [seconds, found] of [
      [-60, undefined],
      [-30, step],
      [0, step],
      [30, step],
      [60, undefined],
    ] as const)
      assert.equal(findStep(totp, code, (time + seconds) * 1000), found)
  }
  // A step before the first is none.
  assert.equal(findStep(parseTotp(`${DEVICE}&period=9999999999`), '000000', 0), undefined)
  for (const [wrong, message] of [
    ['otpauth://hotp/x?secret=GEZDGNBV', 'not an otpauth uri\n'],
    ['otpauth://totp/x', 'missing otp secret\n'],
    ['otpauth://totp/x?secret=189', 'invalid base32 secret\n'],
    [`${DEVICE}&algorithm=MD5`, "unknown algorithm 'md5'\n"],
    [`${DEVICE}&digits=3`, 'invalid number of digits\n'],
    [`${DEVICE}&period=0`, 'invalid period\n'],
  ] as const)
    assert.throws(() => parseTotp(wrong), { status: 500, message })
})

function base32(text: string): string {
  const bits = [...Buffer.from(text)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('')
}

test('who has a device signs in with a code after the password, and with each code once', async (t) => {
  const { world, call, logIn, answer, addDevice: add, ask } = await withAda(t)
  assert.ok((await logIn({ password: PASSWORD })).cap)
  const id = await add()
  assert.equal(((await call('GET /access/users/ada@pve')) as { keys: string }).keys, 'x')
  const asked = await logIn({ password: PASSWORD })
  assert.deepEqual([asked.NeedTFA, asked.cap], [1, undefined])
  assert.match(asked.ticket, /^PVE:!tfa!\{"totp"%3Atrue\}:[0-9A-F]{8}::/)
  // What was given is no ticket yet.
  assert.equal(readTicket(world, asked.ticket), undefined)
  await assert.rejects(logIn({ password: asked.ticket }), refused)
  await assert.rejects(logIn({ password: PASSWORD, 'tfa-challenge': asked.ticket }), refused)
  const wrong = codeNow() === '000000' ? '000001' : '000000'
  await assert.rejects(logIn({ password: `totp:${wrong}`, 'tfa-challenge': asked.ticket }), refused)
  const code = `totp:${codeNow()}`
  await assert.rejects(logIn({ password: code, 'tfa-challenge': `${asked.ticket}x` }), refused)
  await assert.rejects(
    logIn({ password: code, 'tfa-challenge': asked.ticket, username: NOBODY.user }),
    refused,
  )
  await assert.rejects(logIn({ password: code, 'tfa-challenge': asked.ticket, otp: code }), refused)
  const { ticket, NeedTFA, cap } = await logIn({ password: code, 'tfa-challenge': asked.ticket })
  assert.deepEqual([readTicket(world, ticket), NeedTFA], [ADA.user, undefined])
  assert.ok(cap)
  await assert.rejects(answer(code), refused)
  // A ticket renews itself without a factor.
  assert.equal((await logIn({ password: ticket })).NeedTFA, undefined)
  // Both at once is a way too, with the kind before the code.
  const next = codeNow(1)
  await assert.rejects(logIn({ password: PASSWORD, otp: next }), refused)
  assert.ok((await logIn({ password: PASSWORD, otp: `totp:${next}` })).cap)
  // A device that is off asks for nothing.
  await ask(`PUT /access/tfa/ada@pve/${id}`, { enable: '0', description: 'drawer' })
  assert.deepEqual(await ask(`GET /access/tfa/ada@pve/${id}`), {
    type: 'totp',
    id,
    description: 'drawer',
    created: NOW / 1000,
    enable: 0,
  })
  assert.ok((await logIn({ password: PASSWORD })).cap)
  await assert.rejects(logIn({ password: PASSWORD, otp: `totp:${codeNow()}` }), refused)
})

test('recovery keys serve once each, and unlock devices after too many wrong codes', async (t) => {
  const { ask, answer, addDevice: add, logIn } = await withAda(t)
  await add()
  const made = (await ask('POST /access/tfa/ada@pve', { type: 'recovery' })) as {
    recovery: string[]
    id: string
  }
  assert.deepEqual([made.id, made.recovery.length], ['recovery', 10])
  for (const key of made.recovery) assert.match(key, /^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/)
  assert.match((await logIn({ password: PASSWORD })).ticket, /"recovery"%3A\[0,1,2,3,4,5,6,7,8,9\]/)
  const wrong = codeNow() === '000000' ? '000001' : '000000'
  for (let time = 0; time < 8; time++) await assert.rejects(answer(`totp:${wrong}`), refused)
  await assert.rejects(answer(`totp:${codeNow()}`), refused)
  const [listed] = (await ask('GET /access/tfa')) as Record<string, unknown>[]
  assert.deepEqual([listed?.['userid'], listed?.['totp-locked']], [ADA.user, 1])
  assert.ok((await answer(`recovery:${made.recovery[3]}`)).cap)
  assert.match((await logIn({ password: PASSWORD })).ticket, /"recovery"%3A\[0,1,2,4,5,6,7,8,9\]/)
  await assert.rejects(answer(`recovery:${made.recovery[3]}`), refused)
  await assert.rejects(answer('recovery:'), refused)
  assert.ok((await answer(`totp:${codeNow()}`)).cap)
  for (let time = 0; time < 8; time++) await assert.rejects(answer(`totp:${wrong}`), refused)
  assert.equal(await ask('PUT /access/users/ada@pve/unlock-tfa'), 1)
  assert.equal(await ask('PUT /access/users/ada@pve/unlock-tfa'), 0)
  assert.ok((await answer(`totp:${codeNow(1)}`)).cap)
})

test('after a hundred wrong answers nothing is taken for an hour', async (t) => {
  const { ask, answer } = await withAda(t)
  const { recovery } = (await ask('POST /access/tfa/ada@pve', { type: 'recovery' })) as { recovery: string[] }
  for (let time = 0; time < 100; time++) await assert.rejects(answer('recovery:wrong'), refused)
  await assert.rejects(answer(`recovery:${recovery[0]}`), refused)
  const [listed] = (await ask('GET /access/tfa')) as Record<string, unknown>[]
  assert.equal(listed?.['tfa-locked-until'], NOW / 1000 + 3600)
  t.mock.timers.setTime(NOW + 3_600_000)
  assert.ok((await answer(`recovery:${recovery[0]}`)).cap)
})

test('second factors are listed, told of by kind, and taken away, and go with their user', async (t) => {
  const { ask, call, addDevice: add } = await withAda(t)
  assert.deepEqual(await ask('GET /access/users/ada@pve/tfa'), {})
  const id = await add()
  await ask('POST /access/tfa/ada@pve', { type: 'recovery' })
  assert.deepEqual(
    ((await ask('GET /access/tfa/ada@pve', {}, ADA)) as Record<string, unknown>[]).map(({ type }) => type),
    ['totp', 'recovery'],
  )
  assert.deepEqual(await ask('GET /access/users/ada@pve/tfa'), { user: 'oath' })
  // The schema misspells one of the kinds.
  assert.deepEqual(await call('GET /access/users/ada@pve/tfa', { multiple: '1' }), {
    types: ['totp', 'recovery'],
  })
  assert.deepEqual(await ask('GET /access/tfa', {}, NOBODY), [])
  await ask(`DELETE /access/tfa/ada@pve/${id}`, { password: PASSWORD }, ADA)
  await ask('DELETE /access/tfa/ada@pve/recovery')
  assert.deepEqual(await ask('GET /access/tfa/ada@pve'), [])
  assert.equal(((await call('GET /access/users/ada@pve')) as { keys?: string }).keys, undefined)
  await add()
  await ask('DELETE /access/users/ada@pve')
  assert.deepEqual(await ask('GET /access/tfa'), [])
})

test('what cannot be a second factor, and who may not change one, is refused', async (t) => {
  const { ask, addDevice: add } = await withAda(t)
  const id = await add()
  await ask('POST /access/tfa/ada@pve', { type: 'recovery' })
  const device = { type: 'totp', description: 'x', totp: DEVICE, value: codeNow() }
  const wrong = codeNow() === '000000' ? '000001' : '000000'
  const adas = 'POST /access/tfa/ada@pve'
  for (const [request, params, status, message, identity] of [
    [adas, { ...device, value: wrong }, 500, 'failed to verify TOTP challenge\n'],
    [adas, { type: 'totp', totp: DEVICE, value: '1' }, 500, "'description' is required for new entries\n"],
    [
      adas,
      { type: 'totp', description: 'x' },
      500,
      "totp type requires both 'totp' and 'value' parameters\n",
    ],
    [adas, { ...device, challenge: 'x' }, 500, "'challenge' parameter is invalid for 'totp' entries\n"],
    [adas, { type: 'recovery' }, 500, 'user already has recovery keys\n'],
    [
      adas,
      { type: 'recovery', value: 'x' },
      500,
      'generating recovery tokens does not allow additional parameters\n',
    ],
    [adas, { type: 'webauthn', description: 'x' }, 500, 'no webauthn configuration available\n'],
    [adas, { type: 'sms' }, 400, 'Parameter verification failed.\n'],
    ['POST /access/tfa/eve@pve', device, 500, "no such user ('eve@pve')\n"],
    ['GET /access/tfa/ada@pve/none', {}, 404, "No such tfa entry 'none'"],
    ['DELETE /access/tfa/ada@pve/none', {}, 500, 'no such entry\n'],
    ['PUT /access/tfa/ada@pve/recovery', { enable: '0' }, 500, 'no such entry\n'],
    [`DELETE /access/tfa/ada@pve/${id}`, {}, 400, 'Parameter verification failed.\n', ADA],
    [`DELETE /access/tfa/ada@pve/${id}`, { password: 'wrong' }, 500, 'invalid credentials\n', ADA],
    [`DELETE /access/tfa/ada@pve/${id}`, { password: PASSWORD }, 403, undefined, NOBODY],
    ['PUT /access/users/ada@pve/unlock-tfa', {}, 403, undefined, NOBODY],
  ] as const)
    await assert.rejects(ask(request, params, identity), (error: ApiError) => {
      assert.equal(error.status, status, request)
      if (message !== undefined) assert.equal(error.message, message)
      return true
    })
})
