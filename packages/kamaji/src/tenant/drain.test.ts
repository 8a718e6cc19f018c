import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { WaitingClock } from '@fochista/kubernetes'
import { json, refuse, type Stored, serveApi, type TestApi } from '../test-server.ts'
import { drainNode, type DrainOptions, type RemainingPod } from './drain.ts'

const podPath = (name: string): string => `/api/v1/namespaces/d/pods/${name}`
const pod = (name: string, more: { metadata?: object; phase?: string; node?: string } = {}): Stored => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'd', uid: `uid-${name}`, ...more.metadata },
  spec: { nodeName: more.node ?? 'worker' },
  status: { phase: more.phase ?? 'Running' },
})
const node = (status: string): Stored => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'worker' },
  status: { conditions: [{ type: 'Ready', status }] },
})

const budget = (response: Parameters<typeof refuse>[0], headers = {}): void =>
  refuse(
    response,
    429,
    'TooManyRequests',
    "Cannot evict pod as it would violate the pod's disruption budget.",
    {
      details: {
        causes: [
          {
            reason: 'DisruptionBudget',
            message: 'The disruption budget web needs 1 healthy pods and has 1 currently',
          },
        ],
      },
    },
    headers,
  )

interface World {
  api: TestApi
  evictions: string[]
  /** What an eviction does, by pod; by default the pod is gone at once. */
  onEvict: Map<string, (response: Parameters<typeof refuse>[0], now: number) => void>
  drain(
    options?: Partial<DrainOptions>,
  ): Promise<{ drained: boolean; remaining: RemainingPod[]; tookMs: number }>
}

async function withPods(t: TestContext, pods: Stored[], ready = 'True'): Promise<World> {
  const api = await serveApi(t)
  let time = 0
  const clock: WaitingClock = {
    now: () => time,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      time += ms
    },
  }
  api.objects.set('/api/v1/nodes/worker', node(ready))
  for (const each of pods) api.objects.set(podPath(each.metadata.name), each)
  const evictions: string[] = []
  const onEvict: World['onEvict'] = new Map()
  api.intercept = ({ path, body }, response) => {
    const name = /\/pods\/([^/]+)\/eviction$/.exec(path)?.[1]
    if (!name) return false
    evictions.push(`${name}@${time / 1000}`)
    const { deleteOptions } = JSON.parse(body) as { deleteOptions?: { preconditions?: { uid?: string } } }
    assert.equal(deleteOptions?.preconditions?.uid, `uid-${name}`)
    const act = onEvict.get(name)
    if (act) act(response, time)
    else {
      api.objects.delete(podPath(name))
      json(response, { kind: 'Status', status: 'Success' }, 201)
    }
    return true
  }
  return {
    api,
    evictions,
    onEvict,
    drain: async (options = {}) => ({
      ...(await drainNode(api.kubernetes, 'worker', { timeoutMs: 60_000, clock, ...options })),
      tookMs: time,
    }),
  }
}

test('every pod of the node is evicted, and only those of the node', async (t) => {
  const world = await withPods(t, [pod('a'), pod('b'), pod('elsewhere', { node: 'other' })])
  assert.deepEqual(await world.drain(), { drained: true, remaining: [], tookMs: 2000 })
  assert.deepEqual(world.evictions.toSorted(), ['a@0', 'b@0'])
})

test('pods of DaemonSets, mirror pods and pods that have ended stay', async (t) => {
  const owner = (kind: string) => ({
    ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'x', uid: 'u', controller: true }],
  })
  const world = await withPods(t, [
    pod('agent', { metadata: owner('DaemonSet') }),
    pod('static', { metadata: { annotations: { 'kubernetes.io/config.mirror': 'hash' } } }),
    pod('done', { phase: 'Succeeded' }),
    pod('crashed', { phase: 'Failed' }),
    pod('web', { metadata: owner('ReplicaSet') }),
  ])
  assert.equal((await world.drain()).drained, true)
  assert.deepEqual(world.evictions, ['web@0'])
  assert.equal(world.api.objects.size, 5)
})

test('a disruption budget is respected: asked again after five seconds at the earliest, until it allows', async (t) => {
  const world = await withPods(t, [pod('web')])
  world.onEvict.set('web', (response, now) => {
    if (now < 12_000) return budget(response)
    world.api.objects.delete(podPath('web'))
    return json(response, {}, 201)
  })
  assert.equal((await world.drain()).drained, true)
  assert.deepEqual(world.evictions, ['web@0', 'web@6', 'web@12'])
})

test('Retry-After is waited for when it is longer', async (t) => {
  const world = await withPods(t, [pod('web')])
  world.onEvict.set('web', (response, now) => {
    if (now === 0) return budget(response, { 'retry-after': '10' })
    world.api.objects.delete(podPath('web'))
    return json(response, {}, 201)
  })
  await world.drain()
  assert.deepEqual(world.evictions, ['web@0', 'web@10'])
})

test('after the limit what remains is told, each with its reason in the server’s words', async (t) => {
  const world = await withPods(t, [pod('web'), pod('slow'), pod('odd'), pod('gone')])
  world.onEvict.set('web', (response) => budget(response))
  world.onEvict.set('slow', (response) => {
    world.api.objects.set(
      podPath('slow'),
      pod('slow', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
    )
    json(response, {}, 201)
  })
  world.onEvict.set('odd', (response) =>
    refuse(response, 500, 'InternalError', 'This pod has more than one PodDisruptionBudget'),
  )
  world.onEvict.set('gone', (response) => {
    world.api.objects.delete(podPath('gone'))
    refuse(response, 404, 'NotFound', 'no pod')
  })
  const progress: number[] = []
  const result = await world.drain({
    timeoutMs: 7000,
    onProgress: ({ remaining, total }) => progress.push(remaining.length, total),
  })
  assert.equal(result.drained, false)
  assert.equal(result.tookMs, 7000)
  assert.deepEqual(
    result.remaining.map(({ name, reason, message }) => `${name}: ${reason}: ${message}`).toSorted(),
    [
      'odd: Refused: This pod has more than one PodDisruptionBudget',
      'slow: Terminating: it is ending',
      'web: Budget: The disruption budget web needs 1 healthy pods and has 1 currently',
    ],
  )
  assert.deepEqual(progress.slice(0, 2), [3, 4])
  assert.equal(
    world.evictions.filter((each) => each.startsWith('slow')).length,
    1,
    'what is ending is not evicted again',
  )
})

test('pods of a node that is lost are evicted but not waited for: nobody ends them', async (t) => {
  const world = await withPods(
    t,
    [pod('web'), pod('ending', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })],
    'Unknown',
  )
  world.onEvict.set('web', (response) => json(response, {}, 201))
  assert.deepEqual(await world.drain(), { drained: true, remaining: [], tookMs: 0 })
  assert.deepEqual(world.evictions, ['web@0'])
})

test('a drain can be aborted, and a limit of zero looks once', async (t) => {
  const world = await withPods(t, [pod('web')])
  world.onEvict.set('web', (response) => budget(response))
  assert.equal((await world.drain({ timeoutMs: 0 })).drained, false)
  const controller = new AbortController()
  const reason = new Error('shutting down')
  await assert.rejects(
    world.drain({ signal: controller.signal, onProgress: () => controller.abort(reason) }),
    reason,
  )
})
