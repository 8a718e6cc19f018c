import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { caPin } from '../ca-pin.ts'
import { isTenantNotReady, isTenantRefused } from '../errors.ts'
import type { TenantControlPlane } from '../kinds.ts'
import { kubeconfigOf } from '../kubeconfig.ts'
import { serveApi, type Stored, testdata, type TestApi } from '../test-server.ts'
import { connectTenant, tenantConnection } from './connect.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const kubeconfig = (
  server: string,
  { cluster = {}, user = {} }: { cluster?: object; user?: object } = {},
): string =>
  JSON.stringify({
    'current-context': 'x',
    clusters: [
      {
        name: 'c',
        cluster: { server, 'certificate-authority-data': base64(testdata('ca.crt')), ...cluster },
      },
    ],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    users: [{ name: 'u', user: { token: 'tenant-token', ...user } }],
  })

const tcp = (port: number, more: { advertiseAddress?: string; status?: object } = {}): TenantControlPlane =>
  ({
    apiVersion: 'kamaji.clastix.io/v1alpha1',
    kind: 'TenantControlPlane',
    metadata: { name: 'acme', namespace: 'tenants' },
    spec: {
      controlPlane: { service: { serviceType: 'LoadBalancer' } },
      kubernetes: { version: 'v1.30.0' },
      networkProfile: { port, ...(more.advertiseAddress && { advertiseAddress: more.advertiseAddress }) },
    },
    status: {
      controlPlaneEndpoint: `127.0.0.1:${port}`,
      kubeconfig: { admin: { secretName: 'acme-admin-kubeconfig' } },
      ...more.status,
    },
  }) as unknown as TenantControlPlane

const secretPath = '/api/v1/namespaces/tenants/secrets/acme-admin-kubeconfig'

/** The management cluster and the tenant's, here one server: the kubeconfig is what a test says. */
async function withTenant(t: TestContext, configs: Record<string, string> = {}): Promise<TestApi> {
  const api = await serveApi(t)
  const conf = { 'admin.conf': kubeconfig(api.url), ...configs }
  const data = Object.fromEntries(Object.entries(conf).map(([key, text]) => [key, base64(text)]))
  api.objects.set(secretPath, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'acme-admin-kubeconfig', namespace: 'tenants' },
    data,
  })
  return api
}

test('the tenant is reached by the kubeconfig of its Secret, with its token and its CA', async (t) => {
  const api = await withTenant(t)
  const tenant = await connectTenant(api.kubernetes, tcp(api.port))
  t.after(() => tenant.close())
  api.objects.set('/api/v1/nodes/a', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'a', uid: 'u1' },
    spec: {},
  })
  await tenant.cordon('a')
  assert.deepEqual(api.objects.get('/api/v1/nodes/a')?.spec, { unschedulable: true })
  await tenant.uncordon('a')
  assert.deepEqual(api.objects.get('/api/v1/nodes/a')?.spec, {})
  await tenant.labelNode('a', { 'node-role.kubernetes.io/worker': '' })
  assert.deepEqual(api.objects.get('/api/v1/nodes/a')?.metadata.labels, {
    'node-role.kubernetes.io/worker': '',
  })
  assert.equal(api.seen.at(-1)?.headers.authorization, 'Bearer tenant-token')
  await assert.rejects(tenant.deleteNode('a', { uid: 'another' }), /UID in the precondition/)
  await tenant.deleteNode('a', { uid: 'u1' })
  await Promise.all([tenant.deleteNode('a'), tenant.cordon('a')])
  assert.equal(await tenant.labelNode('a', {}), undefined)
  assert.equal(tenant.caPin, caPin(testdata('ca.crt')))
})

test('the pin is that of kubeadm: the digest of the public key, which openssl gives too', () => {
  assert.equal(
    caPin(testdata('ca.crt')),
    'sha256:57ca70dc74d5ca29ad288f1c94191e6dce9286e015024cbfcaf9bbbbbf89206e',
  )
  assert.notEqual(caPin(testdata('other-ca.crt')), caPin(testdata('ca.crt')))
  assert.throws(() => caPin('nonsense'), isTenantRefused)
})

test('while Kamaji has not written it yet the tenant is not ready', async (t) => {
  const api = await withTenant(t)
  const wait = async (promise: Promise<unknown>) => assert.rejects(promise, isTenantNotReady)
  await wait(connectTenant(api.kubernetes, tcp(api.port, { status: { kubeconfig: undefined } })))
  await wait(kubeconfigOf(api.kubernetes, tcp(api.port), { user: 'super-admin' }))
  assert.equal(await kubeconfigOf(api.kubernetes, tcp(api.port)), kubeconfig(api.url))
})

test('the Service’s name inside the management cluster is accepted, and the super-admin’s kubeconfig too', async (t) => {
  const api = await withTenant(t, {
    'super-admin.svc': kubeconfig('https://acme.tenants.svc:6443', { user: { token: 'root' } }),
  })
  const tenant = await connectTenant(api.kubernetes, tcp(6443), { user: 'super-admin', server: 'service' })
  t.after(() => tenant.close())
  assert.deepEqual(
    [tenant.connection.server, tenant.connection.token],
    ['https://acme.tenants.svc:6443', 'root'],
  )
})

test('a server that is not the control plane’s own is refused, and not asked', async (t) => {
  const api = await withTenant(t)
  for (const server of [
    'https://169.254.169.254',
    `https://127.0.0.1:${api.port + 1}`,
    `https://127.0.0.1:${api.port}/path`,
    'https://kubernetes.default.svc',
    `https://localhost:${api.port}`,
  ]) {
    const api2 = api.objects.get(secretPath) as Stored
    api.objects.set(secretPath, { ...api2, data: { 'admin.conf': base64(kubeconfig(server)) } })
    await assert.rejects(connectTenant(api.kubernetes, tcp(api.port)), (error) => {
      assert.ok(
        isTenantRefused(error) &&
          /its server is .*, not 127\.0\.0\.1:\d+ or acme\.tenants\.svc:\d+$/.test(error.message),
        String(error),
      )
      return true
    })
  }
  assert.ok(api.seen.every(({ headers }) => headers.authorization === 'Bearer admin-token'))
})

test('endpoints are the same in any spelling of one address', () => {
  const spelled = tcp(6443, { advertiseAddress: 'fd00:0::1' })
  assert.equal(
    tenantConnection(kubeconfig('https://[fd00::1]:6443'), spelled).server,
    'https://[fd00::1]:6443',
  )
  const named = tcp(443, { advertiseAddress: 'API.example.org' })
  assert.ok(tenantConnection(kubeconfig('https://api.example.org'), named))
  // Kamaji writes the first of its addresses; that of the Service, which comes after it, is nobody's to name.
  assert.throws(() => tenantConnection(kubeconfig('https://127.0.0.1'), named), isTenantRefused)
})

test('a kubeconfig that would run, read, redirect or weaken something is refused, and its error holds none of its secrets', () => {
  const hostile: [Parameters<typeof kubeconfig>[1], RegExp][] = [
    [{ user: { exec: { command: 'sh', apiVersion: 'client.authentication.k8s.io/v1' } } }, /"exec"/],
    [{ user: { 'auth-provider': { name: 'oidc' } } }, /"auth-provider"/],
    [{ cluster: { 'tls-server-name': 'kubernetes.default.svc' } }, /"tls-server-name"/],
    [{ user: { tokenFile: '/etc/shadow' } }, /"tokenFile"/],
    [{ user: { 'client-key': '/etc/ssl/key' } }, /"client-key"/],
    [{ cluster: { 'proxy-url': 'http://evil' } }, /"proxy-url"/],
    [{ cluster: { 'insecure-skip-tls-verify': true } }, /"insecure-skip-tls-verify"/],
    [{ cluster: { 'certificate-authority': '/etc/ca' } }, /"certificate-authority"/],
    [{ cluster: { 'certificate-authority-data': '' } }, /certificate-authority-data is missing/],
  ]
  for (const [change, problem] of hostile) {
    assert.throws(
      () => tenantConnection(kubeconfig('https://127.0.0.1:6443', change), tcp(6443)),
      (error) =>
        isTenantRefused(error) &&
        problem.test(error.message) &&
        !inspect(error, { depth: 9 }).includes('tenant-token'),
    )
  }
})
