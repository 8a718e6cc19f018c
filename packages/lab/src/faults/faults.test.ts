import assert from 'node:assert/strict'
import { after, afterEach, test } from 'node:test'
import { eventually } from '../test-eventually.ts'
import { data, startFaultBed, whileItLasts, type Answer } from './test-bed.ts'

const { lab, add, call, clone, ending, exists } = await startFaultBed()
afterEach(() => lab.faults.clear())
after(() => lab.stop())

const CLONE = '/nodes/{node}/qemu/{vmid}/clone'

test('an answer before the effect leaves everything as it was, one after it does not', async () => {
  await add({
    on: { backEnd: 'proxmox', method: 'POST', path: CLONE },
    when: { times: 1 },
    what: { kind: 'answer', status: 595, reason: 'Connection refused' },
  })
  const refused = await clone(501)
  assert.deepEqual([refused.status, refused.reason, refused.body], [595, 'Connection refused', ''])
  assert.equal(exists(501), false)
  const { id } = await add({
    on: { backEnd: 'proxmox', path: CLONE, node: 'pve1', vmid: 9000 },
    what: { kind: 'answer', at: 'after', status: 596, reason: 'Broken pipe' },
  })
  assert.equal((await clone(502)).status, 596)
  await eventually('the clone', () => exists(502))
  assert.deepEqual(
    lab.faults.list().map(({ struck, state }) => [struck, state]),
    [
      [1, 'spent'],
      [1, 'active'],
    ],
  )
  assert.equal(await lab.faults.clear(id), 1)
  assert.equal(await lab.faults.clear(id), 0)
})

test('the n-th, a share and a time are counted over fitting requests only', async () => {
  await add({
    on: { backEnd: 'proxmox', path: '/version' },
    when: { nth: 3 },
    what: { kind: 'answer', status: 500 },
  })
  const statuses = []
  for (let turn = 0; turn < 5; turn++) {
    await call('proxmox', 'GET', '/nodes')
    statuses.push((await call('proxmox', 'GET', '/version')).status)
  }
  assert.deepEqual(statuses, [200, 200, 500, 200, 200])
  await lab.faults.clear()
  const series = async (): Promise<string> => {
    await add({
      on: { backEnd: 'proxmox', path: '/version' },
      when: { share: 0.5, seed: 7 },
      what: { kind: 'answer', status: 500 },
    })
    let text = ''
    for (let turn = 0; turn < 20; turn++)
      text += (await call('proxmox', 'GET', '/version')).status === 500 ? 'x' : '.'
    await lab.faults.clear()
    return text
  }
  const first = await series()
  assert.match(first, /x/)
  assert.match(first, /\./)
  assert.equal(await series(), first)
  await whileItLasts(async (ms) => {
    await add({
      on: { backEnd: 'proxmox', path: '/version' },
      when: { for: ms },
      what: { kind: 'answer', status: 500 },
    })
    return (await call('proxmox', 'GET', '/version')).status === 500
  })
  await eventually('its time is over', () => lab.faults.list().every(({ state }) => state === 'over'))
  assert.equal((await call('proxmox', 'GET', '/version')).status, 200)
})

test('a delay delays, a hang lasts until the client gives up, a reset breaks the connection', async () => {
  const on = { backEnd: 'proxmox', path: '/version' } as const
  await add({ on, when: { times: 1 }, what: { kind: 'delay', ms: 120 } })
  const begun = performance.now()
  await call('proxmox', 'GET', '/version')
  assert.ok(performance.now() - begun >= 119)
  await add({ on, when: { times: 1 }, what: { kind: 'hang' } })
  await assert.rejects(call('proxmox', 'GET', '/version', { timeout: 150 }), /abort/i)
  await add({ on, when: { times: 1 }, what: { kind: 'reset' } })
  await assert.rejects(call('proxmox', 'GET', '/version'), /hang up|ECONNRESET/)
  await add({
    on: { backEnd: 'proxmox', path: CLONE },
    when: { times: 1 },
    what: { kind: 'reset', at: 'after' },
  })
  await assert.rejects(clone(503), /hang up|ECONNRESET/)
  await eventually('the clone of the lost answer', () => exists(503))
})

test('an upload that is cut in the middle leaves no image', async () => {
  await add({
    on: { backEnd: 'proxmox', path: '/nodes/*/storage/local/upload', storage: 'local' },
    what: { kind: 'reset', at: 'during' },
  })
  const body = `--b\r\nContent-Disposition: form-data; name="content"\r\n\r\niso\r\n--b\r\nContent-Disposition: form-data; name="filename"; filename="cut.iso"\r\n\r\n${'x'.repeat(200_000)}\r\n--b--\r\n`
  await assert.rejects(
    call('proxmox', 'POST', '/nodes/pve1/storage/local/upload', {
      body,
      type: 'multipart/form-data; boundary=b',
    }),
    /hang up|ECONNRESET|EPIPE/,
  )
  assert.equal(lab.proxmox.world.volumes.has('pve1/local:iso/cut.iso'), false)
})

test('a task fails before its work or after it, hangs until it is stopped or the fault is cleared, and ends in warnings', async () => {
  const on = { backEnd: 'proxmox', task: 'qmclone' } as const
  await add({ on, when: { times: 1 }, what: { kind: 'task-fails', exit: 'no space left on device' } })
  assert.equal(await ending(data(await clone(511))), 'no space left on device')
  assert.equal(exists(511), false)
  await add({ on, when: { times: 1 }, what: { kind: 'task-fails', at: 'after', exit: 'unexpected' } })
  assert.equal(await ending(data(await clone(512))), 'unexpected')
  assert.equal(exists(512), true)
  await add({ on, when: { times: 1 }, what: { kind: 'task-warns', text: 'a warning' } })
  assert.equal(await ending(data(await clone(513))), 'WARNINGS: 1')
  const { id } = await add({ on, when: { times: 1 }, what: { kind: 'task-hangs' } })
  const upid = data<string>(await clone(514))
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(lab.proxmox.world.tasks.get(upid)?.exitstatus, undefined)
  await lab.faults.clear(id)
  assert.equal(await ending(upid), 'OK')
  await add({ on, what: { kind: 'task-hangs' } })
  const stopped = data<string>(await clone(515))
  await call('proxmox', 'DELETE', `/nodes/pve1/tasks/${encodeURIComponent(stopped)}`)
  assert.match(await ending(stopped), /interrupt|unexpected status/)
})

test('Kubernetes answers 409, 410 and 429 with Retry-After when asked to, before the effect or after', async () => {
  const path = '/api/v1/namespaces/default/configmaps'
  const create = (name: string): Promise<Answer> =>
    call('kubernetes', 'POST', path, { body: JSON.stringify({ metadata: { name } }) })
  await add({
    on: { backEnd: 'kubernetes', method: 'POST', path: '/api/v1/namespaces/{namespace}/configmaps' },
    when: { times: 1 },
    what: { kind: 'answer', status: 429, headers: { 'Retry-After': '2' } },
  })
  const busy = await create('one')
  assert.deepEqual([busy.status, busy.headers['retry-after']], [429, '2'])
  assert.equal((JSON.parse(busy.body) as { reason: string }).reason, 'TooManyRequests')
  assert.equal((await call('kubernetes', 'GET', `${path}/one`)).status, 404)
  await add({
    on: { backEnd: 'kubernetes', method: 'POST' },
    when: { times: 1 },
    what: { kind: 'answer', at: 'after', status: 500 },
  })
  assert.equal((await create('two')).status, 500)
  assert.equal((await call('kubernetes', 'GET', `${path}/two`)).status, 200)
  await add({
    on: { backEnd: 'kubernetes', method: 'POST' },
    when: { times: 1 },
    what: { kind: 'reset', at: 'after' },
  })
  await assert.rejects(create('three'), /hang up|ECONNRESET/)
  assert.equal((await call('kubernetes', 'GET', `${path}/three`)).status, 200)
})

test('open watches drop: broken, ended, or with the event of an expired version', async () => {
  const watch = (onHead = (): void => {}): Promise<Answer> =>
    call('kubernetes', 'GET', '/api/v1/namespaces?watch=true', { timeout: 60_000, onHead })
  const dropping = async (how: 'reset' | 'end' | 'expired'): Promise<Answer> => {
    const begun = Promise.withResolvers<void>()
    const watching = watch(begun.resolve)
    watching.catch(begun.reject)
    await begun.promise
    await add({
      on: { backEnd: 'kubernetes', path: '/api/v1/namespaces' },
      what: { kind: 'watch-drops', how },
    })
    assert.equal(lab.faults.list().at(-1)?.struck, 1)
    return watching
  }
  await assert.rejects(dropping('reset'), /aborted|ECONNRESET/)
  assert.equal((await dropping('end')).status, 200)
  assert.match((await dropping('expired')).body, /"type":"ERROR".*"code":410/)
  await add({ on: { backEnd: 'kubernetes', method: 'WATCH' } as never, what: { kind: 'watch-drops' } }).then(
    () => assert.fail('a watch has no method'),
    (error: Error) => assert.match(error.message, /^on.method: "WATCH"; what goes with watch-drops/),
  )
  await add({
    on: { backEnd: 'kubernetes' },
    when: { times: 1 },
    what: { kind: 'watch-drops', how: 'end', after: 30 },
  })
  const later = lab.faults.list().at(-1)?.struck === 0 ? await watch() : undefined
  assert.ok(later === undefined || later.status === 200)
})
