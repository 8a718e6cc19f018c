import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import type { ApiError } from '../api-error.ts'
import { checkedWorld } from '../test-answers.ts'

const ACCOUNT = '/cluster/acme/account'
const CERTIFICATE = '/nodes/pve1/certificates/acme/certificate'
const NOBODY = { user: 'nobody@pve' }

type Facts = Record<string, unknown>

test('an account is registered with the terms agreed to, changed and deactivated', async () => {
  const { ask, task } = checkedWorld()
  assert.equal(((await ask('GET /cluster/acme')) as unknown[]).length, 6)
  const [{ url } = { url: '' }] = (await ask('GET /cluster/acme/directories')) as { url: string }[]
  const tos = String(await ask('GET /cluster/acme/tos', { directory: url }))
  assert.equal(((await ask('GET /cluster/acme/meta', { directory: url })) as Facts)['termsOfService'], tos)
  assert.ok(((await ask('GET /cluster/acme/challenge-schema')) as unknown[]).length > 100)
  const params = { name: 'main', contact: 'ops@example.com', directory: url }
  const refused = await task(`POST ${ACCOUNT}`, params)
  assert.match(refused.exitstatus ?? '', /must agree to terms of service/)
  const made = await task(`POST ${ACCOUNT}`, { ...params, tos_url: tos })
  assert.deepEqual([made.exitstatus, made.type, made.id], ['OK', 'acmeregister', 'main'])
  assert.deepEqual(await ask(`GET ${ACCOUNT}`), [{ name: 'main' }])
  const account = async (): Promise<unknown> =>
    ((await ask(`GET ${ACCOUNT}/main`)) as { account: { contact: unknown } }).account.contact
  assert.deepEqual(await account(), ['mailto:ops@example.com'])
  await task(`PUT ${ACCOUNT}/main`, { contact: 'new@example.com;two@example.com' })
  assert.deepEqual(await account(), ['mailto:new@example.com', 'mailto:two@example.com'])
  for (const [request, given, name] of [
    [`POST ${ACCOUNT}`, params, "ACME account config file 'main' already exists."],
    [`GET ${ACCOUNT}/other`, {}, "ACME account config file 'other' does not exist."],
    [`PUT ${ACCOUNT}/other`, {}, "ACME account config file 'other' does not exist."],
    [`DELETE ${ACCOUNT}/other`, {}, "ACME account config file 'other' does not exist."],
  ] as const)
    await assert.rejects(ask(request, given), (error: ApiError) => {
      assert.deepEqual([error.status, error.errors], [400, { name }])
      return true
    })
  await assert.rejects(ask(`GET ${ACCOUNT}/main`, {}, NOBODY), { status: 403 })
  assert.equal((await task(`DELETE ${ACCOUNT}/main`)).exitstatus, 'OK')
  assert.deepEqual(await ask(`GET ${ACCOUNT}`), [])
})

test('a host orders a certificate for its names, renews it and gives it back', async () => {
  const { ask, task } = checkedWorld(2000)
  const missing = { status: 400, message: 'ACME domain list in node configuration is missing!\n' }
  await assert.rejects(ask(`POST ${CERTIFICATE}`), missing)
  await ask('PUT /nodes/pve1/config', {
    acme: 'account=main,domains=pve1.example.com',
    acmedomain0: 'domain=api.example.com,plugin=names',
  })
  const orderRefused = (message: string): Promise<void> =>
    assert.rejects(ask(`POST ${CERTIFICATE}`), { message })
  await orderRefused("ACME account config file 'main' does not exist.\n")
  await task(`POST ${ACCOUNT}`, {
    name: 'main',
    contact: 'ops@example.com',
    tos_url: 'https://example.com/tos',
  })
  await orderRefused("plugin with ID 'names' not found!\n")
  await ask('POST /cluster/acme/plugins', { id: 'names', type: 'dns', api: 'acmedns', data: 'QT0x' })
  await assert.rejects(ask(`PUT ${CERTIFICATE}`), /No current \(custom\) certificate found/)
  const ordered = await task(`POST ${CERTIFICATE}`)
  assert.equal(ordered.exitstatus, 'OK', ordered.log.join('\n'))
  assert.ok(ordered.log.includes("Status is 'valid', domain 'api.example.com' OK!"))
  const current = async (): Promise<Facts | undefined> =>
    ((await ask('GET /nodes/pve1/certificates/info')) as Facts[]).find(
      ({ filename }) => filename === 'pveproxy-ssl.pem',
    )
  const first = await current()
  assert.deepEqual(first?.['san'], ['pve1.example.com', 'api.example.com'])
  const [own = '', authority = ''] = String(first?.['pem']).split(/(?<=-----END CERTIFICATE-----\n)/)
  assert.ok(new X509Certificate(own).verify(new X509Certificate(authority).publicKey))
  for (const [request, force] of [
    [`POST ${CERTIFICATE}`, "Custom certificate exists but 'force' is not set."],
    [`PUT ${CERTIFICATE}`, "Certificate does not expire within the next 30 days, and 'force' is not set."],
  ] as const)
    await assert.rejects(ask(request), (error: ApiError) => {
      assert.deepEqual(error.errors, { force })
      return true
    })
  assert.equal((await task(`PUT ${CERTIFICATE}`, { force: '1' })).exitstatus, 'OK')
  assert.notEqual((await current())?.['fingerprint'], first?.['fingerprint'])
  await assert.rejects(ask(`DELETE ${CERTIFICATE}`, {}, NOBODY), { status: 403 })
  assert.equal((await task(`DELETE ${CERTIFICATE}`)).exitstatus, 'OK')
  assert.equal(await current(), undefined)
  assert.deepEqual(await ask('GET /nodes/pve1/certificates/acme'), [{ name: 'certificate' }])
})
