import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createKubernetes } from './client.ts'
import { isForbidden } from './errors.ts'
import { createInformer } from './informer.ts'
import { ConfigMap } from './kinds/core.ts'
import { json, refuse, serve, until } from './test-server.ts'
import type { SeenRequest } from './test-server.ts'

type Item = { name: string; version: number; uid?: string; data?: string }

const object = ({ name, version, uid = name, data = '' }: Item) => ({
  metadata: { name, namespace: 'd', uid, resourceVersion: String(version) },
  data: { text: data },
})
const event = (type: string, item: Item): string =>
  `${JSON.stringify({ type, object: { kind: 'ConfigMap', apiVersion: 'v1', ...object(item) } })}\n`
const bookmark = (version: number): string =>
  `${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: String(version) } } })}\n`
const expired = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  message: 'too old resource version: 1 (9)',
  reason: 'Expired',
  code: 410,
}

/** A server that answers each list and each watch from its own queue; the last watch stays open. */
async function script(
  t: TestContext,
  lists: { version: number; items: Item[] }[],
  watches: ((response: ServerResponse, request: SeenRequest) => void)[],
) {
  let listed = 0
  let watched = 0
  const { url, seen } = await serve(t, (request, response) => {
    if (request.query.get('watch') === 'true') {
      const watch = watches[watched++]
      response.setHeader('content-type', 'application/json')
      response.flushHeaders()
      watch?.(response, request)
      return
    }
    const list = lists[Math.min(listed++, lists.length - 1)]
    json(response, {
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: String(list?.version) },
      items: list?.items.map(object),
    })
  })
  const kubernetes = createKubernetes({ server: url })
  const errors: unknown[] = []
  const informer = createInformer(kubernetes, ConfigMap, {
    namespace: 'd',
    onError: (error) => errors.push(error),
  })
  const events: string[] = []
  informer.subscribe(({ type, object: { metadata } }) =>
    events.push(`${type} ${metadata.name}@${metadata.resourceVersion}`),
  )
  t.after(async () => {
    informer.stop()
    await kubernetes.close()
  })
  const asked = () =>
    seen.filter(({ query }) => query.get('watch')).map(({ query }) => query.get('resourceVersion'))
  return { informer, events, errors, seen, asked, kubernetes }
}

test('an informer waits no longer after failures than it is told', async (t) => {
  let asked = 0
  const { url } = await serve(t, (request, response) => {
    asked += 1
    // With the pauses that it has by itself minutes would pass until then.
    if (asked <= 16) refuse(response, 403, 'Forbidden', 'no')
    else if (request.query.get('watch') !== 'true')
      json(response, {
        kind: 'ConfigMapList',
        apiVersion: 'v1',
        metadata: { resourceVersion: '1' },
        items: [],
      })
  })
  const kubernetes = createKubernetes({ server: url })
  const informer = createInformer(kubernetes, ConfigMap, { longestPauseMs: 20, onError: () => undefined })
  t.after(async () => {
    informer.stop()
    await kubernetes.close()
  })
  informer.start()
  await informer.ready
  assert.ok(asked > 16)
})

test('an informer announces the list, then follows changes', async (t) => {
  const { informer, events } = await script(
    t,
    [{ version: 5, items: [{ name: 'a', version: 3 }] }],
    [
      (response) => {
        response.write(
          event('MODIFIED', { name: 'a', version: 6 }) + event('ADDED', { name: 'b', version: 7 }),
        )
        response.write(event('DELETED', { name: 'a', version: 8 }))
      },
    ],
  )
  informer.start()
  await informer.ready
  await until('three changes came', () => events.length === 4)
  assert.deepEqual(events, ['added a@3', 'modified a@6', 'added b@7', 'deleted a@8'])
  assert.equal(informer.get('d', 'a'), undefined)
  assert.equal(informer.get('d', 'b')?.kind, 'ConfigMap')
})

test('of an object that changed, what did not change is held once', async (t) => {
  const { informer } = await script(
    t,
    [{ version: 5, items: [{ name: 'a', version: 3, data: 'x' }] }],
    [(response) => response.write(event('MODIFIED', { name: 'a', version: 6, data: 'x' }))],
  )
  const heard: boolean[] = []
  informer.subscribe(({ type, object: { data }, old }) => {
    if (type === 'modified') heard.push(data === old.data)
  })
  informer.start()
  await until('the change came', () => heard.length === 1)
  assert.deepEqual(heard, [true])
  assert.equal(informer.get('d', 'a')?.metadata.resourceVersion, '6')
})

test('what came before an event that is none is told once, though both came together', async (t) => {
  const { informer, events, errors, asked } = await script(
    t,
    [{ version: 5, items: [] }],
    [
      (response) =>
        response.write(`${event('ADDED', { name: 'a', version: 6 })}{"type":"ADDED","object":7}\n`),
      (response) => response.write(event('MODIFIED', { name: 'a', version: 7 })),
    ],
  )
  informer.start()
  await until('the watch went on', () => events.length === 2)
  assert.deepEqual(events, ['added a@6', 'modified a@7'])
  assert.match(String(errors[0]), /an event of unknown form/)
  assert.deepEqual(asked(), ['5', '6'])
})

test('a late listener first hears what is there', async (t) => {
  const { informer } = await script(t, [{ version: 5, items: [{ name: 'a', version: 3 }] }], [])
  informer.start()
  await informer.ready
  const heard: string[] = []
  informer.subscribe(({ type, object: { metadata } }) => heard.push(`${type} ${metadata.name}`))
  assert.deepEqual(heard, ['added a'])
})

test('events survive being cut anywhere, even inside a character', async (t) => {
  const line = Buffer.from(event('ADDED', { name: 'a', version: 6, data: 'perché €' }))
  const { informer } = await script(
    t,
    [{ version: 5, items: [] }],
    [
      async (response) => {
        for (let at = 0; at < line.length; at += 7) {
          response.write(line.subarray(at, at + 7))
          await new Promise((resolve) => setImmediate(resolve))
        }
      },
    ],
  )
  informer.start()
  await until('the object is there', () => informer.get('d', 'a') !== undefined)
  assert.deepEqual(informer.get('d', 'a')?.data, { text: 'perché €' })
})

test('a reset in the middle of a line loses nothing: the watch resumes at the last whole event', async (t) => {
  const { informer, events, asked } = await script(
    t,
    [{ version: 5, items: [] }],
    [
      async (response, { raw }) => {
        response.write(
          event('ADDED', { name: 'a', version: 6 }) + event('ADDED', { name: 'b', version: 7 }).slice(0, 40),
        )
        await until('a came', () => events.length === 1)
        raw.socket.resetAndDestroy()
      },
      (response) => response.write(event('ADDED', { name: 'b', version: 7 })),
    ],
  )
  informer.start()
  await until('b came', () => events.length === 2)
  assert.deepEqual(events, ['added a@6', 'added b@7'])
  assert.deepEqual(asked(), ['5', '6'])
})

test('a bookmark moves the place to resume from', async (t) => {
  const { informer, asked, seen } = await script(
    t,
    [{ version: 5, items: [] }],
    [(response) => response.end(bookmark(90)), () => {}],
  )
  informer.start()
  await until('the second watch began', () => asked().length === 2)
  assert.deepEqual(asked(), ['5', '90'])
  assert.ok(seen.every(({ query }) => !query.get('watch') || query.get('allowWatchBookmarks') === 'true'))
})

for (const [form, gone] of [
  [
    'an HTTP status',
    (response: ServerResponse) => refuse(response, 410, 'Expired', 'too old resource version: 5 (9)'),
  ],
  [
    'an ERROR event',
    (response: ServerResponse) =>
      void response.end(`${JSON.stringify({ type: 'ERROR', object: expired })}\n`),
  ],
] as const) {
  test(`after 410 as ${form} what vanished in the gap is announced as deleted`, async (t) => {
    let lists = 0
    let watches = 0
    const { url } = await serve(t, (request, response) => {
      if (request.query.get('watch')) {
        if (watches++ === 0) gone(response)
        else response.flushHeaders()
        return
      }
      const items =
        lists++ === 0
          ? [
              { name: 'kept', version: 1 },
              { name: 'gone', version: 2 },
              { name: 'remade', version: 3, uid: 'old' },
              { name: 'changed', version: 4 },
            ]
          : [
              { name: 'kept', version: 1 },
              { name: 'remade', version: 8, uid: 'new' },
              { name: 'changed', version: 9 },
              { name: 'fresh', version: 7 },
            ]
      json(response, { metadata: { resourceVersion: lists === 1 ? '5' : '9' }, items: items.map(object) })
    })
    const kubernetes = createKubernetes({ server: url })
    const informer = createInformer(kubernetes, ConfigMap)
    const events: string[] = []
    informer.subscribe(({ type, object: { metadata } }) =>
      events.push(`${type} ${metadata.name}@${metadata.resourceVersion}`),
    )
    t.after(async () => {
      informer.stop()
      await kubernetes.close()
    })
    informer.start()
    await until('the second list was compared', () => events.length === 9)
    assert.deepEqual(events.slice(4), [
      'deleted gone@2',
      'deleted remade@3',
      'added remade@8',
      'modified changed@9',
      'added fresh@7',
    ])
  })
}

test('a server that closes every watch at once is not asked in a tight loop', async (t) => {
  const { informer, asked } = await script(
    t,
    [{ version: 5, items: [] }],
    Array.from({ length: 1000 }, () => (response: ServerResponse) => void response.end()),
  )
  informer.start()
  await informer.ready
  const begun = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 500))
  const seconds = (performance.now() - begun) / 1000
  assert.ok(asked().length < 16 * seconds, `${asked().length} watches in ${seconds} s`)
})

test('a listener that throws is reported and does not stop the others', async (t) => {
  const { informer, events, errors } = await script(
    t,
    [{ version: 5, items: [{ name: 'a', version: 3 }] }],
    [],
  )
  informer.subscribe(() => {
    throw new Error('broken listener')
  })
  const heard: string[] = []
  informer.subscribe(({ type }) => heard.push(type))
  informer.start()
  await informer.ready
  assert.deepEqual([events, heard], [['added a@3'], ['added']])
  assert.match(String(errors[0]), /broken listener/)
})

test('an informer waits for a server that refuses, and says what it said', async (t) => {
  let forbidden = true
  const { url } = await serve(t, (request, response) => {
    if (forbidden) return refuse(response, 403, 'Forbidden', 'configmaps is forbidden')
    if (request.query.get('watch')) return response.flushHeaders()
    return json(response, { metadata: { resourceVersion: '5' }, items: [] })
  })
  const kubernetes = createKubernetes({ server: url })
  const informer = createInformer(kubernetes, ConfigMap)
  t.after(async () => {
    informer.stop()
    await kubernetes.close()
  })
  informer.start()
  await until('the refusal came', () => isForbidden(informer.error))
  assert.equal(informer.isReady, false)
  forbidden = false
  await informer.ready
  assert.equal(informer.error, undefined)
})

test('a server that went back to an older state is noticed: what it no longer has is announced as deleted', async (t) => {
  // Restored from a backup it closes watches from a version that it has not reached again, and says nothing.
  let restored = false
  const { url } = await serve(t, (request, response) => {
    if (request.query.get('watch')) {
      if (restored) return response.flushHeaders()
      return void setTimeout(() => {
        restored = true
        response.writeHead(200).end()
      }, 1100)
    }
    const items = restored ? [] : [object({ name: 'a', version: 3 })]
    return json(response, { metadata: { resourceVersion: restored ? '4' : '9' }, items })
  })
  const kubernetes = createKubernetes({ server: url })
  const informer = createInformer(kubernetes, ConfigMap)
  t.after(async () => {
    informer.stop()
    await kubernetes.close()
  })
  const events: string[] = []
  informer.subscribe(({ type, object: { metadata } }) => events.push(`${type} ${metadata.name}`))
  informer.start()
  await until('the loss was noticed', () => events.length === 2)
  assert.deepEqual(events, ['added a', 'deleted a'])
})

test('a watch that is closed again and again without a word ends in a new list', async (t) => {
  let lists = 0
  const { url } = await serve(t, (request, response) => {
    if (request.query.get('watch')) return void (lists > 1 ? response.flushHeaders() : response.end())
    lists += 1
    const items = lists > 1 ? [] : [object({ name: 'a', version: 3 })]
    return json(response, { metadata: { resourceVersion: '9' }, items })
  })
  const kubernetes = createKubernetes({ server: url })
  const informer = createInformer(kubernetes, ConfigMap)
  t.after(async () => {
    informer.stop()
    await kubernetes.close()
  })
  informer.start()
  await informer.ready
  await until('it listed again', () => informer.list().length === 0)
})

test('ready rejects when an informer is stopped before its first list', async (t) => {
  const { informer } = await script(t, [{ version: 5, items: [] }], [])
  informer.stop()
  await assert.rejects(informer.ready, /stopped before it was ready/)
})

test('watch throws a refusal at once and ends when its signal aborts', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.path.includes('/secret')) return refuse(response, 403, 'Forbidden', 'no')
    if (request.query.get('watch')) return response.flushHeaders()
    return json(response, { metadata: { resourceVersion: '5' }, items: [object({ name: 'a', version: 1 })] })
  })
  const kubernetes = createKubernetes({ server: url })
  t.after(() => kubernetes.close())
  const forbidden = { ...ConfigMap, plural: 'secrets' }
  await assert.rejects(async () => {
    for await (const _ of kubernetes.watch(forbidden)) assert.fail('an event came')
  }, isForbidden)
  const controller = new AbortController()
  const types: string[] = []
  for await (const { type } of kubernetes.watch(ConfigMap, { signal: controller.signal })) {
    types.push(type)
    controller.abort()
  }
  assert.deepEqual(types, ['ADDED'])
})
