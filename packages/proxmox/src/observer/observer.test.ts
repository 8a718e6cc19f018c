import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { answer, connect, failureOf, refuse, serve } from '../test-server.ts'
import { createObserver, type ObservedChange, type ObserverClock, type ObserverOptions } from './observer.ts'

/** Time that is moved. */
function handClock(): ObserverClock & { advance(ms: number): void; waiting(): number[] } {
  let time = 0
  const timers = new Map<() => void, number>()
  return {
    now: () => time,
    setTimeout: (callback, ms) => {
      timers.set(callback, time + ms)
      return () => timers.delete(callback)
    },
    advance: (ms) => {
      time += ms
      for (const [callback, at] of timers) {
        if (at > time) continue
        timers.delete(callback)
        callback()
      }
    },
    waiting: () => [...timers.values()].map((at) => at - time),
  }
}

const vm = (vmid: number, more: object = {}) => ({
  id: `qemu/${vmid}`,
  type: 'qemu',
  vmid,
  node: 'pve1',
  status: 'running',
  name: `vm${vmid}`,
  template: '0',
  cpu: 0.1,
  ...more,
})

/** A cluster whose resources and tasks a test changes. */
async function withCluster(t: TestContext, options: Pick<ObserverOptions, 'onError' | 'onAnswer'> = {}) {
  const world = {
    resources: [vm(100)] as object[],
    tasks: [] as object[],
    down: false,
    hold: undefined as Promise<void> | undefined,
  }
  const { url, seen } = await serve(t, async ({ path }, response) => {
    await world.hold
    if (world.down) return refuse(response, 500, 'cluster not ready - no quorum?')
    return answer(response, path.endsWith('/resources') ? world.resources : world.tasks)
  })
  const clock = handClock()
  const observer = createObserver(connect(t, url), { clock, ...options })
  t.after(() => observer.stop())
  const changes: ObservedChange[] = []
  observer.subscribe((change) => changes.push(change))
  return {
    world,
    clock,
    observer,
    changes,
    looks: () => seen.filter(({ path }) => path.endsWith('/resources')).length,
    seen,
  }
}

/** Lets what is under way come to its end: until the poller has set its next timer. */
async function settled(clock: ReturnType<typeof handClock>): Promise<void> {
  while (clock.waiting().length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
}

test('the first look fills the cache, typed as the schema says', async (t) => {
  const { observer, world, changes } = await withCluster(t)
  world.resources.push(
    { id: 'node/pve1', type: 'node', node: 'pve1', status: 'online' },
    { id: 'storage/pve1/local', type: 'storage', storage: 'local' },
  )
  observer.start()
  await observer.ready
  assert.equal(observer.vm(100)?.template, false)
  assert.deepEqual(
    [observer.vms().length, observer.nodes().length, observer.storages().length, observer.resources().length],
    [1, 1, 1, 3],
  )
  assert.deepEqual(
    changes.map(({ kind, key, version }) => `${kind} ${key} ${version}`),
    ['vm qemu/100 1', 'node node/pve1 1', 'storage storage/pve1/local 1'],
  )
})

test('a change, a new one and one that went are told with before and after; load that moves is not a change', async (t) => {
  const { observer, world, changes } = await withCluster(t)
  world.resources = [vm(100), vm(101)]
  await observer.refresh()
  changes.length = 0
  world.resources = [vm(100, { cpu: 0.9 }), vm(101)]
  await observer.refresh()
  assert.deepEqual([changes.length, observer.version], [0, 1])
  assert.equal(observer.vm(100)?.cpu, 0.9)
  world.resources = [vm(100, { status: 'stopped' }), vm(102)]
  world.tasks = [{ upid: 'UPID:x', node: 'pve1', status: 'OK', endtime: 5 }]
  await observer.refresh()
  assert.deepEqual(
    changes.map(({ kind, key, before, after }) => [kind, key, Boolean(before), Boolean(after)]),
    [
      ['vm', 'qemu/100', true, true],
      ['vm', 'qemu/102', false, true],
      ['vm', 'qemu/101', true, false],
      ['task', 'UPID:x', false, true],
    ],
  )
  assert.equal(observer.version, 2)
})

test('at idle there is at most one request a second, however many read and listen', async (t) => {
  const { observer, clock, seen } = await withCluster(t)
  for (let reader = 0; reader < 100; reader += 1) observer.subscribe(() => {})
  observer.start()
  observer.start()
  for (let second = 0; second < 20; second += 1) {
    await settled(clock)
    for (let reader = 0; reader < 100; reader += 1) observer.vms()
    clock.advance(1000)
  }
  assert.ok(seen.length <= 22, `${seen.length} requests in 20 seconds`)
})

test('a failed look leaves the cache as it was, is told, slows the polling down, and is over after a good one', async (t) => {
  const errors: unknown[] = []
  const silences: number[] = []
  const { observer, world, clock, changes } = await withCluster(t, {
    onError: (error) => errors.push(error),
    onAnswer: (ms) => silences.push(ms),
  })
  observer.start()
  await settled(clock)
  world.down = true
  const pauses: number[] = []
  for (let look = 0; look < 5; look += 1) {
    const [pause = 0] = clock.waiting()
    pauses.push(pause)
    clock.advance(pause)
    await settled(clock)
  }
  assert.deepEqual(pauses, [2000, 4000, 8000, 16_000, 16_000])
  assert.match(String(observer.error), /no quorum/)
  assert.deepEqual([errors.length, observer.vms().length, changes.length], [5, 1, 1])
  assert.equal(observer.age(), 46_000)
  world.down = false
  clock.advance(16_000)
  await settled(clock)
  assert.deepEqual([observer.error, observer.age(), clock.waiting()], [undefined, 0, [2000]])
  assert.deepEqual(silences, [62_000], 'told once, with how long nobody has answered')
})

test('refresh sees what was done before it was asked, even while a look is under way, and many share one look', async (t) => {
  const { observer, world, looks } = await withCluster(t)
  const gate = Promise.withResolvers<void>()
  world.hold = gate.promise
  const first = observer.refresh()
  while (looks() === 0) await new Promise((resolve) => setTimeout(resolve, 2))
  world.resources = [vm(100), vm(101)]
  const later = [observer.refresh(), observer.refresh(), observer.refresh()]
  gate.resolve()
  await Promise.all([first, ...later])
  assert.equal(observer.vms().length, 2)
  assert.equal(looks(), 2)
  world.down = true
  assert.match((await failureOf(observer.refresh())).message, /no quorum/)
})

test('a listener that throws is reported and keeps nothing from the others', async (t) => {
  const errors: unknown[] = []
  const { observer } = await withCluster(t, { onError: (error) => errors.push(error) })
  const broken = new Error('broken listener')
  observer.subscribe(() => {
    throw broken
  })
  const heard: string[] = []
  const stop = observer.subscribe(({ key }) => heard.push(key))
  await observer.refresh()
  assert.deepEqual([errors, heard, observer.error], [[broken], ['qemu/100'], undefined])
  assert.ok(stop)
})

test('a reader can wait for the next version, and give up', async (t) => {
  const { observer, world } = await withCluster(t)
  await observer.refresh()
  assert.equal(await observer.changed(0), 1)
  const next = observer.changed(1)
  world.resources = []
  await observer.refresh()
  assert.equal(await next, 2)
  const controller = new AbortController()
  const waiting = observer.changed(2, controller.signal)
  controller.abort(new Error('enough'))
  assert.match((await failureOf(waiting)).message, /enough/)
})

test('after stop nothing is asked, and a start that follows at once does not poll twice', async (t) => {
  const { observer, clock, looks } = await withCluster(t)
  observer.start()
  observer.stop()
  observer.start()
  await settled(clock)
  await observer.refresh()
  assert.deepEqual(clock.waiting(), [2000])
  const before = looks()
  observer.stop()
  clock.advance(10_000)
  assert.deepEqual([looks(), clock.waiting()], [before, []])
})

test('while only the load moves nothing is made anew, and what is read has the new load', async (t) => {
  const { observer, world } = await withCluster(t)
  await observer.refresh()
  const [before, one] = [observer.vms(), observer.vm(100)]
  world.resources = [vm(100, { cpu: 0.7 })]
  await observer.refresh()
  assert.equal(observer.vms(), before)
  assert.equal(observer.vm(100), one)
  assert.equal(one?.cpu, 0.7)
  world.resources = [vm(100, { cpu: 0.7, status: 'stopped' }), vm(101)]
  await observer.refresh()
  assert.notEqual(observer.vms(), before)
  assert.equal(one?.status, 'running', 'what a listener was given as before stays so')
  assert.deepEqual(
    observer.vms().map(({ vmid }) => vmid),
    [100, 101],
  )
})
