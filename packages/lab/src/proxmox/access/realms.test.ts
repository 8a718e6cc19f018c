import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedWorld } from '../test-answers.ts'

const NOBODY = { user: 'nobody@pve' }
const LDAP = { type: 'ldap', server1: 'ldap.example', base_dn: 'dc=example', user_attr: 'uid' }

test('a realm is added, read, changed, made the default and removed', async () => {
  const { ask } = checkedWorld()
  await ask('POST /access/domains', { realm: 'staff', ...LDAP, comment: 'the office', default: '1' })
  const list = (await ask('GET /access/domains')) as Record<string, unknown>[]
  assert.deepEqual(
    list.find(({ realm }) => realm === 'staff'),
    { realm: 'staff', type: 'ldap', comment: 'the office', default: 1 },
  )
  const one = (await ask('GET /access/domains/staff')) as Record<string, unknown>
  assert.deepEqual([one['server1'], one['user_attr'], one['default']], ['ldap.example', 'uid', 1])
  await ask('PUT /access/domains/staff', {
    server1: 'ldap2.example',
    delete: 'comment',
    digest: String(one['digest']),
  })
  const changed = (await ask('GET /access/domains/staff')) as Record<string, unknown>
  assert.deepEqual(
    [changed['server1'], changed['comment'], changed['type']],
    ['ldap2.example', undefined, 'ldap'],
  )
  // There is one default at most.
  await ask('PUT /access/domains/pve', { default: '1' })
  assert.equal(((await ask('GET /access/domains/staff')) as { default?: number }).default, undefined)
  await ask('DELETE /access/domains/staff')
  await assert.rejects(ask('GET /access/domains/staff'), {
    status: 500,
    message: "domain 'staff' does not exist\n",
  })
})

test('what cannot become a realm, or is none, is refused', async () => {
  const { ask } = checkedWorld()
  await ask('POST /access/domains', { realm: 'staff', ...LDAP })
  const { digest } = (await ask('GET /access/domains/staff')) as { digest: string }
  await ask('PUT /access/domains/staff', { comment: 'newer' })
  const refusals: [request: string, params: Record<string, string>, status: number, text: RegExp][] = [
    [
      'POST /access/domains',
      { realm: 'staff', ...LDAP },
      500,
      /^add auth server failed: domain 'staff' already exists$/,
    ],
    ['POST /access/domains', { realm: 'other', type: 'pam' }, 500, /unable to create builtin type 'pam'$/],
    [
      'POST /access/domains',
      { realm: 'other', type: 'ldap', server1: 'x' },
      500,
      /missing value for required option 'base_dn'$/,
    ],
    [
      'PUT /access/domains/nosuch',
      { comment: 'x' },
      500,
      /^update auth server failed: domain 'nosuch' does not exist$/,
    ],
    [
      'PUT /access/domains/staff',
      { comment: 'x', digest },
      500,
      /^update auth server failed: detected modified configuration - file changed by other user\? Try again\.$/,
    ],
    ['DELETE /access/domains/nosuch', {}, 500, /^delete auth server failed: domain 'nosuch' does not exist$/],
    ['POST /access/domains', { realm: 'other' }, 400, /Parameter verification failed/],
  ]
  for (const [request, params, status, message] of refusals)
    await assert.rejects(ask(request, params), (error: Error & { status: number }) => {
      assert.match(error.message.trimEnd(), message)
      assert.equal(error.status, status)
      return true
    })
  for (const request of ['PUT /access/domains/staff', 'DELETE /access/domains/staff'])
    await assert.rejects(ask(request, {}, NOBODY), { status: 403 })
})

test('a group is described anew', async () => {
  const { ask } = checkedWorld()
  await ask('POST /access/groups', { groupid: 'ops', comment: 'old' })
  await ask('PUT /access/groups/ops', { comment: 'new' })
  assert.deepEqual(await ask('GET /access/groups/ops'), { comment: 'new', members: [] })
  await assert.rejects(ask('PUT /access/groups/nosuch', { comment: 'x' }), {
    status: 500,
    message: "update group failed: group 'nosuch' does not exist\n",
  })
  await assert.rejects(ask('PUT /access/groups/ops', {}, NOBODY), { status: 403 })
})
