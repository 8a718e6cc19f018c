import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import manifest from '../package.json' with { type: 'json' }

const bin = join(import.meta.dirname, '..', 'bin', 'fochista.cjs')
const main = join(import.meta.dirname, 'main.ts')
const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning']

test('--version says the version, from the sources and from the bin', () => {
  for (const args of [[...flags, main], [bin]]) {
    const { stdout, status } = spawnSync(process.execPath, [...args, '--version'], { encoding: 'utf8' })
    assert.deepEqual([stdout, status], [`${manifest.version}\n`, 0])
  }
})

test('an older Node of the system hands over to the pinned one', (t) => {
  const system = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
    return /^v(20|21)\./.test(stdout ?? '')
  })
  const pinned = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.bin', 'node')
  if (!system || !existsSync(pinned)) return t.skip('NEEDS a Node 20 of the system and the pinned Node')
  const help = spawnSync(system, [bin, 'pool', 'scale', '--help'], { encoding: 'utf8' })
  assert.equal(help.status, 0, help.stderr)
  assert.match(help.stdout, /^Usage: fochista pool scale/)
  assert.equal(spawnSync(system, [bin, 'pool', 'skale']).status, 1)
})

test('Ctrl-C of a terminal, which reaches every process of it, ends lab up in good order', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'fochista-main-'))
  t.after(() => rm(home, { recursive: true, force: true }))
  const child = spawn(process.execPath, [bin, 'lab', 'up', '--free-ports'], {
    // A process group of its own, as a terminal's foreground job is.
    detached: true,
    env: { ...process.env, HOME: home, XDG_STATE_HOME: home, LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const group = -(child.pid ?? assert.fail('not started'))
  t.after(() => child.exitCode ?? process.kill(group, 'SIGKILL'))
  let said = ''
  for await (const chunk of child.stderr) {
    said += String(chunk)
    if (said.includes('Ctrl-C stops it')) break
  }
  assert.ok(existsSync(join(home, 'fochista', 'lab.json')), said)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  process.kill(group, 'SIGINT')
  assert.equal(await ended, 0)
  assert.ok(!existsSync(join(home, 'fochista', 'lab.json')), 'the record of the lab is still there')
  const isRunning = (): boolean => {
    try {
      return process.kill(group, 0)
    } catch {
      return false
    }
  }
  for (const end = Date.now() + 30_000; isRunning() && Date.now() < end;)
    await new Promise((resolve) => setTimeout(resolve, 20))
  assert.ok(!isRunning(), 'something is still running')
})

test('whoever reads only the first line of the output ends the command quietly', () => {
  const line = `"${process.execPath}" ${flags.join(' ')} "${main}" cluster create --help | head -n 1; echo "\${PIPESTATUS[0]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', line], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  assert.deepEqual([stdout, stderr], ['Usage: fochista cluster create [options] [name]\n0\n', ''])
})
