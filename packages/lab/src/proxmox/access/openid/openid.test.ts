import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { checkedWorld } from '../../test-answers.ts'
import { readTicket } from '../tickets.ts'

const BACK = 'https://pve1.example:8006'

/** An issuer with a key of its own, which signs what it is told to; wrong where a test says so. */
async function issuer(t: TestContext, claims: Record<string, unknown>, over: Record<string, unknown> = {}) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const seen: {
    form?: URLSearchParams
    authorization?: string | undefined
    challenge?: string
    nonce?: string
  } = {}
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const tokenFor = (url: string): string => {
    const body = {
      iss: url,
      aud: 'proxmox',
      sub: 'subject-1',
      exp: Math.floor(Date.now() / 1000) + 300,
      nonce: seen.nonce,
      ...over,
    }
    const signed = `${part({ alg: 'ES256', kid: 'one' })}.${part(body)}`
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }
  const answerTo = async (request: IncomingMessage, url: string): Promise<unknown> => {
    switch (request.url) {
      case '/.well-known/openid-configuration':
        return {
          issuer: url,
          authorization_endpoint: `${url}/auth`,
          token_endpoint: `${url}/token`,
          jwks_uri: `${url}/keys`,
          userinfo_endpoint: `${url}/me`,
        }
      case '/token':
        seen.form = new URLSearchParams(await text(request))
        seen.authorization = request.headers.authorization
        return { access_token: 'access', token_type: 'Bearer', id_token: tokenFor(url) }
      case '/keys':
        return { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] }
      default:
        return { sub: 'subject-1', ...claims }
    }
  }
  const server = createServer((request, response) => {
    void answerTo(request, url).then((answer) => response.end(JSON.stringify(answer)))
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise((resolve) => void server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, seen }
}

/** A realm of an issuer, and somebody who is sent there and comes back. */
async function withRealm(
  t: TestContext,
  claims: Record<string, unknown>,
  options: Record<string, string> = {},
  over: Record<string, unknown> = {},
) {
  const lab = checkedWorld()
  const { url, seen } = await issuer(t, claims, over)
  await lab.ask('POST /access/domains', {
    realm: 'sso',
    type: 'openid',
    'issuer-url': url,
    'client-id': 'proxmox',
    'client-key': 'shared secret',
    ...options,
  })
  const nobody = { user: '' }
  const goThere = async (): Promise<URL> => {
    const away = await lab.ask('POST /access/openid/auth-url', { realm: 'sso', 'redirect-url': BACK }, nobody)
    return new URL(String(away))
  }
  return {
    ...lab,
    seen,
    goThere,
    signIn: async (): Promise<{ username: string; ticket: string }> => {
      const { searchParams } = await goThere()
      seen.nonce = searchParams.get('nonce') ?? ''
      seen.challenge = searchParams.get('code_challenge') ?? ''
      const form = { code: 'code', state: searchParams.get('state') ?? '', 'redirect-url': BACK }
      const login = (await lab.ask('POST /access/openid/login', form, nobody)) as {
        username: string
        ticket: string
      }
      await assert.rejects(lab.ask('POST /access/openid/login', form, nobody), { status: 401 })
      return login
    },
  }
}

const refused = { status: 401, message: 'authentication failure\n' }

test('somebody is sent to the issuer with a challenge, comes back with a code and gets a ticket, once', async (t) => {
  const { world, goThere, signIn, seen, ask } = await withRealm(
    t,
    { preferred_username: 'ada', email: 'ada@example.com', given_name: 'Ada', groups: ['ops', 'not a name'] },
    {
      'username-claim': 'username',
      autocreate: '1',
      prompt: 'login',
      'groups-claim': 'groups',
      'groups-autocreate': '1',
    },
  )
  const { pathname, searchParams } = await goThere()
  assert.deepEqual(
    [
      pathname,
      ...['response_type', 'client_id', 'redirect_uri', 'scope', 'prompt'].map((name) =>
        searchParams.get(name),
      ),
    ],
    ['/auth', 'code', 'proxmox', BACK, 'openid email profile', 'login'],
  )
  const { username, ticket } = await signIn()
  assert.deepEqual([username, readTicket(world, ticket)], ['ada@sso', 'ada@sso'])
  assert.equal(seen.authorization, `Basic ${Buffer.from('proxmox:shared%20secret').toString('base64')}`)
  const verifier = seen.form?.get('code_verifier') ?? ''
  assert.equal(createHash('sha256').update(verifier).digest('base64url'), seen.challenge)
  const user = (await ask('GET /access/users')) as Record<string, unknown>[]
  assert.equal(user.find(({ userid }) => userid === 'ada@sso')?.['email'], 'ada@example.com')
  assert.deepEqual(await ask('GET /access/groups/ops-sso'), { members: ['ada@sso'] })
  // The secret is shown to nobody.
  assert.ok(!JSON.stringify(await ask('GET /access/domains/sso')).includes('secret'))
})

test('who is not known, or comes with another’s token, is not let in', async (t) => {
  const unknown = await withRealm(t, {})
  await assert.rejects(unknown.signIn(), refused)
  unknown.world.access.users.set('subject-1@sso', { enable: true, groups: new Set() })
  assert.equal((await unknown.signIn()).username, 'subject-1@sso')
  for (const over of [
    { aud: 'another' },
    { iss: 'https://another.example' },
    { exp: 1 },
    { nonce: 'another' },
    { sub: 'another' },
  ]) {
    const wrong = await withRealm(t, {}, { autocreate: '1' }, over)
    await assert.rejects(wrong.signIn(), refused)
  }
  for (const state of ['nonsense', '{"csrf_token":"x","realm":"sso"}'])
    await assert.rejects(
      unknown.ask('POST /access/openid/login', { code: 'x', state, 'redirect-url': BACK }),
      refused,
    )
})

test('a realm that is none, or whose issuer does not answer, sends nobody away', async () => {
  const { ask, task } = checkedWorld()
  await ask('POST /access/domains', {
    realm: 'sso',
    type: 'openid',
    'issuer-url': 'http://127.0.0.1:1',
    'client-id': 'x',
  })
  for (const [realm, message] of [
    ['nosuch', /^authentication domain 'nosuch' does not exist$/],
    ['pve', /^wrong realm type \(pve != openid\)$/],
    ['sso', /./],
  ] as const)
    await assert.rejects(
      ask('POST /access/openid/auth-url', { realm, 'redirect-url': BACK }),
      (error: Error & { status: number }) => {
        assert.equal(error.status, 500)
        assert.match(error.message.trimEnd(), message)
        return true
      },
    )
  // Users of a directory are taken over by a task, which finds no way there.
  await assert.rejects(
    ask('POST /access/domains/sso/sync', { scope: 'both' }),
    /Cannot sync realm type 'openid'!/,
  )
  await ask('POST /access/domains', {
    realm: 'staff',
    type: 'ldap',
    server1: 'ldap.example',
    base_dn: 'dc=x',
    user_attr: 'uid',
  })
  await assert.rejects(ask('POST /access/domains/staff/sync'), { status: 400 })
  const synced = await task('POST /access/domains/staff/sync', { scope: 'both' })
  assert.deepEqual(
    [synced.type, synced.exitstatus],
    ['auth-realm-sync', 'IO::Socket::INET: connect: No route to host'],
  )
})
