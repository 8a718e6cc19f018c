import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const { supervise } = (await import(new URL('supervise.mjs', import.meta.url).href)) as {
  supervise: (
    command: string,
    args: readonly string[],
    options: {
      limit?: AbortSignal
      onLeft?: (line: string) => void
      graceMs?: number
      cwd?: string
      env?: NodeJS.ProcessEnv
      stdio?: 'ignore'
    },
  ) => Promise<number>
}

function place(t: TestContext) {
  const cwd = mkdtempSync(join(tmpdir(), 'fochista-supervise-'))
  t.after(() => rmSync(cwd, { recursive: true, force: true }))
  return {
    cwd,
    /** The id that a process has written into a file, once it is there. */
    idIn: async (name: string): Promise<string> => {
      const file = join(cwd, name)
      while (!existsSync(file) || !readFileSync(file, 'utf8').endsWith('\n')) await sleep(20)
      return readFileSync(file, 'utf8').trim()
    },
  }
}

/** A process that has ended may be listed until its parent asks how. */
function isRunning(id: string): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', id], { encoding: 'utf8' })
  return stdout !== '' && !stdout.startsWith('Z')
}

test(
  'tests that reach their limit are ended, and what they had started with them',
  { timeout: 120_000 },
  async (t) => {
    const { cwd, idIn } = place(t)
    writeFileSync(
      join(cwd, 'hangs.test.mjs'),
      `import { spawn } from 'node:child_process'
     import { test } from 'node:test'
     test('hangs', async () => {
       spawn('sh', ['-c', 'echo $$ > id; exec sleep 1000'], { stdio: 'ignore' })
       await new Promise((resolve) => setTimeout(resolve, 1_000_000))
     })`,
    )
    const limit = new AbortController()
    const left: string[] = []
    // A runner of tests does nothing when one has started it.
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
    const ended = supervise(process.execPath, ['--test', 'hangs.test.mjs'], {
      cwd,
      env,
      stdio: 'ignore',
      limit: limit.signal,
      onLeft: (line) => left.push(line),
    })
    const id = await idIn('id')
    assert.ok(isRunning(id))
    limit.abort()
    assert.notEqual(await ended, 0)
    assert.ok(!isRunning(id))
    assert.ok(
      left.some((line) => line.startsWith(`${id} `)),
      left.join('\n'),
    )
  },
)

test(
  'a command that ends by itself leaves nothing behind, also what does not listen',
  { timeout: 120_000 },
  async (t) => {
    const { cwd, idIn } = place(t)
    const deaf = `sh -c 'trap "" TERM; echo $$ > id; while :; do sleep 1000; done' &`
    const code = await supervise('sh', ['-c', `${deaf} while ! [ -s id ]; do sleep 0.05; done; exit 3`], {
      cwd,
      stdio: 'ignore',
      graceMs: 500,
    })
    assert.equal(code, 3)
    const id = await idIn('id')
    // It was told to; the kernel may take a moment.
    while (isRunning(id)) await sleep(20)
  },
)

test('also where no `ps` says what runs nothing is left behind', { timeout: 120_000 }, async (t) => {
  const { cwd, idIn } = place(t)
  const PATH = process.env['PATH']
  t.after(() => (process.env['PATH'] = PATH))
  const stays = `sh -c 'echo $$ > id; exec sleep 1000' &`
  const ended = supervise('/bin/sh', ['-c', `${stays} while ! [ -s id ]; do sleep 0.05; done`], {
    cwd,
    env: { PATH },
    stdio: 'ignore',
  })
  process.env['PATH'] = cwd
  assert.equal(await ended, 0)
  process.env['PATH'] = PATH
  const id = await idIn('id')
  while (isRunning(id)) await sleep(20)
})

test(
  'a command that hears nothing is killed, and one that cannot be started is told of',
  { timeout: 120_000 },
  async (t) => {
    const { cwd, idIn } = place(t)
    const limit = new AbortController()
    const ended = supervise('sh', ['-c', 'trap "" TERM; echo $$ > id; while :; do sleep 1000; done'], {
      cwd,
      stdio: 'ignore',
      graceMs: 500,
      limit: limit.signal,
    })
    await idIn('id')
    limit.abort()
    assert.equal(await ended, 128 + 9)
    await assert.rejects(supervise('no-such-program', [], {}), /ENOENT/)
  },
)
