import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { example, has, startBench } from '../harness.ts'

const bench = await startBench({ bare: true })

/** Each script says at which line a command did not end, or did not print, as it stands there. They mostly wait. */
describe('every command of kubectl', { concurrency: 2 }, () => {
  for (const name of ['objects.sh', 'workloads.sh'])
    test(`each command of kubectl/${name} ends and prints as with a real cluster`, async (t) => {
      if (!['bash', 'kubectl', 'openssl', 'diff'].every((program) => has(t, program))) return
      // Each with a cache of its own: what a server has is asked anew.
      const home = join(bench.folder, name)
      await mkdir(home)
      const outcome = await bench.run('bash', [join(import.meta.dirname, 'kubectl', name)], {
        env: { HOME: home, TENANT_TEST: example('tenant-test.yaml') },
      })
      assert.equal(outcome.code, 0, outcome.stderr)
      assert.match(outcome.stdout, /^[1-9]\d* answers are as documented\n$/)
    })
})
