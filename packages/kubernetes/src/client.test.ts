import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKubernetes } from './client.ts'
import { ManifestError } from './errors.ts'
import { ConfigMap, Node, Pod } from './kinds/core.ts'
import { Deployment } from './kinds/workloads.ts'
import { parseManifests } from './manifests.ts'
import { json, serve } from './test-server.ts'

const ref = { name: 'a', namespace: 'd' }

test('patches carry their content type, their owner and the version they expect', async (t) => {
  const { url, seen } = await serve(t, (_, response) => json(response, { metadata: { name: 'a' } }))
  const kubernetes = createKubernetes({ server: url })
  t.after(() => kubernetes.close())
  await kubernetes.patch(
    ConfigMap,
    ref,
    { data: { x: null } },
    { resourceVersion: '7', dryRun: true, fieldValidation: 'Strict' },
  )
  await kubernetes.patch(ConfigMap, ref, [{ op: 'remove', path: '/data/x' }], {
    type: 'json',
    fieldManager: 'me',
  })
  await kubernetes.patch(Node, { name: 'n' }, { status: {} }, { type: 'strategic', subresource: 'status' })
  assert.deepEqual(
    seen.map(({ raw, headers, body }) => [raw.url, headers['content-type'], body]),
    [
      [
        '/api/v1/namespaces/d/configmaps/a?fieldManager=fochista&fieldValidation=Strict&dryRun=All',
        'application/merge-patch+json',
        '{"data":{"x":null},"metadata":{"resourceVersion":"7"}}',
      ],
      [
        '/api/v1/namespaces/d/configmaps/a?fieldManager=me',
        'application/json-patch+json',
        '[{"op":"remove","path":"/data/x"}]',
      ],
      [
        '/api/v1/nodes/n/status?fieldManager=fochista',
        'application/strategic-merge-patch+json',
        '{"status":{}}',
      ],
    ],
  )
  assert.throws(() => kubernetes.patch(ConfigMap, ref, [], { type: 'json', resourceVersion: '7' }), TypeError)
})

test('scale goes through the subresource, update through PUT, delete with its preconditions', async (t) => {
  const { url, seen } = await serve(t, (_, response) => json(response, { kind: 'Status', status: 'Success' }))
  const kubernetes = createKubernetes({ server: url })
  t.after(() => kubernetes.close())
  await kubernetes.scale(Deployment, ref, 3)
  await kubernetes.updateStatus(ConfigMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...ref, resourceVersion: '4' },
  })
  await kubernetes.delete(Pod, ref, {
    preconditions: { uid: 'u' },
    propagationPolicy: 'Foreground',
    gracePeriodSeconds: 0,
    dryRun: true,
  })
  assert.deepEqual(
    seen.map(({ method, path, body }) => [method, path, JSON.parse(body) as unknown]),
    [
      ['PATCH', '/apis/apps/v1/namespaces/d/deployments/a/scale', { spec: { replicas: 3 } }],
      [
        'PUT',
        '/api/v1/namespaces/d/configmaps/a/status',
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...ref, resourceVersion: '4' } },
      ],
      [
        'DELETE',
        '/api/v1/namespaces/d/pods/a',
        {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          preconditions: { uid: 'u' },
          propagationPolicy: 'Foreground',
          gracePeriodSeconds: 0,
          dryRun: ['All'],
        },
      ],
    ],
  )
})

test('selectors and page sizes go into the query; a limit ends the list', async (t) => {
  const { url, seen } = await serve(t, ({ query }, response) => {
    const from = Number(query.get('continue') ?? 0)
    const count = Number(query.get('limit'))
    const items = Array.from({ length: count }, (_, index) => ({ metadata: { name: `n${from + index}` } }))
    json(response, { metadata: { resourceVersion: '5', continue: String(from + count) }, items })
  })
  const kubernetes = createKubernetes({ server: url })
  t.after(() => kubernetes.close())
  const { items } = await kubernetes.list(Pod, {
    namespace: 'd',
    labelSelector: 'a=b,c',
    fieldSelector: 'spec.nodeName=x',
    pageSize: 2,
    limit: 5,
  })
  assert.deepEqual(
    items.map(({ metadata: { name } }) => name),
    ['n0', 'n1', 'n2', 'n3', 'n4'],
  )
  assert.deepEqual(
    seen.map(({ query }) => query.get('limit')),
    ['2', '2', '1'],
  )
  assert.equal(seen[0]?.query.get('labelSelector'), 'a=b,c')
})

test('tokens are asked for, and reviews answer whether and why', async (t) => {
  const { url, seen } = await serve(t, ({ path }, response) => {
    if (path.endsWith('/token'))
      return json(response, { status: { token: 't', expirationTimestamp: '2026-01-01T00:00:00Z' } }, 201)
    if (path.endsWith('/selfsubjectaccessreviews'))
      return json(response, { status: { allowed: true, reason: 'RBAC: allowed by X' } }, 201)
    if (path.endsWith('/subjectaccessreviews')) return json(response, { status: { allowed: false } }, 201)
    const { spec } = JSON.parse(seen.at(-1)?.body ?? '') as { spec: { token: string } }
    return json(
      response,
      {
        status:
          spec.token === 'good'
            ? { authenticated: true, user: { username: 'jane', groups: ['devs'] } }
            : { error: 'bad' },
      },
      201,
    )
  })
  const kubernetes = createKubernetes({ server: url })
  t.after(() => kubernetes.close())
  assert.deepEqual(
    await kubernetes.createToken(
      { name: 'sa', namespace: 'd' },
      { expirationSeconds: 600, audiences: ['x'] },
    ),
    { token: 't', expirationTimestamp: '2026-01-01T00:00:00Z' },
  )
  assert.equal(seen[0]?.path, '/api/v1/namespaces/d/serviceaccounts/sa/token')
  assert.deepEqual((JSON.parse(seen[0].body) as { spec: unknown }).spec, {
    audiences: ['x'],
    expirationSeconds: 600,
  })
  assert.deepEqual(
    await kubernetes.canI({ verb: 'create', resource: 'nodepools', group: 'fochista.dev', namespace: 'd' }),
    { allowed: true, reason: 'RBAC: allowed by X' },
  )
  assert.deepEqual(await kubernetes.canThey({ user: 'jane' }, { verb: 'get', resource: 'secrets' }), {
    allowed: false,
    reason: '',
  })
  assert.equal((await kubernetes.reviewToken('good'))?.username, 'jane')
  assert.equal(await kubernetes.reviewToken('bad'), undefined)
})

test('a followed log ends when the reader leaves', async (t) => {
  let closed = false
  const { url } = await serve(t, ({ raw }, response) => {
    raw.socket.on('close', () => (closed = true))
    response.writeHead(200, { 'content-type': 'text/plain' }).write('first\nsec')
  })
  const kubernetes = createKubernetes({ server: url })
  t.after(() => kubernetes.close())
  for await (const line of kubernetes.logs(ref, { follow: true })) {
    assert.equal(line, 'first')
    break
  }
  while (!closed) await new Promise((resolve) => setTimeout(resolve, 2))
})

test('manifests are read as kubectl reads them: several documents, lists, YAML 1.1', () => {
  const objects = parseManifests(
    'apiVersion: v1\nkind: A\nmetadata: {name: a}\nmode: 0644\non: yes\nday: 2026-01-01\n---\n---\n{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"B","metadata":{"name":"b"}}]}\n',
  )
  assert.deepEqual(
    objects.map(({ kind }) => kind),
    ['A', 'B'],
  )
  assert.deepEqual(
    { ...objects[0] },
    { apiVersion: 'v1', kind: 'A', metadata: { name: 'a' }, mode: 420, true: true, day: '2026-01-01' },
  )
})

test('a manifest that is none is refused with the number of its document', () => {
  const wrong: [string, RegExp][] = [
    ['a: [', /document 1: /],
    ['apiVersion: v1\nkind: A\nmetadata: {name: a}\n---\n- 1', /document 2 is not an object/],
    ['kind: A', /has no apiVersion/],
    ['apiVersion: v1', /has no kind/],
    ['apiVersion: v1\nkind: A', /\(A\) has no metadata.name/],
    [
      `a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]`,
      /document 1: /,
    ],
  ]
  for (const [text, problem] of wrong)
    assert.throws(
      () => parseManifests(text),
      (error) => error instanceof ManifestError && problem.test(error.message),
      text,
    )
})
