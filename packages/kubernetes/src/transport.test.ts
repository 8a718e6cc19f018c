import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { createKubernetes } from './client.ts'
import type { Connection } from './connection/types.ts'
import {
  isAlreadyExists,
  isConflict,
  isConnectionError,
  isInvalid,
  isNotFound,
  isTimeout,
  KubernetesAnswerError,
  KubernetesApiError,
  KubernetesConnectionError,
  orUndefined,
} from './errors.ts'
import { ConfigMap, Namespace, Node } from './kinds/core.ts'
import { json, refuse, serve, testdata } from './test-server.ts'

const connect = (connection: Connection, options = {}) =>
  createKubernetes(connection, { timeoutMs: 60_000, ...options })
const ref = { name: 'a', namespace: 'd' }

test('a refusal has its reason, details and causes as fields', async (t) => {
  const causes = [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.x' }]
  const { url } = await serve(t, (_, response) =>
    refuse(response, 422, 'Invalid', 'ConfigMap "a" is invalid', {
      details: { name: 'a', kind: 'ConfigMap', causes },
    }),
  )
  const kubernetes = connect({ server: url })
  t.after(() => kubernetes.close())
  await assert.rejects(kubernetes.get(ConfigMap, ref), (error) => {
    assert.ok(error instanceof KubernetesApiError && isInvalid(error))
    assert.equal(error.message, 'ConfigMap "a" is invalid')
    assert.deepEqual(error.causes, causes)
    return true
  })
})

test('predicates tell the two kinds of 409 apart, and plain text answers are errors too', async (t) => {
  const { url } = await serve(t, ({ path }, response) => {
    if (path.endsWith('/exists')) return refuse(response, 409, 'AlreadyExists', 'x')
    if (path.endsWith('/changed')) return refuse(response, 409, 'Conflict', 'x')
    response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n')
  })
  const kubernetes = connect({ server: url })
  t.after(() => kubernetes.close())
  const failure = (name: string) =>
    kubernetes.get(Namespace, { name }).then(
      () => undefined,
      (error: unknown) => error,
    )
  const [exists, changed, missing] = await Promise.all([
    failure('exists'),
    failure('changed'),
    failure('other'),
  ])
  assert.deepEqual(
    [isAlreadyExists(exists), isConflict(exists), isAlreadyExists(changed), isConflict(changed)],
    [true, false, false, true],
  )
  assert.ok(isNotFound(missing))
  assert.match(missing.message, /404 page not found/)
  assert.equal(await orUndefined(isNotFound, kubernetes.get(Namespace, { name: 'other' })), undefined)
})

test('pages are joined, and an expired page token starts again without pages', async (t) => {
  const { url, seen } = await serve(t, ({ query }, response) => {
    const item = (name: string) => ({ metadata: { name, resourceVersion: '1' } })
    if (query.get('continue'))
      return refuse(response, 410, 'Expired', 'The provided continue parameter is too old')
    if (query.get('limit'))
      return json(response, { metadata: { resourceVersion: '7', continue: 'more' }, items: [item('a')] })
    return json(response, { metadata: { resourceVersion: '8' }, items: [item('a'), item('b')] })
  })
  const kubernetes = connect({ server: url })
  t.after(() => kubernetes.close())
  const { items, metadata } = await kubernetes.list(Node)
  assert.deepEqual(
    items.map(({ metadata: { name }, kind }) => `${kind} ${name}`),
    ['Node a', 'Node b'],
  )
  assert.equal(metadata.resourceVersion, '8')
  assert.equal(seen.length, 3)
})

test('after 429 with Retry-After a call is made again', async (t) => {
  let calls = 0
  const { url } = await serve(t, (_, response) => {
    if (++calls === 1)
      return json(response, { kind: 'Status', code: 429, reason: 'TooManyRequests', message: 'later' }, 429, {
        'retry-after': '0',
      })
    return json(response, { metadata: { name: 'a' } })
  })
  const kubernetes = connect({ server: url })
  t.after(() => kubernetes.close())
  await kubernetes.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } })
  assert.equal(calls, 2)
})

test('a broken connection repeats a GET but never a POST', async (t) => {
  const { url, seen } = await serve(t, ({ raw }) => void raw.socket.resetAndDestroy())
  const kubernetes = connect({ server: url })
  t.after(() => kubernetes.close())
  await assert.rejects(kubernetes.get(ConfigMap, ref), KubernetesConnectionError)
  await assert.rejects(
    kubernetes.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }),
    isConnectionError,
  )
  assert.deepEqual(
    seen.map(({ method }) => method),
    ['GET', 'GET', 'GET', 'POST'],
  )
})

test('a silent server is a time-out; an aborted call throws the reason', async (t) => {
  const { url } = await serve(t, () => {})
  const kubernetes = connect({ server: url })
  t.after(() => kubernetes.close())
  await assert.rejects(kubernetes.get(ConfigMap, ref, { timeoutMs: 50 }), isTimeout)
  const reason = new Error('no longer wanted')
  await assert.rejects(kubernetes.get(ConfigMap, ref, { signal: AbortSignal.abort(reason) }), reason)
})

test('an answer that trickles is cut at the time limit, and one that is too large at the size limit', async (t) => {
  const { url } = await serve(t, ({ path }, response) => {
    response.setHeader('content-type', 'application/json')
    if (path.endsWith('/large')) return void response.end(' '.repeat(5000))
    const drip = setInterval(() => response.write(' '), 10)
    response.on('close', () => clearInterval(drip))
  })
  const kubernetes = connect({ server: url }, { maxBytes: 1000 })
  t.after(() => kubernetes.close())
  await assert.rejects(kubernetes.get(Namespace, { name: 'large' }), KubernetesAnswerError)
  await assert.rejects(kubernetes.get(Namespace, { name: 'slow' }, { timeoutMs: 150 }), isTimeout)
})

test('a server is trusted by its CA only', async (t) => {
  const { url } = await serve(t, (_, response) => json(response, { gitVersion: 'v1.30.0' }), { tls: true })
  const trusted = connect({ server: url, ca: testdata('ca.crt') })
  const other = connect({ server: url, ca: testdata('other-ca.crt') })
  const blind = connect({ server: url, insecureSkipVerify: true })
  t.after(() => Promise.all([trusted.close(), other.close(), blind.close()]))
  assert.equal((await trusted.version()).gitVersion, 'v1.30.0')
  assert.equal((await blind.version()).gitVersion, 'v1.30.0')
  await assert.rejects(other.version(), isConnectionError)
})

test('TLS that breaks after the handshake ends what was under way, and the connection is not used again', async (t) => {
  const sockets: Socket[] = []
  const breakLast = (): void => void sockets.at(-1)?.write('no record of TLS')
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n'
  let answers = true
  const keys = { cert: testdata('server.crt'), key: testdata('server.key') }
  const server = createTlsServer(keys, (secure) => {
    secure
      .on('error', () => {})
      .on('data', () => {
        if (answers) secure.write(`${head}{}`)
        else breakLast()
      })
  })
  server.on('connection', (socket: Socket) => void sockets.push(socket))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const kubernetes = connect({ server: `https://127.0.0.1:${port}`, ca: testdata('ca.crt') }, { retries: 0 })
  t.after(async () => {
    await kubernetes.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await kubernetes.version()
  const [idle] = sockets as [Socket]
  const closed = once(idle, 'close')
  breakLast()
  await closed
  await kubernetes.version()
  answers = false
  await assert.rejects(kubernetes.version(), isConnectionError)
})

test('a client certificate proves who we are', async (t) => {
  const { url } = await serve(t, (_, response) => json(response, { gitVersion: 'v1.30.0' }), {
    tls: true,
    clientCertificates: true,
  })
  const clientCertificate = { cert: testdata('client.crt'), key: testdata('client.key') }
  const known = connect({ server: url, ca: testdata('ca.crt'), clientCertificate })
  const stranger = connect({ server: url, ca: testdata('ca.crt') })
  t.after(() => Promise.all([known.close(), stranger.close()]))
  assert.equal((await known.version()).gitVersion, 'v1.30.0')
  await assert.rejects(stranger.version(), isConnectionError)
})

test('credentials that change are asked for again after a 401, once', async (t) => {
  const { url, seen } = await serve(t, ({ headers }, response) =>
    headers.authorization === 'Bearer new'
      ? json(response, { gitVersion: 'v1' })
      : refuse(response, 401, 'Unauthorized', 'Unauthorized'),
  )
  let token = 'old'
  const kubernetes = connect({
    server: url,
    credentials: ({ refresh }) => Promise.resolve({ token: refresh ? (token = 'new') : token }),
  })
  t.after(() => kubernetes.close())
  await kubernetes.version()
  assert.deepEqual(
    seen.map(({ headers }) => headers.authorization),
    ['Bearer old', 'Bearer new'],
  )
})

test('the path of the server address comes first, names are escaped, and .. is refused', async (t) => {
  const { url, seen } = await serve(t, (_, response) => json(response, { metadata: { name: 'x' } }))
  const kubernetes = connect({ server: `${url}/k8s/clusters/c1/` })
  t.after(() => kubernetes.close())
  await kubernetes.get(Namespace, { name: 'a/b' })
  assert.equal(seen[0]?.raw.url, '/k8s/clusters/c1/api/v1/namespaces/a%2Fb')
  assert.throws(() => kubernetes.get(Namespace, { name: '..' }), TypeError)
  assert.throws(() => kubernetes.get(ConfigMap, { name: 'a' }), /needs a namespace/)
})

test('apply finds the path by discovery and leaves out what was read', async (t) => {
  const { url, seen } = await serve(t, ({ path }, response) => {
    if (path === '/apis/fochista.dev/v1alpha1') {
      return json(response, {
        resources: [
          { name: 'nodepools', kind: 'NodePool', namespaced: true },
          { name: 'nodepools/scale', kind: 'Scale', namespaced: true },
        ],
      })
    }
    return json(response, { metadata: { name: 'p' } })
  })
  const kubernetes = connect({ server: url }, { fieldManager: 'test' })
  t.after(() => kubernetes.close())
  const metadata = { name: 'p', namespace: 'd', resourceVersion: '5', uid: 'u', managedFields: [{}] }
  await kubernetes.apply(
    { apiVersion: 'fochista.dev/v1alpha1', kind: 'NodePool', metadata, spec: {} },
    { force: true },
  )
  const patch = seen.at(-1)
  assert.equal(
    patch?.raw.url,
    '/apis/fochista.dev/v1alpha1/namespaces/d/nodepools/p?fieldManager=test&force=true',
  )
  assert.equal(patch?.headers['content-type'], 'application/apply-patch+yaml')
  assert.deepEqual(JSON.parse(patch?.body ?? ''), {
    apiVersion: 'fochista.dev/v1alpha1',
    kind: 'NodePool',
    metadata: { name: 'p', namespace: 'd' },
    spec: {},
  })
  await assert.rejects(
    kubernetes.resolve({ apiVersion: 'fochista.dev/v1alpha1', kind: 'Nothing' }),
    /knows no kind Nothing/,
  )
})

test('delete says whether finalizers still hold the object', async (t) => {
  const { url } = await serve(t, ({ path }, response) => {
    if (path.endsWith('/held'))
      return json(response, {
        kind: 'ConfigMap',
        metadata: { name: 'held', deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['x'] },
      })
    return json(response, { kind: 'Status', status: 'Success' })
  })
  const kubernetes = connect({ server: url })
  t.after(() => kubernetes.close())
  assert.equal((await kubernetes.delete(ConfigMap, { ...ref, name: 'held' }))?.metadata.name, 'held')
  assert.equal(await kubernetes.delete(ConfigMap, ref), undefined)
})

test('log lines come as they are written, the last one without its end too', async (t) => {
  const { url, seen } = await serve(
    t,
    (_, response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end('one\ntwo\nthree'),
  )
  const kubernetes = connect({ server: url })
  t.after(() => kubernetes.close())
  assert.deepEqual(await Array.fromAsync(kubernetes.logs(ref, { tailLines: 3 })), ['one', 'two', 'three'])
  assert.equal(seen[0]?.raw.url, '/api/v1/namespaces/d/pods/a/log?tailLines=3')
})

test('closing ends at once, also what still runs on a certificate that was replaced meanwhile', async (t) => {
  const { url } = await serve(
    t,
    ({ path }, response) => {
      if (path.endsWith('/log')) response.writeHead(200, { 'content-type': 'text/plain' }).write('first\n')
      else json(response, { gitVersion: 'v1' })
    },
    { tls: true, clientCertificates: true },
  )
  const certificate = (end: string) => ({ cert: testdata('client.crt') + end, key: testdata('client.key') })
  let end = ''
  const credentials = () => Promise.resolve({ clientCertificate: certificate(end) })
  const kubernetes = connect({ server: url, ca: testdata('ca.crt'), credentials })
  const lines = kubernetes.logs(ref, { follow: true })[Symbol.asyncIterator]()
  assert.equal((await lines.next()).value, 'first')
  end = '\n'
  await kubernetes.version()
  const rest = lines.next().then(
    () => 'ended',
    () => 'broken',
  )
  await kubernetes.close()
  assert.equal(await rest, 'broken')
  await assert.rejects(kubernetes.version(), isConnectionError)
})
