import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { createAuthenticator, type Login } from './auth.ts'
import { ProxmoxConnectionError } from './errors.ts'
import { isUnauthorized } from './failures.ts'
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

test('a user with a second factor is told to use a token', async () => {
  const { authenticator } = world(() =>
    Promise.resolve({ ticket: 'PVE:!tfa!x', CSRFPreventionToken: 'c', NeedTFA: 1 }),
  )
  await assert.rejects(async () => authenticator.headers(false), {
    name: 'ProxmoxSecondFactorError',
    username: 'root@pam',
    message: /needs a second factor; use an API token/,
  })
  const { authenticator: without } = world(() => Promise.resolve({}))
  await assert.rejects(
    async () => without.headers(false),
    /\/access\/ticket failed with 401: the answer has no ticket/,
  )
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
