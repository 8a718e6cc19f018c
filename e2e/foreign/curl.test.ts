import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { has, startBench } from '../harness.ts'

const folder = join(import.meta.dirname, 'curl')
/** Scripts that are read by the others. */
const READ = ['expect.sh', 'proxmox.sh', 'kubernetes.sh']
const bench = await startBench({ bare: true })
await bench.ok('install', '--api-access')

test('an answer that is another one fails its script, with the line, the request and what was wrong', async (t) => {
  if (!['bash', 'curl'].every((program) => has(t, program))) return
  const script = join(bench.folder, 'wrong.sh')
  await writeFile(
    script,
    `source ${JSON.stringify(join(folder, 'proxmox.sh'))}
curl -H "$TOKEN" "$PVE/version"
expect 200 '"release":"9.1"'
expect 201
expect 200 'no such text' '!"release"'
finish
`,
  )
  const outcome = await bench.run('bash', [script])
  assert.deepEqual([outcome.code, outcome.stdout], [1, ''])
  assert.match(outcome.stderr, /^wrong\.sh:4: expected 201\n {2}curl -H .*\/version\n {2}200 OK\n/)
  assert.match(
    outcome.stderr,
    /^wrong\.sh:5: there is no no such text\n[^]*^wrong\.sh:5: there is "release"\n/m,
  )
  assert.match(outcome.stderr, /^3 things are not as documented, in 1 answers$/m)
})

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
