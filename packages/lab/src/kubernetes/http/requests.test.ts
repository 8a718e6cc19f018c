import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiObject } from '../resources.ts'
import { at } from '../rest/json.ts'
import { startTestApi } from '../test-api.ts'

const PODS = { group: '', version: 'v1', resource: 'pods' }
const HOME = '/api/v1/namespaces/default'

const { api, ask } = await startTestApi()
api.store.create({ group: '', version: 'v1', resource: 'nodes' }, { metadata: { name: 'n1' } })
api.store.create(
  { group: '', version: 'v1', resource: 'serviceaccounts' },
  { metadata: { name: 'runner', namespace: 'default' } },
)

function makePod(name: string, labels: { [key: string]: string } = {}): ApiObject {
  return api.store.create(PODS, {
    metadata: { name, namespace: 'default', labels },
    spec: { serviceAccountName: 'runner', containers: [{ name: 'c', image: 'i' }] },
  })
}

function run(pod: ApiObject): void {
  const now = new Date().toISOString()
  const containerStatuses = [{ name: 'c', image: 'i', state: { running: { startedAt: now } }, ready: true }]
  const live = api.store.get(PODS, 'default', pod.metadata.name ?? '')
  assert.ok(live)
  api.store.update(
    PODS,
    { ...live, status: { phase: 'Running', containerStatuses } },
    { subresource: 'status' },
  )
}

test('a binding gives a pod its node once', async () => {
  makePod('bound')
  const binding = { metadata: { name: 'bound' }, target: { kind: 'Node', name: 'n1' } }
  assert.equal((await ask(`${HOME}/pods/bound/binding`, { method: 'POST', body: binding })).status, 201)
  assert.equal(at(api.store.get(PODS, 'default', 'bound'), ['spec', 'nodeName']), 'n1')
  const again = await ask(`${HOME}/pods/bound/binding`, { method: 'POST', body: binding })
  assert.equal(again.status, 409)
  assert.match(again.text, /pod bound is already assigned to node \\"n1\\"/)
})

test('logs of a container say that nothing runs in it, and why there are none yet', async () => {
  const pod = makePod('logged')
  assert.equal((await ask(`${HOME}/pods/logged/log`)).status, 204)
  await ask(`${HOME}/pods/logged/binding`, {
    method: 'POST',
    body: { metadata: { name: 'logged' }, target: { name: 'n1' } },
  })
  const early = await ask(`${HOME}/pods/logged/log`)
  assert.equal(early.json['message'], 'container "c" in pod "logged" is waiting to start: ContainerCreating')
  run(pod)
  assert.match((await ask(`${HOME}/pods/logged/log`)).text, /no program runs in it\n$/)
  assert.equal((await ask(`${HOME}/pods/logged/log?container=x`)).status, 400)
  assert.equal((await ask(`${HOME}/pods/logged/log?tailLines=-1`)).status, 422)
})

test('an eviction waits for the budget, and goes when there is none', async () => {
  const pod = makePod('evicted', { app: 'e' })
  await ask(`${HOME}/pods/evicted/binding`, {
    method: 'POST',
    body: { metadata: { name: 'evicted' }, target: { name: 'n1' } },
  })
  run(pod)
  const budgets = { group: 'policy', version: 'v1', resource: 'poddisruptionbudgets' }
  api.store.create(budgets, {
    metadata: { name: 'b', namespace: 'default' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'e' } } },
  })
  const evict = () =>
    ask(`${HOME}/pods/evicted/eviction`, { method: 'POST', body: { metadata: { name: 'evicted' } } })
  assert.equal((await evict()).status, 429)
  api.store.delete(budgets, { namespace: 'default', name: 'b' })
  assert.equal((await evict()).status, 201)
  assert.notEqual(api.store.get(PODS, 'default', 'evicted')?.metadata.deletionTimestamp, undefined)
})

test('nobody grants by a role what he does not hold', async () => {
  const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles'
  const rule = { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['create'] }
  await ask(roles, { method: 'POST', body: { metadata: { name: 'writer' }, rules: [rule] } })
  await ask(roles.replace(/roles$/, 'rolebindings'), {
    method: 'POST',
    body: {
      metadata: { name: 'bob' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'writer' },
      subjects: [{ kind: 'User', name: 'bob', apiGroup: 'rbac.authorization.k8s.io' }],
    },
  })
  const more = {
    metadata: { name: 'more' },
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
  }
  const refused = await ask(roles, { method: 'POST', body: more, token: 'bob' })
  assert.equal(refused.status, 403)
  assert.match(refused.text, /attempting to grant RBAC permissions not currently held/)
  const same = { metadata: { name: 'same' }, rules: [rule] }
  assert.equal((await ask(roles, { method: 'POST', body: same, token: 'bob' })).status, 201)
})

test('what the server allocates belongs to no field manager', async () => {
  const service = { metadata: { name: 'svc' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } }
  const { json } = await ask(`${HOME}/services`, { method: 'POST', body: service })
  assert.notEqual(at(json, ['spec', 'clusterIP']), undefined)
  const fields = JSON.stringify(at(json, ['metadata', 'managedFields']))
  assert.match(fields, /f:ports/)
  assert.doesNotMatch(fields, /f:clusterIP|f:nodePort/)
})

test('an answer that nobody can give is 406, and a list in metadata alone is one', async () => {
  const path = `${HOME}/configmaps`
  assert.equal((await ask(path, { accept: 'text/plain' })).status, 406)
  const meta = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
  const wrong = await ask(path, { accept: meta })
  assert.match(wrong.text, /you requested PartialObjectMetadata, but the requested object is a list/)
  const list = await ask(path, { accept: meta.replace('Metadata;', 'MetadataList;') })
  assert.equal(list.json['kind'], 'PartialObjectMetadataList')
})
