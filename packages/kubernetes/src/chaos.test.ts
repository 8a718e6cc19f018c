import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { createKubernetes } from './client.ts'
import { createInformer } from './informer.ts'
import { ConfigMap } from './kinds/core.ts'
import { json, refuse, serve, until } from './test-server.ts'

/** Numbers from a seed (mulberry32), so that a failure comes again. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

type Item = { name: string; uid: string; version: number }
type Event = { type: string; item: Item }

const object = ({ name, uid, version }: Item) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'd', uid, resourceVersion: String(version) },
})

/** A server that remembers only its last events, and cuts watches in every way there is. */
async function chaoticServer(t: TestContext, next: () => number) {
  const items = new Map<string, Item>()
  const history: Event[] = []
  const watchers = new Map<ServerResponse, () => void>()
  let version = 10
  let calm = false
  const line = ({ type, item }: Event): string => `${JSON.stringify({ type, object: object(item) })}\n`
  const bookmark = (): string =>
    `${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'ConfigMap', metadata: { resourceVersion: String(version) } } })}\n`
  const { url } = await serve(t, ({ query, raw }, response) => {
    if (!calm && next() < 0.1) return void raw.socket.destroy()
    if (!query.get('watch')) {
      if (!calm && next() < 0.1) return refuse(response, 500, 'InternalError', 'etcd is away')
      return json(response, {
        metadata: { resourceVersion: String(version) },
        items: [...items.values()].map(object),
      })
    }
    const since = Number(query.get('resourceVersion'))
    const oldest = history[0]?.item.version ?? version
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    if (since < oldest - 1) {
      const status = {
        kind: 'Status',
        status: 'Failure',
        code: 410,
        reason: 'Expired',
        message: 'too old resource version',
      }
      return void response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`)
    }
    for (const event of history) if (event.item.version > since) response.write(line(event))
    watchers.set(response, () => raw.socket.resetAndDestroy())
    response.on('close', () => watchers.delete(response))
    return undefined
  })
  const tell = (event: Event): void => {
    history.push(event)
    if (history.length > 6) history.shift()
    for (const [response, reset] of watchers) {
      const chance = next()
      if (chance < 0.06) {
        response.write(line(event).slice(0, 30))
        reset()
      } else if (chance < 0.12) response.end()
      else if (chance < 0.15) response.end(line(event).slice(0, 50))
      else response.write(line(event) + (chance > 0.9 ? bookmark() : ''))
      if (chance < 0.15) watchers.delete(response)
    }
  }
  return {
    url,
    items,
    /** Makes, changes, deletes or remakes one of a few objects. */
    change: () => {
      version += 1
      const name = `o${Math.floor(next() * 5)}`
      const old = items.get(name)
      if (!old) {
        const item = { name, uid: `${name}-${version}`, version }
        items.set(name, item)
        return tell({ type: 'ADDED', item })
      }
      if (next() < 0.5) {
        items.delete(name)
        return tell({ type: 'DELETED', item: { ...old, version } })
      }
      items.set(name, { ...old, version })
      return tell({ type: 'MODIFIED', item: { ...old, version } })
    },
    calmDown: () => (calm = true),
  }
}

for (const seed of [1, 2, 3]) {
  test(`over connections that break in every way each object that was seen is announced as deleted, and the cache ends right (seed ${seed})`, async (t) => {
    const next = random(seed)
    const server = await chaoticServer(t, next)
    const kubernetes = createKubernetes({ server: server.url })
    const informer = createInformer(kubernetes, ConfigMap, { namespace: 'd' })
    t.after(async () => {
      informer.stop()
      await kubernetes.close()
    })
    const alive = new Map<string, string>()
    const problems: string[] = []
    informer.subscribe(({ type, object: { metadata } }) => {
      const uid = metadata.uid ?? ''
      const known = alive.get(metadata.name)
      if (type === 'added' && known !== undefined) problems.push(`${uid} added over ${known}`)
      if (type === 'modified' && known !== uid) problems.push(`${uid} modified, but ${known} was known`)
      if (type === 'deleted' && known !== uid) problems.push(`${uid} deleted, but ${known} was known`)
      if (type === 'deleted') alive.delete(metadata.name)
      else alive.set(metadata.name, uid)
    })
    informer.start()
    for (let step = 0; step < 250; step += 1) {
      server.change()
      if (next() < 0.5) await new Promise((resolve) => setTimeout(resolve, Math.floor(next() * 4)))
    }
    server.calmDown()
    const wanted = () =>
      [...server.items.values()]
        .map(({ uid, version }) => `${uid}@${version}`)
        .toSorted()
        .join()
    const have = () =>
      informer
        .list()
        .map(({ metadata }) => `${metadata.uid}@${metadata.resourceVersion}`)
        .toSorted()
        .join()
    await until('the cache is what the server has', () => wanted() === have())
    assert.deepEqual(problems, [])
    assert.deepEqual(
      [...alive.values()].toSorted(),
      [...server.items.values()].map(({ uid }) => uid).toSorted(),
    )
  })
}
