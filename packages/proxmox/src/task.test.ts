import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ProxmoxTaskError } from './errors.ts'
import { isNotFound, isTaskFailed } from './failures.ts'
import { answer, connect, failureOf, refuse, serve } from './test-server.ts'
import { isUpid, parseUpid, printUpid } from './upid.ts'

const upid = 'UPID:pve2:0000A1B2:0012D687:690F3C21:qmclone:9000:fochista@pve!test:'

interface Task {
  /** Exit status; undefined while it runs. */
  exit?: string | undefined
  log: string[]
  /** Called at each look. */
  onLook?: (look: number) => void
  /** How many looks are met by a broken connection. */
  broken?: number
}

/** A Proxmox with one task, paged as the original does: an empty log is one line that says so. */
async function withTask(t: TestContext, task: Task) {
  let looks = 0
  const pages: string[] = []
  const { url, seen } = await serve(t, ({ path, query, method, raw }, response) => {
    if (!decodeURIComponent(path).startsWith(`/api2/json/nodes/pve2/tasks/${upid}`))
      return refuse(response, 400, 'Parameter verification failed.', { upid: 'no such task' })
    if (method === 'DELETE') {
      task.exit = 'received interrupt'
      return answer(response, null)
    }
    if (path.endsWith('/status')) {
      looks += 1
      task.onLook?.(looks)
      if (task.broken && task.broken >= looks) return void raw.socket.destroy()
      return answer(response, {
        upid,
        status: task.exit === undefined ? 'running' : 'stopped',
        exitstatus: task.exit,
      })
    }
    const start = Number(query.get('start'))
    const limit = Number(query.get('limit'))
    pages.push(`${start}+${limit}`)
    const lines = task.log
      .slice(start, start + limit)
      .map((text, index) => ({ n: start + index + 1, t: text }))
    return answer(response, task.log.length === 0 ? [{ n: 1, t: 'no content' }] : lines, {
      total: Math.max(task.log.length, 1),
    })
  })
  return { tasks: connect(t, url, { retries: 0 }).tasks, seen, pages, looks: () => looks }
}

test('a UPID is read and printed to the letter, and nothing else is taken for one', () => {
  assert.deepEqual(parseUpid(upid), {
    node: 'pve2',
    pid: 0xa1b2,
    pstart: 0x12d687,
    starttime: 0x690f3c21,
    type: 'qmclone',
    id: '9000',
    user: 'fochista@pve!test',
  })
  for (const text of [upid, 'UPID:a:00000001:112345678:690F3C21:imgcopy::root@pam:'])
    assert.equal(printUpid(parseUpid(text)), text)
  for (const text of ['', 'UPID:', upid.slice(0, -1), `${upid}x`, upid.replace('qmclone', 'qm/clone'), null])
    assert.equal(isUpid(text), false)
  assert.throws(() => parseUpid('x'), /not a UPID/)
})

test('a wait ends when the task does, and is asked of the node that runs it', async (t) => {
  const task: Task = { log: [], onLook: (look) => look === 3 && (task.exit = 'OK') }
  const { tasks, looks } = await withTask(t, task)
  assert.deepEqual(await tasks.wait(upid, { pollMs: 1 }), {
    state: 'succeeded',
    upid,
    exitStatus: 'OK',
    warnings: 0,
  })
  assert.equal(looks(), 3)
})

test('warnings are a success, and counted', async (t) => {
  const { tasks } = await withTask(t, { exit: 'WARNINGS: 2', log: [] })
  assert.deepEqual(await tasks.status(upid), {
    state: 'succeeded',
    upid,
    exitStatus: 'WARNINGS: 2',
    warnings: 2,
  })
})

test('a failed task is an error with its exit status and the end of its log', async (t) => {
  const log = Array.from({ length: 1234 }, (_, line) => `line ${line}`)
  const { tasks, pages } = await withTask(t, { exit: 'clone failed: no space left', log })
  const error = await failureOf(tasks.wait(upid))
  assert.ok(error instanceof ProxmoxTaskError && isTaskFailed(error))
  assert.equal(error.exitStatus, 'clone failed: no space left')
  assert.deepEqual(error.log, log.slice(-20))
  assert.deepEqual(pages, ['0+20', '1214+20'], 'a long log is not read from its start')
})

test('a task that nobody knows is not found', async (t) => {
  const { tasks } = await withTask(t, { log: [] })
  assert.ok(isNotFound(await failureOf(tasks.status(upid.replace('9000', '9001')))))
})

test('a wait goes on over connections that break', async (t) => {
  const { tasks, looks } = await withTask(t, { exit: 'OK', log: [], broken: 3 })
  assert.equal((await tasks.wait(upid, { pollMs: 1 })).exitStatus, 'OK')
  assert.equal(looks(), 4)
})

test('a wait that is aborted throws the reason, and the task is left alone', async (t) => {
  const controller = new AbortController()
  const reason = new Error('shutting down')
  const { tasks, seen } = await withTask(t, {
    log: [],
    onLook: () => setImmediate(() => controller.abort(reason)),
  })
  assert.equal(await failureOf(tasks.wait(upid, { signal: controller.signal, pollMs: 10_000 })), reason)
  assert.ok(seen.every(({ method }) => method === 'GET'))
})

test('progress is the last line of the log, told when it changes', async (t) => {
  const task: Task = {
    log: [],
    onLook: (look) => {
      if (look === 2) task.log.push('transferred 1.0 GiB', 'transferred 2.0 GiB')
      if (look === 4) task.log.push('transferred 3.0 GiB')
      if (look === 5) task.exit = 'OK'
    },
  }
  const { tasks } = await withTask(t, task)
  const told: string[] = []
  await tasks.wait(upid, { pollMs: 1, onProgress: (line) => told.push(line) })
  assert.deepEqual(told, ['transferred 2.0 GiB', 'transferred 3.0 GiB'])
})

test('a log gives every line once, across pages, to the last before the task ended', async (t) => {
  const all = Array.from({ length: 1203 }, (_, line) => `line ${line}`)
  const task: Task = {
    log: all.slice(0, 700),
    onLook: (look) => {
      if (look !== 2) return
      task.log.push(...all.slice(700))
      task.exit = 'OK'
    },
  }
  const { tasks } = await withTask(t, task)
  assert.deepEqual(await Array.fromAsync(tasks.log(upid)), all)
})

test('an empty log has no lines, and a stopped task ends', async (t) => {
  const { tasks } = await withTask(t, { log: [] })
  assert.deepEqual(await tasks.tail(upid), [])
  await tasks.stop(upid)
  const status = await tasks.status(upid)
  assert.equal(status.state === 'failed' && status.exitStatus, 'received interrupt')
})
