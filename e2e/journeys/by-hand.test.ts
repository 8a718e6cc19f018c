import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call, managementInventory, proxmoxInventory } from '../back-ends.ts'
import { eventually, example, startBench } from '../harness.ts'

const bench = await startBench()

test('a cluster made by hand has three Ready Nodes, scales to five and to one, and leaves nothing behind', async (t) => {
  const before = { proxmox: await proxmoxInventory(bench), management: await managementInventory(bench) }
  let stopServing = await bench.serve()

  await t.test('cluster create waits until the workers are Ready', async () => {
    const out = await bench.ok(
      'cluster',
      'create',
      '-f',
      example('tenant-test.yaml'),
      '--pool',
      'workers=3',
      '--apply',
      example('network.yaml'),
      '--timeout',
      '10m',
    )
    assert.match(out, /cluster\/tenant-test is ready/)
    assert.equal((await machines()).filter(({ step }) => step === 'Ready').length, 3)
  })

  await t.test('machine describe shows the timeline of every step', async () => {
    const [first] = await machines()
    const described = await bench.ok('machine', 'describe', first?.name ?? '')
    for (const step of ['Placed', 'Cloned', 'Configured', 'Seeded', 'Started', 'Joined', 'Ready']) {
      assert.match(described, new RegExp(`^${step} +True `, 'm'))
    }
  })

  await t.test('five replicas are five Ready machines', async () => {
    await bench.ok('pool', 'scale', 'workers', '--replicas', '5')
    await readyMachines(5)
  })

  await t.test('one replica leaves one machine, and the others leave no VM and no seed image', async () => {
    await bench.ok('pool', 'scale', 'workers', '--replicas', '1')
    await readyMachines(1)
    await eventually('the VMs of the removed machines are gone', 60_000, async () => {
      assert.equal(
        (await proxmoxInventory(bench)).filter((id) => id.startsWith('qemu/')).length,
        before.proxmox.filter((id) => id.startsWith('qemu/')).length + 1,
      )
    })
  })

  await t.test(
    'a control plane deleted while serve is down takes everything with it once serve is back',
    async () => {
      await stopServing()
      const path = '/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes/tenant-test'
      assert.equal((await call(bench, 'kubernetes', 'DELETE', path)).status, 200)
      await eventually('the control plane is gone', 60_000, async () => {
        assert.equal((await call(bench, 'kubernetes', 'GET', path)).status, 404)
      })
      stopServing = await bench.serve()
      // The evidence for a control plane that is gone is two answers a minute apart.
      await eventually('nothing of the cluster is left in either back end', 150_000, async () => {
        assert.deepEqual(await proxmoxInventory(bench), before.proxmox)
        const pools = await call(bench, 'kubernetes', 'GET', '/apis/fochista.dev/v1alpha1/machines')
        assert.deepEqual((pools.body as { items: unknown[] }).items, [])
      })
      await bench.ok('pool', 'delete', 'workers')
      await eventually('nothing of it is left in the management cluster', 60_000, async () => {
        const left = (await managementInventory(bench)).filter((name) => !name.startsWith('leases/'))
        assert.deepEqual(
          left,
          before.management.filter((name) => !name.startsWith('leases/')),
        )
      })
    },
  )
  await stopServing()
})

interface MachineLike {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

interface Row {
  readonly name: string
  readonly step: string
}

async function machines(): Promise<Row[]> {
  const lines = (await bench.ok('machine', 'list')).trim().split('\n').slice(1)
  return lines.map((line) => {
    const [name = '', , step = ''] = line.split(/ {2,}/)
    return { name, step }
  })
}

async function readyMachines(count: number): Promise<void> {
  await eventually(`${count} machines are Ready and no other is there`, 120_000, async () => {
    // To ask the command each time is dear; it is asked once the objects say so.
    const { body } = await call(bench, 'kubernetes', 'GET', '/apis/fochista.dev/v1alpha1/machines')
    const ready = (body as { items: MachineLike[] }).items.map(
      ({ status }) =>
        status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false,
    )
    assert.deepEqual(ready, Array(count).fill(true))
    const all = await machines()
    assert.deepEqual([all.length, all.filter(({ step }) => step === 'Ready').length], [count, count])
  })
}
