import assert from 'node:assert/strict'
import { request } from 'node:https'
import { after, before, test } from 'node:test'
import { createLabClock } from '../../clock.ts'
import { createCa, issueCertificate } from '../../pki.ts'
import type { ApiServer } from '../api.ts'
import type { JsonObject } from '../resources.ts'
import { asText, at } from '../rest/json.ts'
import { createApiServer } from '../server.ts'

const SECRETS = { group: '', version: 'v1', resource: 'secrets' }
const ACCOUNTS = { group: '', version: 'v1', resource: 'serviceaccounts' }
const PODS = { group: '', version: 'v1', resource: 'pods' }

let api: ApiServer
const agents: { [name: string]: { cert: string; key: string } } = {}

before(async () => {
  const ca = await createCa({ commonName: 'kubernetes' })
  const other = await createCa({ commonName: 'another' })
  const tls = await issueCertificate(ca, { commonName: 'api', ips: ['127.0.0.1'], usages: ['server'] })
  const node = { commonName: 'system:node:a', organizations: ['system:nodes'], usages: ['client'] as const }
  for (const [name, from] of [['node', ca] as const, ['stranger', other] as const]) {
    const { certPem, keyPem } = await issueCertificate(from, node)
    agents[name] = { cert: certPem, key: keyPem }
  }
  const admin = { username: 'admin', groups: ['system:masters'] }
  api = createApiServer({
    tls,
    clientCaPem: ca.certPem,
    // What a token turned out to be is believed for a tenth of a second.
    clock: createLabClock(100),
    staticTokens: [{ token: 'admin', user: admin }],
  })
  await api.listen()
})
after(() => api.close())

function call(
  who: { cert: string; key: string } | string | undefined,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: JsonObject }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: JsonObject }>()
  const outgoing = request(`${api.url}${path}`, {
    method,
    rejectUnauthorized: false,
    agent: false,
    ...(typeof who === 'object' ? who : {}),
    headers: {
      'content-type': 'application/json',
      ...(typeof who === 'string' ? { authorization: `Bearer ${who}` } : {}),
    },
  })
  outgoing.on('response', (response) => {
    let text = ''
    response.on('data', (chunk: Buffer) => (text += chunk.toString()))
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as JsonObject }),
    )
  })
  outgoing.on('error', reject)
  outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}

test('a node reads and writes what is its own, and hears why it may not the rest', async () => {
  const as = agents['node']
  const refused = async (method: string, path: string, text: RegExp, body?: object): Promise<void> => {
    const answer = await call(as, method, path, body)
    assert.equal(answer.status, 403, `${method} ${path}`)
    assert.match(asText(answer.body['message']), text)
  }
  assert.equal((await call(as, 'POST', '/api/v1/nodes', { metadata: { name: 'a' } })).status, 201)
  assert.equal((await call(as, 'GET', '/api/v1/nodes/a')).status, 200)
  await refused('GET', '/api/v1/nodes/b', /node 'a' cannot read 'b', only its own Node object$/)
  await refused('GET', '/api/v1/nodes', /node 'a' cannot read all nodes, only its own Node object$/)
  await refused('POST', '/api/v1/nodes', /node "a" is not allowed to modify node "b"$/, {
    metadata: { name: 'b' },
  })
  await refused('GET', '/api/v1/pods', /can only list\/watch pods with spec.nodeName field selector$/)
  assert.equal((await call(as, 'GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Da')).status, 200)
  const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
  assert.equal((await call(as, 'GET', `${lease}/a`)).status, 404)
  await refused('GET', `${lease}/b`, /can only access node lease with the same name as the requesting node$/)
})

test('a node reads the secrets of its pods and no others', async () => {
  for (const name of ['mounted', 'other'])
    api.store.create(SECRETS, { metadata: { name, namespace: 'default' }, data: {} })
  const path = (name: string): string => `/api/v1/namespaces/default/secrets/${name}`
  const before = await call(agents['node'], 'GET', path('mounted'))
  assert.match(asText(before.body['message']), /no relationship found between node 'a' and this object$/)
  api.store.create(PODS, {
    metadata: { name: 'p', namespace: 'default' },
    spec: {
      nodeName: 'a',
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', secret: { secretName: 'mounted' } }],
    },
  })
  assert.equal((await call(agents['node'], 'GET', path('mounted'))).status, 200)
  assert.equal((await call(agents['node'], 'GET', path('other'))).status, 403)
})

test('a certificate of another authority is nobody, unless a token says who it is', async () => {
  assert.equal((await call(agents['stranger'], 'GET', '/version')).status, 401)
  assert.equal((await call(undefined, 'GET', '/version')).status, 200)
})

test('a Secret for a ServiceAccount gets a token that holds as long as the Secret', async () => {
  api.store.create(ACCOUNTS, { metadata: { name: 'bot', namespace: 'kube-system' } })
  api.store.create(SECRETS, {
    metadata: {
      name: 'bot-token',
      namespace: 'kube-system',
      annotations: { 'kubernetes.io/service-account.name': 'bot' },
    },
    type: 'kubernetes.io/service-account-token',
  })
  let token = ''
  while (token === '') {
    await new Promise((resolve) => setImmediate(resolve))
    const packed = at(api.store.get(SECRETS, 'kube-system', 'bot-token'), ['data', 'token'])
    if (typeof packed === 'string') token = Buffer.from(packed, 'base64').toString()
  }
  const review = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const who = await call(token, 'POST', review, {})
  assert.equal(at(who.body, ['status', 'userInfo', 'username']), 'system:serviceaccount:kube-system:bot')
  api.store.delete(SECRETS, { namespace: 'kube-system', name: 'bot-token' })
  const end = Date.now() + 20_000
  while ((await call(token, 'POST', review, {})).status !== 401)
    assert.ok(Date.now() < end, 'the token goes on without its Secret')
})
