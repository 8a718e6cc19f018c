import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { createKubernetes } from './client.ts'
import type { KubernetesOptions } from './client-types.ts'
import { KubernetesAnswerError } from './errors.ts'
import { createInformer } from './informer.ts'
import { ConfigMap } from './kinds/core.ts'
import { json, serve, until, type Handler } from './test-server.ts'

const object = (name: string, version = 1, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'd', resourceVersion: String(version) },
  ...more,
})
const page = (names: string[], next?: string) => ({
  metadata: { resourceVersion: '1', ...(next ? { continue: next } : {}) },
  items: names.map((name) => object(name)),
})

async function client(t: TestContext, handler: Handler, options: KubernetesOptions) {
  const { url, seen } = await serve(t, handler)
  const kubernetes = createKubernetes({ server: url }, { retries: 0, ...options })
  t.after(() => kubernetes.close())
  return { kubernetes, seen }
}
const refusal = (pattern: RegExp) => (error: unknown) =>
  error instanceof KubernetesAnswerError && pattern.test(error.message)

test('a list that never ends is ended: by its objects, its bytes, its empty pages or its time', async (t) => {
  let count = 0
  const endless: Handler = ({ query }, response) => {
    const size = Number(query.get('limit'))
    json(
      response,
      page(
        Array.from({ length: size }, () => `n${count++}`),
        'more',
      ),
    )
  }
  const { kubernetes, seen } = await client(t, endless, { maxItems: 50, pageSize: 20 })
  await assert.rejects(kubernetes.list(ConfigMap), refusal(/the list has more than 50 objects/))
  assert.equal(seen.length, 3)
  const bytes = await client(t, endless, { maxListBytes: 10_000, pageSize: 20 })
  await assert.rejects(bytes.kubernetes.list(ConfigMap), refusal(/larger than 10000 bytes/))
  const empty = await client(t, (_request, response) => json(response, page([], 'more')), {})
  await assert.rejects(empty.kubernetes.list(ConfigMap), refusal(/goes on without objects/))
  const slow: Handler = (_request, response) => void setTimeout(() => json(response, page(['a'], 'more')), 20)
  const late = await client(t, slow, { listTimeoutMs: 100 })
  await assert.rejects(late.kubernetes.list(ConfigMap), refusal(/does not end within 0\.1 s/))
})

test('what is no object of the kind is an error that says so', async (t) => {
  let body: unknown
  const { kubernetes } = await client(t, (_request, response) => json(response, body), {})
  const get = () => kubernetes.get(ConfigMap, { name: 'a', namespace: 'd' })
  for (const [answer, problem] of [
    [{ kind: 'Secret', metadata: { name: 'a' } }, /the answer where a ConfigMap is due is a Secret/],
    [{ kind: 7, metadata: { name: 'a' } }, /is a number/],
    [{ metadata: { name: [] } }, /has no name/],
    [[], /has no name/],
    [null, /has no name/],
    ['text', /has no name/],
  ] as const) {
    body = answer
    await assert.rejects(get(), refusal(problem), JSON.stringify(answer))
  }
  for (const items of [{}, 'x', [null], [{ metadata: {} }], [{ kind: 'Pod', metadata: { name: 'p' } }]]) {
    body = { metadata: {}, items }
    await assert.rejects(kubernetes.list(ConfigMap), KubernetesAnswerError, JSON.stringify(items))
  }
  body = { metadata: { resourceVersion: 7, continue: { a: 1 } }, items: [object('a')] }
  assert.deepEqual((await kubernetes.list(ConfigMap)).metadata, { resourceVersion: '' })
})

test('a redirect is not followed, and an answer that says it is too large is not read', async (t) => {
  const elsewhere = await serve(t, (_request, response) => json(response, page([])))
  const answers: ((response: ServerResponse) => void)[] = [
    (response) => response.writeHead(307, { location: elsewhere.url }).end(),
    (response) => void response.writeHead(200, { 'content-length': String(10 * 2 ** 30) }).write('{'),
  ]
  const { kubernetes } = await client(t, (_request, response) => answers.shift()?.(response), {
    maxBytes: 1000,
  })
  await assert.rejects(kubernetes.list(ConfigMap), refusal(/answered 307, a redirect, which is not followed/))
  await assert.rejects(kubernetes.list(ConfigMap), refusal(/larger than 1000 bytes/))
  assert.deepEqual(elsewhere.seen, [])
})

/** A server with an empty list and a watch. */
const watching = (watch: (response: ServerResponse, count: number) => void): Handler => {
  let count = 0
  return ({ query }, response) => {
    if (query.get('watch') !== 'true') return json(response, page([]))
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    watch(response, count++)
  }
}
const event = (name: string, version: number): string =>
  `${JSON.stringify({ type: 'MODIFIED', object: object(name, version) })}\n`

test('a watch that floods is read at a bounded pace', async (t) => {
  const flood = (response: ServerResponse): void => {
    let version = 1
    const write = (): void => {
      while (!response.destroyed && response.write(event('a', version++)));
      response.once('drain', write)
    }
    write()
  }
  const pace = { bytesPerSecond: 200 * 2048, burst: 100 * 2048 }
  const { kubernetes } = await client(t, watching(flood), { pace })
  const informer = createInformer(kubernetes, ConfigMap)
  t.after(() => informer.stop())
  let heard = 0
  informer.subscribe(() => (heard += 1))
  informer.start()
  const begun = performance.now()
  await until('more came than may come at once', () => heard > 200)
  // A hundred at once and two hundred a second, each event counted with what it sets off.
  const most = 110 + (200 * (performance.now() - begun)) / 1000
  assert.ok(heard <= most, `${heard} events of ${most} at most`)
})

test('one event and an end, again and again, are no reason to ask in a tight loop', async (t) => {
  const { kubernetes, seen } = await client(
    t,
    watching((response, count) => response.end(event('a', count))),
    {},
  )
  const informer = createInformer(kubernetes, ConfigMap)
  t.after(() => informer.stop())
  informer.start()
  const begun = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 1500))
  await until('it asked again', () => seen.length > 2)
  const seconds = (performance.now() - begun) / 1000
  assert.ok(seen.length < 10 * seconds, `${seen.length} requests in ${seconds} s`)
})

test('an informer holds no more objects than it may, and of each no more than is kept', async (t) => {
  const grow = (response: ServerResponse): void => {
    for (let name = 0; name < 30; name += 1) response.write(event(`n${name}`, name + 2))
  }
  const { kubernetes } = await client(t, watching(grow), { maxItems: 20 })
  const errors: unknown[] = []
  const informer = createInformer(kubernetes, ConfigMap, {
    keep: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata: { name: metadata.name } }),
    onError: (error) => errors.push(error),
  })
  t.after(() => informer.stop())
  informer.start()
  await until('it refused', () => errors.length > 0)
  assert.match(String(errors[0]), /there are more than 20 objects/)
  assert.ok(informer.list().length <= 21)
  for (const { metadata } of informer.list()) assert.deepEqual(Object.keys(metadata), ['name'])
})
