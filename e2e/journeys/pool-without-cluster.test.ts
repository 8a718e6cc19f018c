import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call, proxmoxInventory } from '../back-ends.ts'
import { eventually, example, startBench } from '../harness.ts'

const bench = await startBench()
const kubernetes = (method: string, path: string, body?: object, type = 'application/json') =>
  call(
    bench,
    'kubernetes',
    method,
    path,
    body ? { body: JSON.stringify(body), headers: { 'content-type': type } } : {},
  )
const clusters = '/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes'

test('a pool whose control plane is not there yet waits and destroys nothing; then the control plane comes and nothing of it changes', async (t) => {
  const stopServing = await bench.serve()
  const before = await proxmoxInventory(bench)

  await t.test('the pool says ClusterNotFound and makes no VM', async () => {
    await bench.ok(
      'pool',
      'create',
      'workers',
      '--cluster',
      'tenant-test',
      '--replicas',
      '1',
      '--class',
      'small',
    )
    await eventually('the pool says what it waits for', 30_000, async () => {
      const { body } = await kubernetes(
        'GET',
        '/apis/fochista.dev/v1alpha1/namespaces/default/nodepools/workers',
      )
      const conditions = (body as { status?: { conditions?: { reason: string }[] } }).status?.conditions ?? []
      assert.ok(
        conditions.some(({ reason }) => reason === 'ClusterNotFound'),
        JSON.stringify(conditions),
      )
    })
    assert.deepEqual(await proxmoxInventory(bench), before)
  })

  await t.test(
    'a control plane that somebody else makes gets the worker, and its spec and metadata stay as they were',
    async () => {
      const outcome = await bench.run('curl', [
        '--fail-with-body',
        '-sS',
        '--cacert',
        bench.environment['KAMAJI_CA'] ?? '',
        '-H',
        `Authorization: Bearer ${bench.environment['KAMAJI_TOKEN']}`,
        '-H',
        'Content-Type: application/yaml',
        '--data-binary',
        `@${example('tenant-test.yaml')}`,
        `${bench.environment['KAMAJI_URL']}${clusters}`,
      ])
      assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr)
      const settled = await eventually('Kamaji has finalizers on it and says Ready', 60_000, async () => {
        const { body } = await kubernetes('GET', `${clusters}/tenant-test`)
        assert.match(JSON.stringify((body as { status?: object }).status ?? {}), /"status":"Ready"/)
        assert.match(
          JSON.stringify((body as { metadata: object }).metadata),
          /finalizer\.kamaji\.clastix\.io\/soot/,
        )
        return untouched(body)
      })
      await eventually('the worker has joined', 120_000, async () => {
        const { body } = await kubernetes('GET', '/apis/fochista.dev/v1alpha1/namespaces/default/machines')
        const [machine] = (
          body as { items: { status?: { conditions?: { type: string; status: string }[] } }[] }
        ).items
        assert.ok(
          machine?.status?.conditions?.some(({ type, status }) => type === 'Joined' && status === 'True'),
        )
      })
      assert.deepEqual(untouched((await kubernetes('GET', `${clusters}/tenant-test`)).body), settled)
    },
  )

  await t.test(
    'without a network plugin the machine is not Ready and machine describe says what to install',
    async () => {
      const name = (await bench.ok('machine', 'list', '-o', 'name')).trim().split('/')[1] ?? ''
      const described = await eventually('the machine waits for the network', 30_000, async () => {
        const text = await bench.ok('machine', 'describe', name)
        assert.match(text, /WaitingForNetwork/)
        return text
      })
      assert.match(described, /network plugin/i)
    },
  )

  await t.test('the pool goes, and with it its VM and image', async () => {
    await bench.ok('pool', 'delete', 'workers', '--timeout', '10m')
    assert.deepEqual(await proxmoxInventory(bench), before)
  })
  await stopServing()
})

/** What must not change on a control plane that is not ours: everything but the status and the server's own book-keeping. */
function untouched(object: unknown): unknown {
  const { metadata, spec } = object as { metadata: Record<string, unknown>; spec: unknown }
  const { name, labels, annotations, finalizers, ownerReferences, uid, generation } = metadata
  return { name, labels, annotations, finalizers, ownerReferences, uid, generation, spec }
}
