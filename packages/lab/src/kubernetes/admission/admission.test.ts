import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createLabClock } from '../../clock.ts'
import { createCa, issueCertificate } from '../../pki.ts'
import type { ApiServer } from '../api.ts'
import type { ApiObject, JsonObject } from '../resources.ts'
import { asText, isObject } from '../rest/json.ts'
import { createApiServer } from '../server.ts'

const CONFIG_MAPS = { group: '', version: 'v1', resource: 'configmaps' }
const QUOTAS = { group: '', version: 'v1', resource: 'resourcequotas' }
const admission = (resource: string): { group: string; version: string; resource: string } => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  resource,
})
const RULES = [{ apiGroups: [''], apiVersions: ['*'], operations: ['CREATE'], resources: ['configmaps'] }]

async function startApi(t: TestContext): Promise<ApiServer> {
  const ca = await createCa({ commonName: 'kubernetes' })
  const tls = await issueCertificate(ca, { commonName: 'api', ips: ['127.0.0.1'], usages: ['server'] })
  const api = createApiServer({
    tls,
    clock: createLabClock(),
    staticTokens: [{ token: 'admin', user: { username: 'admin', groups: ['system:masters'] } }],
  })
  await api.listen()
  t.after(() => api.close())
  return api
}

/** Creates a ConfigMap over HTTP; resolves to status, message and warnings. */
async function create(
  api: ApiServer,
  name: string,
  data: JsonObject = {},
): Promise<{ status: number; body: ApiObject; warning: string }> {
  const outgoing = httpsRequest(`${api.url}/api/v1/namespaces/default/configmaps`, {
    method: 'POST',
    rejectUnauthorized: false,
    headers: { Authorization: 'Bearer admin', 'Content-Type': 'application/json' },
  })
  outgoing.end(JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }))
  const [response] = (await once(outgoing, 'response')) as [
    { statusCode: number; headers: { warning?: string } } & AsyncIterable<Buffer>,
  ]
  let text = ''
  for await (const chunk of response) text += chunk.toString()
  return {
    status: response.statusCode,
    body: JSON.parse(text) as ApiObject,
    warning: response.headers.warning ?? '',
  }
}

test('a webhook outside is called with a review, patches, and refuses in its own words', async (t) => {
  const api = await startApi(t)
  const ca = await createCa({ commonName: 'webhook' })
  const tls = await issueCertificate(ca, { commonName: 'server', ips: ['127.0.0.1'], usages: ['server'] })
  const asked: JsonObject[] = []
  const server = createServer({ key: tls.keyPem, cert: tls.certPem }, (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const review = JSON.parse(body) as { request: JsonObject }
      asked.push(review.request)
      const { uid, name } = review.request
      const patch = [{ op: 'add', path: '/metadata/labels', value: { seen: 'yes' } }]
      const answer =
        name === 'bad'
          ? { uid, allowed: false, status: { code: 422, message: 'not this one' } }
          : {
              uid,
              allowed: true,
              warnings: ['look out'],
              patchType: 'JSONPatch',
              patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
            }
      response.end(
        JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }),
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const webhook = {
    name: 'a.b.example.test',
    clientConfig: {
      url: `https://127.0.0.1:${port}/x`,
      caBundle: Buffer.from(ca.certPem).toString('base64'),
    },
    rules: RULES,
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    matchConditions: [{ name: 'not-skipped', expression: "!object.metadata.name.startsWith('skip')" }],
  }
  api.store.create(admission('mutatingwebhookconfigurations'), {
    metadata: { name: 'hook' },
    webhooks: [webhook],
  })
  const good = await create(api, 'good')
  assert.equal(good.status, 201)
  assert.deepEqual(good.body.metadata.labels, { seen: 'yes' })
  assert.equal(good.warning, '299 - "look out"')
  assert.equal(asked[0]?.['operation'], 'CREATE')
  const object = asked[0]?.['object']
  assert.equal(
    isObject(object) && isObject(object['metadata']) && object['metadata']['uid'],
    good.body.metadata.uid,
  )
  const bad = await create(api, 'bad')
  assert.equal(bad.status, 422)
  assert.equal(bad.body['message'], 'admission webhook "a.b.example.test" denied the request: not this one')
  assert.equal((await create(api, 'skipped')).status, 201)
  assert.equal(asked.length, 2)
  server.close()
  server.closeAllConnections()
  const down = await create(api, 'down')
  assert.equal(down.status, 500)
  assert.match(
    asText(down.body['message']),
    /failed calling webhook "a.b.example.test": .*connection refused/,
  )
})

test('a ValidatingAdmissionPolicy refuses, or warns, where it is bound', async (t) => {
  const api = await startApi(t)
  api.store.create(admission('validatingadmissionpolicies'), {
    metadata: { name: 'no-secrets' },
    spec: {
      matchConstraints: { resourceRules: RULES },
      variables: [{ name: 'keys', expression: 'object.?data.orValue({})' }],
      validations: [
        {
          expression: "!has(object.data) || !('secret' in object.data)",
          messageExpression: "'no secret in ' + object.metadata.name",
        },
      ],
    },
  })
  assert.equal((await create(api, 'unbound', { secret: 'x' })).status, 201)
  const binding = api.store.create(admission('validatingadmissionpolicybindings'), {
    metadata: { name: 'everywhere' },
    spec: { policyName: 'no-secrets', validationActions: ['Deny'] },
  })
  const refused = await create(api, 'a', { secret: 'x' })
  assert.equal(refused.status, 422)
  assert.equal(
    refused.body['message'],
    `configmaps "a" is forbidden: ValidatingAdmissionPolicy 'no-secrets' with binding 'everywhere' denied request: no secret in a`,
  )
  assert.equal((await create(api, 'b', { plain: 'x' })).status, 201)
  api.store.update(admission('validatingadmissionpolicybindings'), {
    ...binding,
    spec: { policyName: 'no-secrets', validationActions: ['Warn'] },
  })
  const warned = await create(api, 'c', { secret: 'x' })
  assert.equal(warned.status, 201)
  assert.match(warned.warning, /no secret in c/)
})

test('a ResourceQuota holds the number of objects, also against a burst', async (t) => {
  const api = await startApi(t)
  api.store.create(QUOTAS, {
    metadata: { name: 'few', namespace: 'default' },
    spec: { hard: { 'count/configmaps': '3' } },
  })
  const before = api.store.list(CONFIG_MAPS, { namespace: 'default' }).length
  const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => create(api, `m${index}`)))
  assert.equal(answers.filter(({ status }) => status === 201).length, 3 - before)
  const refused = answers.find(({ status }) => status === 403)
  assert.match(
    asText(refused?.body['message']),
    /^configmaps "m\d" is forbidden: exceeded quota: few, requested: count\/configmaps=1, used: count\/configmaps=3, limited: count\/configmaps=3$/,
  )
})
