import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createKubernetes } from './client.ts'
import type { Lease } from './kinds/coordination.ts'
import type { WaitingClock } from './clock.ts'
import { createLeaderElection } from './leader-election.ts'
import { json, refuse, serve, until } from './test-server.ts'

/** Time that a test moves; every sleeper wakes when its moment has come. */
function handClock(calls: { open: number }): WaitingClock & { advance(ms: number): Promise<void> } {
  let time = Date.parse('2026-01-01T00:00:00Z')
  const sleepers = new Set<{ at: number; wake: () => void }>()
  return {
    now: () => time,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = {
          at: time + ms,
          wake: () => {
            sleepers.delete(sleeper)
            resolve()
          },
        }
        sleepers.add(sleeper)
        if (signal?.aborted) sleeper.wake()
        else signal?.addEventListener('abort', sleeper.wake, { once: true })
      }),
    async advance(ms) {
      for (const end = time + ms; time < end;) {
        time = Math.min(time + 500, end)
        for (const sleeper of sleepers) if (sleeper.at <= time) sleeper.wake()
        // Whoever woke may ask the server now; time goes on when all have their answers.
        do for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
        while (calls.open > 0)
      }
    },
  }
}

/** A server that keeps one Lease as an API server does. */
async function leaseServer(t: TestContext) {
  const state = { lease: undefined as Lease | undefined, version: 0, down: false, hangs: false }
  const { url } = await serve(t, ({ method, body, raw }, response) => {
    if (state.down) return void raw.socket.destroy()
    if (method === 'GET')
      return state.lease ? json(response, state.lease) : refuse(response, 404, 'NotFound', 'no lease')
    const sent = JSON.parse(body) as Lease
    if (method === 'POST' && state.lease) return refuse(response, 409, 'AlreadyExists', 'exists')
    if (method === 'PUT' && sent.metadata.resourceVersion !== state.lease?.metadata.resourceVersion)
      return refuse(response, 409, 'Conflict', 'changed')
    state.version += 1
    state.lease = { ...sent, metadata: { ...sent.metadata, resourceVersion: String(state.version) } }
    return json(response, state.lease)
  })
  const calls = { open: 0 }
  const clock = handClock(calls)
  const counted = async <R>(call: Promise<R>): Promise<R> => {
    calls.open += 1
    return call.finally(() => (calls.open -= 1))
  }
  const contender = (identity: string) => {
    const client = createKubernetes({ server: url }, { retries: 0 })
    t.after(() => client.close())
    const kubernetes = {
      ...client,
      get: ((...args: Parameters<typeof client.get>) =>
        state.hangs ? new Promise(() => {}) : counted(client.get(...args))) as typeof client.get,
      create: ((...args: Parameters<typeof client.create>) =>
        counted(client.create(...args))) as typeof client.create,
      update: ((...args: Parameters<typeof client.update>) =>
        counted(client.update(...args))) as typeof client.update,
    }
    const controller = new AbortController()
    const log: string[] = []
    const election = createLeaderElection(kubernetes, {
      namespace: 'fochista-system',
      name: 'controllers',
      identity,
      clock,
    })
    const run = (work?: (signal: AbortSignal) => Promise<void>) =>
      election.run(controller.signal, async (signal) => {
        log.push('leads')
        await (work?.(signal) ??
          new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })))
        log.push('ended')
      })
    t.after(() => controller.abort())
    return { election, controller, log, run }
  }
  return { state, clock, contender }
}

test('one of two leads, and renews so that the other waits', async (t) => {
  const { clock, contender, state } = await leaseServer(t)
  const [a, b] = [contender('a'), contender('b')]
  const running = [a.run()]
  await until('a leads', () => a.election.isLeader)
  running.push(b.run())
  await clock.advance(60_000)
  assert.deepEqual([a.election.isLeader, b.election.isLeader, b.log], [true, false, []])
  assert.equal(state.lease?.spec?.holderIdentity, 'a')
  assert.match(state.lease?.spec?.renewTime ?? '', /^2026-01-01T00:0\d:\d\d\.\d{6}Z$/)
  a.controller.abort()
  b.controller.abort()
  await clock.advance(3000)
  await Promise.all(running)
})

test('a clean stop hands over: the work ends first, then the lease is free, and the other leads within a retry', async (t) => {
  const { clock, contender, state } = await leaseServer(t)
  const [a, b] = [contender('a'), contender('b')]
  const working = Promise.withResolvers<void>()
  const first = a.run(async (signal) => {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    await working.promise
  })
  await until('a leads', () => a.election.isLeader)
  const second = b.run()
  a.controller.abort()
  await clock.advance(20_000)
  assert.deepEqual(
    [state.lease?.spec?.holderIdentity, b.log],
    ['a', []],
    'while the work has not ended the lease is kept',
  )
  working.resolve()
  await first
  assert.equal(state.lease?.spec?.holderIdentity, '')
  await clock.advance(3000)
  await until('b leads', () => b.election.isLeader)
  assert.equal(state.lease?.spec?.leaseTransitions, 1)
  b.controller.abort()
  await second
})

test('who cannot renew stops before anybody else may lead, and contends again', async (t) => {
  const { clock, contender, state } = await leaseServer(t)
  const a = contender('a')
  const running = a.run()
  await until('a leads', () => a.election.isLeader)
  state.down = true
  await clock.advance(9000)
  assert.equal(a.election.isLeader, true)
  await clock.advance(4000)
  assert.deepEqual([a.election.isLeader, a.log], [false, ['leads', 'ended']])
  state.down = false
  await clock.advance(5000)
  await until('a leads again', () => a.election.isLeader)
  assert.equal(state.lease?.spec?.leaseTransitions, 0)
  a.controller.abort()
  await running
})

test('who gets no answer at all stops as soon, however long the answer is waited for', async (t) => {
  const { clock, contender, state } = await leaseServer(t)
  const a = contender('a')
  const running = a.run()
  await until('a leads', () => a.election.isLeader)
  await clock.advance(5000)
  state.hangs = true
  await clock.advance(11_000)
  assert.deepEqual([a.election.isLeader, a.log], [false, ['leads', 'ended']])
  void running
})

test('a leader that vanished is followed after its lease has been seen unchanged for its duration, whatever its clock said', async (t) => {
  const { clock, contender, state } = await leaseServer(t)
  const spec = {
    holderIdentity: 'dead',
    leaseDurationSeconds: 15,
    renewTime: '2099-01-01T00:00:00.000000Z',
    acquireTime: '2099-01-01T00:00:00.000000Z',
    leaseTransitions: 4,
  }
  state.lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'controllers', namespace: 'fochista-system', resourceVersion: '900' },
    spec,
  }
  const b = contender('b')
  const running = b.run()
  await clock.advance(14_000)
  assert.equal(b.election.isLeader, false)
  await clock.advance(4000)
  await until('b leads', () => b.election.isLeader)
  assert.equal(state.lease.spec?.leaseTransitions, 5)
  b.controller.abort()
  await running
})

test('work that fails ends the election with its error, and the lease is free', async (t) => {
  const { contender, state } = await leaseServer(t)
  const a = contender('a')
  const broken = new Error('cannot start')
  await assert.rejects(
    a.run(() => Promise.reject(broken)),
    broken,
  )
  assert.equal(state.lease?.spec?.holderIdentity, '')
})
