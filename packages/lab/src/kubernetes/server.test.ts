import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { createLabClock } from '../clock.ts'
import type { ApiServer, StoreEvent } from './api.ts'
import { AdmissionDenied } from './api.ts'
import { selfSigned } from './test-certificate.ts'
import { StatusError } from './errors.ts'
import type { JsonObject } from './resources.ts'
import { asText } from './rest/json.ts'
import { createApiServer } from './server.ts'

const CONFIG_MAPS = { group: '', version: 'v1', resource: 'configmaps' }
const WIDGETS = { group: 'example.com', version: 'v1', resource: 'widgets' }

const widgetCrd: JsonObject = {
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['size'],
                'x-kubernetes-validations': [{ rule: 'self.replicas <= 5', message: 'at most five' }],
                properties: {
                  size: {
                    type: 'string',
                    enum: ['small', 'large'],
                    'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'size is immutable' }],
                  },
                  replicas: { type: 'integer', minimum: 0, default: 1 },
                },
              },
              status: { type: 'object', properties: { replicas: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  },
}

let api: ApiServer
let ca: string

before(async () => {
  const tls = await selfSigned()
  ca = tls.certPem
  api = createApiServer({
    tls,
    caPem: ca,
    clock: createLabClock(),
    staticTokens: [
      { token: 'admin-token', user: { username: 'admin', groups: ['system:masters'] } },
      { token: 'user-token', user: { username: 'bob', groups: [] } },
    ],
    crds: [widgetCrd],
  })
  await api.listen()
})
after(() => api.close())

function call(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: JsonObject }> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const outgoing = request(`${api.url}${path}`, {
      method,
      ca,
      headers: {
        Authorization: 'Bearer admin-token',
        ...(text === undefined
          ? {}
          : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(text)) }),
        ...headers,
      },
    })
    outgoing.on('response', (response) => {
      let data = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (data += chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(data) as JsonObject }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(text)
  })
}

const home = '/apis/example.com/v1/namespaces/default/widgets'
const widget = (name: string, spec: JsonObject) => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
})

test('a custom object is defaulted, pruned, and counts its generations', async () => {
  const made = await call('POST', home, widget('a', { size: 'small', unknown: 1 }))
  assert.equal(made.status, 201)
  assert.deepEqual(made.body['spec'], { replicas: 1, size: 'small' })
  const patched = await call(
    'PATCH',
    `${home}/a`,
    { spec: { replicas: 2 } },
    { 'Content-Type': 'application/merge-patch+json' },
  )
  assert.equal((patched.body['metadata'] as JsonObject)['generation'], 2)
})

test('schema and rules refuse with the texts of the real server', async () => {
  const wrong = await call('POST', home, widget('b', { size: 'huge' }))
  assert.equal(wrong.status, 422)
  assert.match(
    asText(wrong.body['message']),
    /spec\.size: Unsupported value: "huge": supported values: "small", "large"/,
  )
  const many = await call('POST', home, widget('b', { size: 'small', replicas: 9 }))
  assert.equal(many.body['message'], 'Widget.example.com "b" is invalid: spec: Invalid value: at most five')
  await call('POST', home, widget('c', { size: 'small' }))
  const moved = await call(
    'PATCH',
    `${home}/c`,
    { spec: { size: 'large' } },
    { 'Content-Type': 'application/merge-patch+json' },
  )
  assert.equal(
    moved.body['message'],
    'Widget.example.com "c" is invalid: spec.size: Invalid value: "large": size is immutable',
  )
})

test('a strategic patch of a custom object is refused with 415', async () => {
  await call('POST', home, widget('strategic', { size: 'small' }))
  const answer = await call(
    'PATCH',
    `${home}/strategic`,
    {},
    { 'Content-Type': 'application/strategic-merge-patch+json' },
  )
  assert.equal(answer.status, 415)
})

test('the scale subresource reads and sets replicas', async () => {
  await call('POST', home, widget('scaled', { size: 'small' }))
  const scaled = await call(
    'PATCH',
    `${home}/scaled/scale`,
    { spec: { replicas: 4 } },
    { 'Content-Type': 'application/merge-patch+json' },
  )
  assert.deepEqual(scaled.body['spec'], { replicas: 4 })
  assert.deepEqual(api.store.get(WIDGETS, 'default', 'scaled')?.['spec'], { replicas: 4, size: 'small' })
})

test('server-side apply conflicts with another manager unless forced, and drops what is no longer applied', async () => {
  const path = '/api/v1/namespaces/default/configmaps/applied'
  const apply = (manager: string, data: JsonObject, force = false) =>
    call(
      'PATCH',
      `${path}?fieldManager=${manager}${force ? '&force=true' : ''}`,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data },
      { 'Content-Type': 'application/apply-patch+yaml' },
    )
  assert.equal((await apply('one', { a: '1', b: '1' })).status, 201)
  const refused = await apply('two', { a: '2' })
  assert.equal(refused.body['message'], 'Apply failed with 1 conflict: conflict with "one": .data.a')
  assert.equal((await apply('two', { a: '2' }, true)).status, 200)
  const dropped = await apply('one', {})
  assert.deepEqual(dropped.body['data'], { a: '2' })
})

test('a write with an old resourceVersion conflicts', async () => {
  const made = await call('POST', '/api/v1/namespaces/default/configmaps', {
    metadata: { name: 'locked' },
    data: { a: '1' },
  })
  const path = '/api/v1/namespaces/default/configmaps/locked'
  await call('PUT', path, { ...made.body, data: { a: '2' } })
  const late = await call('PUT', path, { ...made.body, data: { a: '3' } })
  assert.equal(late.status, 409)
})

test('an object with a finalizer stays until the finalizer goes', async () => {
  await call('POST', home, {
    ...widget('held', { size: 'small' }),
    metadata: { name: 'held', finalizers: ['example.com/hold'] },
  })
  const marked = await call('DELETE', `${home}/held`)
  assert.equal(typeof (marked.body['metadata'] as JsonObject)['deletionTimestamp'], 'string')
  assert.equal((await call('GET', `${home}/held`)).status, 200)
  await call(
    'PATCH',
    `${home}/held`,
    { metadata: { finalizers: null } },
    { 'Content-Type': 'application/merge-patch+json' },
  )
  assert.equal((await call('GET', `${home}/held`)).status, 404)
})

test('dependents go when their owner is gone', async () => {
  const owner = api.store.create(CONFIG_MAPS, { metadata: { name: 'owner', namespace: 'default' } })
  api.store.create(CONFIG_MAPS, {
    metadata: {
      name: 'dependent',
      namespace: 'default',
      ownerReferences: [
        { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid ?? '' },
      ],
    },
  })
  api.store.delete(CONFIG_MAPS, { namespace: 'default', name: 'owner' })
  const end = Date.now() + 60_000
  while (api.store.get(CONFIG_MAPS, 'default', 'dependent') !== undefined && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 10))
  assert.equal(api.store.get(CONFIG_MAPS, 'default', 'dependent'), undefined)
})

test('a watch in process sees what is there and every change after it, in order', async () => {
  api.store.create(CONFIG_MAPS, { metadata: { name: 'seen', namespace: 'kube-public' } })
  const events: string[] = []
  const stop = api.store.watch(CONFIG_MAPS, undefined, (event: StoreEvent) => {
    if (event.object.metadata.namespace === 'kube-public' && event.object.metadata.name === 'seen')
      events.push(event.type)
  })
  api.store.patch(CONFIG_MAPS, { namespace: 'kube-public', name: 'seen' }, { data: { a: '1' } })
  api.store.delete(CONFIG_MAPS, { namespace: 'kube-public', name: 'seen' })
  for (const end = Date.now() + 60_000; events.length < 3 && Date.now() < end;)
    await new Promise((resolve) => setTimeout(resolve, 5))
  stop()
  assert.deepEqual(events, ['ADDED', 'MODIFIED', 'DELETED'])
})

test('an in-process webhook denies with its name', async () => {
  const remove = api.addAdmission({
    name: 'guard.example.com',
    matches: (asked) => asked.definition.kind === 'Widget',
    validate: () => {
      throw new AdmissionDenied('not today', { code: 403, reason: 'Forbidden' })
    },
  })
  const answer = await call('POST', home, widget('denied', { size: 'small' }))
  remove()
  assert.equal(answer.status, 403)
  assert.equal(answer.body['message'], 'admission webhook "guard.example.com" denied the request: not today')
})

test('RBAC refuses who holds no role, and lets in who does', async () => {
  const bob = { Authorization: 'Bearer user-token' }
  const refused = await call('GET', '/api/v1/namespaces/default/configmaps', undefined, bob)
  assert.equal(
    refused.body['message'],
    'configmaps is forbidden: User "bob" cannot list resource "configmaps" in API group "" in the namespace "default"',
  )
  await call('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
    metadata: { name: 'bob' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'bob' }],
  })
  assert.equal((await call('GET', '/api/v1/namespaces/default/configmaps', undefined, bob)).status, 200)
})

test('a service account token authenticates as its account', async () => {
  await call('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } })
  const asked = await call('POST', '/api/v1/namespaces/default/serviceaccounts/robot/token', {})
  const token = asText((asked.body['status'] as JsonObject)['token'])
  const me = await call(
    'POST',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    {},
    { Authorization: `Bearer ${token}` },
  )
  const user = (me.body['status'] as JsonObject)['userInfo'] as JsonObject
  assert.equal(user['username'], 'system:serviceaccount:default:robot')
})

test('a bootstrap token authenticates in its groups until it expires', async () => {
  const secret = (expiration: string): JsonObject => ({
    metadata: { name: 'bootstrap-token-abcdef' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      expiration,
    },
  })
  const secrets = '/api/v1/namespaces/kube-system/secrets'
  const asBootstrap = { Authorization: 'Bearer abcdef.0123456789abcdef' }
  const review = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  await call('POST', secrets, secret(new Date(Date.now() - 60_000).toISOString()))
  assert.equal((await call('POST', review, {}, asBootstrap)).status, 401)
  await call('DELETE', `${secrets}/bootstrap-token-abcdef`)
  await call('POST', secrets, secret(new Date(Date.now() + 60_000).toISOString()))
  assert.equal((await call('POST', review, {}, asBootstrap)).status, 201)
})

test('a kind that is not registered is not found', () => {
  assert.throws(
    () => api.store.get({ group: 'nosuch', version: 'v1', resource: 'x' }, undefined, 'x'),
    (error) => error instanceof StatusError && error.code === 404,
  )
})

test('real kubectl creates, applies, gets and deletes', async (context) => {
  const run = promisify(execFile)
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-'))
  const kubeconfig = join(folder, 'config')
  const cluster = { server: api.url, 'certificate-authority-data': Buffer.from(ca).toString('base64') }
  const named = { clusters: [{ name: 'a', cluster }], users: [{ name: 'a', user: { token: 'admin-token' } }] }
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      ...named,
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      'current-context': 'a',
    }),
  )
  const manifest = join(folder, 'widget.json')
  writeFileSync(manifest, JSON.stringify(widget('kubectl', { size: 'large' })))
  const kubectl = async (...args: string[]) =>
    (
      await run('kubectl', args, {
        env: { ...process.env, KUBECONFIG: kubeconfig, HOME: folder },
        timeout: 120_000,
      })
    ).stdout
  try {
    await kubectl('version', '--client')
  } catch {
    if (process.env['FOCHISTA_NO_SKIP']) throw new Error('kubectl is not installed')
    context.skip('NEEDS kubectl, which is not installed')
    rmSync(folder, { recursive: true })
    return
  }
  try {
    assert.match(
      await kubectl('apply', '--server-side', '--validate=false', '-f', manifest),
      /serverside-applied/,
    )
    assert.equal(await kubectl('get', 'widget', 'kubectl', '-o', 'jsonpath={.spec.size}'), 'large')
    assert.match(await kubectl('get', 'widgets'), /kubectl/)
    assert.match(await kubectl('scale', 'widget/kubectl', '--replicas=3'), /scaled/)
    assert.match(await kubectl('label', 'widget', 'kubectl', 'a=b'), /labeled/)
    assert.match(await kubectl('delete', 'widget', 'kubectl'), /deleted/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
