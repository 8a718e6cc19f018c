import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { createAuthenticator, type Login } from './auth.ts'
import { ProxmoxApiError, ProxmoxConnectionError } from './errors.ts'
import { isUnauthorized } from './failures.ts'
import type { SecondFactor } from './second-factor.ts'
import { answer, connect, failureOf, refuse, type SeenRequest, serve } from './test-server.ts'

const HOUR = 3_600_000
const password = 'geheim & schön'
const credentials = { username: 'root@pam', password }

/** A login that counts, and a clock that is moved. */
function world(login?: Login) {
  const proofs: string[] = []
  const clock = { now: 0 }
  const authenticator = createAuthenticator(
    credentials,
    async (form) => {
      proofs.push(form.password)
      return login
        ? login(form)
        : { ticket: `PVE:${proofs.length}`, CSRFPreventionToken: `csrf${proofs.length}` }
    },
    () => clock.now,
  )
  return { proofs, clock, authenticator }
}

/** A Proxmox that gives tickets and takes only the newest. */
async function ticketServer(
  t: TestContext,
  handler: (request: SeenRequest, response: ServerResponse) => void,
) {
  let tickets = 0
  const server = await serve(t, (request, response) => {
    if (request.path !== '/api2/json/access/ticket') return handler(request, response)
    tickets += 1
    return answer(response, {
      username: 'root@pam',
      ticket: `PVE:root@pam:${tickets}==`,
      CSRFPreventionToken: `csrf${tickets}`,
    })
  })
  return { ...server, tickets: () => tickets }
}

test('a password becomes a ticket; CSRF’s token goes with writes only', async (t) => {
  const { url, seen } = await ticketServer(t, (_, response) => answer(response, null))
  const proxmox = connect(t, url, { credentials })
  await proxmox.get('/version')
  await proxmox.post('/nodes/{node}/qemu/{vmid}/status/start', { path: { node: 'a', vmid: 100 } })
  assert.equal(seen[0]?.body.toString(), 'username=root%40pam&password=geheim%20%26%20sch%C3%B6n')
  assert.deepEqual(
    seen
      .slice(1)
      .map(({ headers }) => [headers.cookie, headers['csrfpreventiontoken'], headers.authorization]),
    [
      ['PVEAuthCookie=PVE%3Aroot%40pam%3A1%3D%3D', undefined, undefined],
      ['PVEAuthCookie=PVE%3Aroot%40pam%3A1%3D%3D', 'csrf1', undefined],
    ],
  )
})

test('calls at the same time share one login', async (t) => {
  const { url, tickets } = await ticketServer(t, (_, response) => answer(response, []))
  const proxmox = connect(t, url, { credentials })
  await Promise.all([proxmox.get('/nodes'), proxmox.get('/nodes'), proxmox.get('/nodes')])
  assert.equal(tickets(), 1)
})

test('a refused ticket is replaced once, for a write too; a ticket refused again is an error', async (t) => {
  const { url, tickets, seen } = await ticketServer(t, ({ headers }, response) =>
    headers.cookie?.includes('2%3D')
      ? answer(response, null)
      : refuse(response, 401, 'Authentication failed!'),
  )
  const proxmox = connect(t, url, { credentials })
  const path = { node: 'a', vmid: 100 }
  await Promise.all([1, 2, 3].map(() => proxmox.post('/nodes/{node}/qemu/{vmid}/status/start', { path })))
  assert.equal(tickets(), 2)
  assert.equal(seen.filter(({ headers }) => headers['csrfpreventiontoken'] === 'csrf2').length, 3)
  const never = await ticketServer(t, (_, response) => refuse(response, 401, 'Authentication failed!'))
  assert.ok(isUnauthorized(await failureOf(connect(t, never.url, { credentials }).get('/nodes'))))
  assert.equal(never.tickets(), 2)
})

test('a wrong password is said at once and not tried again', async (t) => {
  const { url, seen } = await serve(t, (_, response) => refuse(response, 401, 'authentication failure'))
  const error = await failureOf(connect(t, url, { credentials }).get('/nodes'))
  assert.ok(isUnauthorized(error))
  assert.equal(error.message, 'POST /access/ticket failed with 401: authentication failure')
  assert.equal(seen.length, 1)
})

test('a ticket is renewed with itself after half its life, and with the password when it was left to expire', async () => {
  const { proofs, clock, authenticator } = world()
  await authenticator.headers(false)
  clock.now = HOUR - 1
  await authenticator.headers(false)
  assert.deepEqual(proofs, [password])
  clock.now = HOUR + 1
  assert.deepEqual(await authenticator.headers(true), {
    cookie: 'PVEAuthCookie=PVE%3A2',
    csrfpreventiontoken: 'csrf2',
  })
  clock.now = 5 * HOUR
  await authenticator.headers(false)
  assert.deepEqual(proofs, [password, 'PVE:1', password])
})

test('a ticket that cannot be renewed because Proxmox is away still serves while it is valid', async () => {
  let away = false
  const { clock, authenticator } = world(() => {
    if (away)
      throw new ProxmoxConnectionError({ method: 'POST', path: '/access/ticket' }, new Error('away'), true)
    return Promise.resolve({ ticket: 'T', CSRFPreventionToken: 'C' })
  })
  await authenticator.headers(false)
  away = true
  clock.now = HOUR + 1
  assert.deepEqual(await authenticator.headers(false), { cookie: 'PVEAuthCookie=T' })
  clock.now = 2 * HOUR
  await assert.rejects(async () => authenticator.headers(false), ProxmoxConnectionError)
})

/** A challenge as Proxmox makes it. */
const challenge = 'PVE:!tfa!{"totp"%3Atrue,"recovery"%3A[0,1]}:65F00000::c2lnbmVk'

/** An authenticator whose Proxmox asks for a second factor, and what it was sent. */
function withSecondFactor(given: string | undefined, taken: string) {
  const forms: Parameters<Login>[0][] = []
  const asked: unknown[] = []
  const login: Login = (form) => {
    forms.push(form)
    if (form['tfa-challenge'] === undefined && form.password === password)
      return Promise.resolve({ ticket: challenge, CSRFPreventionToken: 'c', NeedTFA: 1 })
    if (form['tfa-challenge'] !== undefined && form.password !== taken)
      return Promise.reject(
        new ProxmoxApiError({ method: 'POST', path: '/access/ticket' }, 401, 'authentication failure'),
      )
    return Promise.resolve({ ticket: 'PVE:ada@pve:1', CSRFPreventionToken: 'c' })
  }
  const secondFactor: SecondFactor = (what) => {
    asked.push(what)
    return given
  }
  const clock = { now: 0 }
  const authenticator = createAuthenticator({ ...credentials, secondFactor }, login, () => clock.now)
  return { authenticator, forms, asked, clock }
}

test('a second factor is asked for once, sent with the challenge, and not asked for to renew the ticket', async () => {
  for (const [given, sent] of [
    ['123456', 'totp:123456'],
    [' 123 456 ', 'totp:123456'],
    ['8c92-15a0-7e44-0001', 'recovery:8c92-15a0-7e44-0001'],
    ['yubico:cccccc', 'yubico:cccccc'],
  ] as const) {
    const { authenticator, forms, asked, clock } = withSecondFactor(given, sent)
    await Promise.all([authenticator.headers(false), authenticator.headers(true)])
    assert.deepEqual(asked, [{ username: 'root@pam', kinds: ['totp', 'recovery'] }])
    assert.deepEqual(forms, [
      { username: 'root@pam', password },
      { username: 'root@pam', password: sent, 'tfa-challenge': challenge },
    ])
    clock.now = HOUR + 1
    await authenticator.headers(false)
    assert.equal(asked.length, 1)
    assert.equal(forms[2]?.password, 'PVE:ada@pve:1')
  }
})

test('a second factor that is missing or refused says so, with the kinds that Proxmox takes', async () => {
  for (const [given, problem, message] of [
    [undefined, 'missing', /^root@pam needs a second factor .*API token$/],
    ['654321', 'refused', /^the second factor of root@pam was refused$/],
  ] as const) {
    const { authenticator } = withSecondFactor(given, 'totp:123456')
    await assert.rejects(async () => authenticator.headers(false), {
      name: 'ProxmoxSecondFactorError',
      status: 401,
      username: 'root@pam',
      kinds: ['totp', 'recovery'],
      problem,
      message,
    })
  }
  const { authenticator } = world(() => Promise.resolve({ ticket: 'PVE:!tfa!%:x', NeedTFA: 1 }))
  await assert.rejects(async () => authenticator.headers(false), { problem: 'missing', kinds: [] })
  const { authenticator: without } = world(() => Promise.resolve({}))
  await assert.rejects(
    async () => without.headers(false),
    /\/access\/ticket failed with 401: the answer has no ticket/,
  )
})

test('signing in ahead is the login that the first call would make, and ends with its signal', async (t) => {
  const { url, seen } = await ticketServer(t, (_, response) => answer(response, null))
  const proxmox = connect(t, url, { credentials })
  await proxmox.signIn()
  await proxmox.get('/version')
  assert.deepEqual(
    seen.map(({ path }) => path),
    ['/api2/json/access/ticket', '/api2/json/version'],
  )
  await connect(t, url).signIn()
  assert.equal(seen.length, 2)
  const stop = new AbortController()
  const asking = await serve(t, (_, response) =>
    answer(response, { ticket: challenge, CSRFPreventionToken: 'c', NeedTFA: 1 }),
  )
  const stuck = connect(t, asking.url, {
    credentials: {
      ...credentials,
      secondFactor: () => {
        stop.abort(new Error('stopped'))
        // Somebody who is asked and does not answer.
        return new Promise(() => {})
      },
    },
  })
  await assert.rejects(stuck.signIn({ signal: stop.signal }), /^Error: stopped$/)
  await assert.rejects(stuck.signIn({ signal: stop.signal }), /^Error: stopped$/)
})

test('credentials of the wrong form are refused at once, without their secret', (t) => {
  const secret = 'not a\nsecret'
  for (const wrong of [
    { tokenId: 'root@pam', secret: 'x' },
    { tokenId: 'root@pam!', secret: 'x' },
    { tokenId: 'root@pam!name', secret },
    { tokenId: 'root@pam!name', secret: '' },
  ]) {
    assert.throws(
      () => connect(t, 'https://pve1', { credentials: wrong }),
      (error) =>
        error instanceof TypeError &&
        error.message.startsWith('credentials.') &&
        !error.message.includes(secret),
    )
  }
})
