import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { serveApi } from '../test-server.ts'
import { createBootstrapTokens } from './bootstrap-tokens.ts'

const HOUR = 3_600_000
const start = Date.parse('2026-01-01T00:00:00.700Z')
const path = (id: string): string => `/api/v1/namespaces/kube-system/secrets/bootstrap-token-${id}`

async function withTokens(t: TestContext) {
  const api = await serveApi(t)
  const clock = { now: start }
  const dataOf = (id: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries((api.objects.get(path(id))?.data ?? {}) as Record<string, string>).map(
        ([key, value]) => [key, Buffer.from(value, 'base64').toString()],
      ),
    )
  return { api, clock, dataOf, tokens: createBootstrapTokens(api.kubernetes, () => clock.now) }
}

test('a token is a Secret with which a kubelet may only authenticate, in the group that may join', async (t) => {
  const { api, tokens, dataOf } = await withTokens(t)
  const { id, token, expiresAt } = await tokens.create({ description: 'machine acme/a', ttlMs: HOUR })
  assert.match(token, /^[a-z0-9]{6}\.[a-z0-9]{16}$/)
  assert.equal(api.objects.get(path(id))?.type, 'bootstrap.kubernetes.io/token')
  assert.deepEqual(dataOf(id), {
    'token-id': id,
    'token-secret': token.slice(7),
    description: 'machine acme/a',
    expiration: '2026-01-01T01:00:00Z',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
  })
  assert.equal(expiresAt, Date.parse('2026-01-01T01:00:00Z'))
})

test('one token is kept for one description: whoever died after asking finds it again, with a new term', async (t) => {
  const { api, tokens, clock } = await withTokens(t)
  const first = await tokens.create({ description: 'm', ttlMs: HOUR })
  clock.now += HOUR / 2
  const second = await tokens.create({ description: 'm', ttlMs: HOUR })
  assert.deepEqual(
    [second.token, second.expiresAt > first.expiresAt, api.objects.size],
    [first.token, true, 1],
  )
  await tokens.create({ description: 'other', ttlMs: HOUR })
  assert.equal(api.objects.size, 2)
})

test('an expired token is not found and not used again, but deleted with the others of its description', async (t) => {
  const { api, tokens, clock } = await withTokens(t)
  const old = await tokens.create({ description: 'm', ttlMs: HOUR })
  clock.now += 2 * HOUR
  assert.equal(await tokens.find('m'), undefined)
  const fresh = await tokens.create({ description: 'm', ttlMs: HOUR })
  assert.notEqual(fresh.id, old.id)
  const other = await tokens.create({ description: 'other', ttlMs: HOUR })
  await tokens.deleteByDescription('m')
  assert.deepEqual([...api.objects.keys()], [path(other.id)])
})

test('extending or deleting a token that is gone is no error', async (t) => {
  const { tokens } = await withTokens(t)
  assert.equal(await tokens.extend('abcdef', HOUR), undefined)
  await tokens.delete('abcdef')
  const { id } = await tokens.create({ description: 'm', ttlMs: HOUR, id: 'zzzzzz' })
  assert.equal(id, 'zzzzzz')
  await tokens.delete(id)
  assert.equal(await tokens.find('m'), undefined)
})

test('a Secret that a tenant made up is not taken for a token', async (t) => {
  const { api, tokens } = await withTokens(t)
  const { id } = await tokens.create({ description: 'm', ttlMs: HOUR })
  const good = api.objects.get(path(id))
  assert.ok(good)
  const data = good.data as Record<string, string>
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  for (const change of [
    { 'token-secret': base64('x"; rm -rf /; "') },
    { 'token-id': base64('other1') },
    { 'usage-bootstrap-authentication': base64('false') },
    { 'auth-extra-groups': base64('system:masters') },
    { expiration: base64('never') },
  ]) {
    api.objects.set(path(id), { ...good, data: { ...data, ...change } })
    assert.equal(await tokens.find('m'), undefined, JSON.stringify(change))
  }
  await assert.rejects(tokens.extend('../../a', HOUR), /six characters/)
})

test('an id that was asked for and is taken is an error; a random one is drawn again', async (t) => {
  const { api, tokens } = await withTokens(t)
  await tokens.create({ description: 'a', ttlMs: HOUR, id: 'aaaaaa' })
  await assert.rejects(tokens.create({ description: 'b', ttlMs: HOUR, id: 'aaaaaa' }), /already exists/)
  let refused = 0
  api.intercept = ({ method }, response) => {
    if (method !== 'POST' || refused > 0) return false
    refused += 1
    response
      .writeHead(409, { 'content-type': 'application/json' })
      .end('{"kind":"Status","reason":"AlreadyExists","code":409}')
    return true
  }
  assert.match((await tokens.create({ description: 'c', ttlMs: HOUR })).token, /^\w{6}\./)
})
