import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startBench } from '../harness.ts'

const folder = join(import.meta.dirname, 'npm-clients')

/**
 * Installs what the folder's own package-lock.json names, unless it is there: these clients are no part of the product, one by its licence.
 * False, skipped, where the registry cannot be reached; in CI that fails.
 */
function areInstalled(t: TestContext): boolean {
  const stamp = join(folder, 'node_modules', '.installed-from')
  const wanted = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return true
  t.diagnostic('installing the clients that e2e/foreign/npm-clients/package-lock.json names (npm ci)')
  const said = []
  // The registry may not answer just then.
  for (let tries = 0; tries < 3; tries += 1) {
    const { status, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder,
      encoding: 'utf8',
    })
    if (status === 0) {
      writeFileSync(stamp, wanted)
      return true
    }
    said.push(stderr)
  }
  if (process.env['FOCHISTA_NO_SKIP']) throw new Error(`npm ci failed in ${folder}: ${said.join('\n')}`)
  t.skip('NEEDS the clients of e2e/foreign/npm-clients, which npm ci could not install')
  return false
}

const bench = await startBench({ bare: true })

for (const [client, script] of [
  ['@kubernetes/client-node', 'kubernetes-client.mjs'],
  ['proxmox-api', 'proxmox-api.mjs'],
] as const)
  test(`npm's ${client} does with the lab what people do with it`, async (t) => {
    if (!areInstalled(t)) return
    const outcome = await bench.run(process.execPath, [join(folder, script)], {
      env: { NODE_EXTRA_CA_CERTS: bench.environment['PROXMOX_CA'] ?? '' },
    })
    assert.equal(outcome.code, 0, outcome.stderr)
    assert.match(outcome.stdout, /^done$/m)
  })
