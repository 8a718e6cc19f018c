import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { has, startBench } from '../harness.ts'

const folder = join(import.meta.dirname, 'curl')
/** Scripts that are read by the others. */
const READ = ['expect.sh', 'proxmox.sh', 'kubernetes.sh']
const bench = await startBench({ bare: true })
await bench.ok('install', '--api-access')

/** Each script reads like the documentation of the two products, and says at which line an answer is not what stands there. They mostly wait. */
describe('literal requests', { concurrency: 3 }, () => {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.sh') && !READ.includes(file)))
    test(`each answer to the requests of curl/${name} is as documented`, async (t) => {
      const programs = ['bash', 'curl', ...(name === 'kamaji.sh' ? ['kubectl'] : [])]
      if (!programs.every((program) => has(t, program))) return
      const outcome = await bench.run('bash', [join(folder, name)])
      assert.equal(outcome.code, 0, outcome.stderr)
      assert.equal(outcome.stderr, '')
      assert.match(outcome.stdout, /^[1-9]\d* answers are as documented\n$/)
    })
})
