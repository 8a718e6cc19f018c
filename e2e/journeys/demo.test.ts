import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually, root } from '../harness.ts'

test(
  'npm run demo -- --exit on a fresh clone ends with 0, three Ready Nodes and nothing left running',
  { timeout: 900_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fochista-clone-'))
    const clone = join(folder, 'fochista')
    try {
      execFileSync('git', ['clone', '--quiet', root, clone])
      const started = Date.now()
      const child = spawn('npm', ['run', 'demo', '--', '--exit', '--speed', '20'], {
        cwd: clone,
        env: {
          ...process.env,
          XDG_STATE_HOME: folder,
          HOME: folder,
          npm_config_cache: process.env['npm_config_cache'] ?? npmCache(),
          LC_ALL: 'C.UTF-8',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
      const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
      assert.equal(code, 0, output)
      assert.equal([...output.matchAll(/^✔ Node \S+ {2}Ready {2}v1\.30\./gm)].length, 3, output)
      assert.match(output, /cluster\/tenant-test deleted/)
      await eventually('nothing of the clone is left running', 10_000, () => {
        const left = spawnSync('pgrep', ['-af', clone], { encoding: 'utf8' }).stdout
        return Promise.resolve(assert.equal(left, '', 'processes of the clone are still running'))
      })
      process.stderr.write(`demo from a fresh clone: ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
    }
  },
)

function npmCache(): string {
  return execFileSync('npm', ['config', 'get', 'cache', '--loglevel=error'], { encoding: 'utf8' }).trim()
}
