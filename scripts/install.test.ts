import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { test, type TestContext } from 'node:test'

/** A folder with a package-lock.json, and a command `npm` that writes down that it was called, and takes its time. */
function project(t: TestContext): {
  root: string
  start: () => Promise<[code: number | null, said: string]>
} {
  const root = mkdtempSync(join(tmpdir(), 'fochista-install-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  writeFileSync(join(root, 'package-lock.json'), '{}')
  mkdirSync(join(root, 'bin'))
  const npm = join(root, 'bin', 'npm')
  writeFileSync(npm, '#!/bin/sh\necho "$@" >> calls\nsleep 1\nmkdir -p node_modules\ntest ! -e broken\n')
  chmodSync(npm, 0o755)
  const program = `
    import { ensureInstalled } from ${JSON.stringify(join(import.meta.dirname, 'install.mjs'))}
    ensureInstalled(${JSON.stringify(root)}, (text) => process.stderr.write(text + '\\n'))
    console.log('installed')`
  const env = { ...process.env, PATH: `${join(root, 'bin')}${delimiter}${process.env['PATH'] ?? ''}` }
  const start = (): Promise<[number | null, string]> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], { env })
      let said = ''
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => (said += text))
      child.on('close', (code) => resolve([code, said]))
    })
  return { root, start }
}

const calls = (root: string): string[] => readFileSync(join(root, 'calls'), 'utf8').trim().split('\n')

test('of several commands at once on a fresh clone one installs, and the others wait for it', async (t) => {
  const { root, start } = project(t)
  const ended = await Promise.all([start(), start(), start(), start()])
  assert.deepEqual(
    ended.map(([code, said]) => [code, said.includes('installed')]),
    Array(4).fill([0, true]),
  )
  assert.deepEqual(calls(root), ['ci --no-audit --no-fund --loglevel=error --fetch-retries=5'])
  await start()
  assert.equal(calls(root).length, 1, 'what is installed is installed again')
  assert.deepEqual(readdirSync(join(root, '.fochista')), [])
  writeFileSync(join(root, 'package-lock.json'), '{"lockfileVersion":3}')
  await start()
  assert.equal(calls(root).length, 2, 'another package-lock.json is not installed')
})

test('the lock of an install that was killed is taken over, by one', async (t) => {
  const { root, start } = project(t)
  mkdirSync(join(root, '.fochista'))
  // No process has an id beyond the kernel's largest.
  writeFileSync(join(root, '.fochista', 'installing'), '4194305')
  const ended = await Promise.all([start(), start(), start()])
  assert.deepEqual(
    ended.map(([code]) => code),
    [0, 0, 0],
  )
  assert.equal(calls(root).length, 1)
  assert.deepEqual(readdirSync(join(root, '.fochista')), [])
})

test('an install that fails ends the command, and the next one tries again', async (t) => {
  const { root, start } = project(t)
  writeFileSync(join(root, 'broken'), '')
  const [code, said] = await start()
  assert.equal(code, 1)
  assert.match(said, /npm ci failed/)
  assert.doesNotMatch(said, /installed\n/)
  rmSync(join(root, 'broken'))
  assert.equal((await start())[0], 0)
  assert.equal(calls(root).length, 2)
})
