import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectTenant, isReady, TenantControlPlane } from '@fochista/kamaji'
import { connectionFromEnvironment, createKubernetes, Namespace, Secret } from '@fochista/kubernetes'
import { ask, createCluster, machinesOf } from '../chaos/world.ts'
import { eventually, startBench } from '../harness.ts'

const bench = await startBench({ speed: 60 })
const CLUSTER = 'rotated'
const kubernetes = createKubernetes(await connectionFromEnvironment(bench.environment))

test('a tenant that replaces its authority while a machine is on its way: the machine gets another seed and joins the new one', async (t) => {
  const stopServing = await bench.serve()
  try {
    // A guest that does not begin keeps its machine on its way.
    await fault('POST', '/faults', { on: { backEnd: 'proxmox' }, what: { kind: 'kubelet-stops' } })
    await createCluster(bench, CLUSTER, 1)
    await eventually('the machine has started and waits to join', 60_000, async () => {
      assert.equal(await saidOf('Started'), 'True')
      assert.notEqual(await saidOf('Joined'), 'True')
    })
    const before = await eventually('its authority answers', 60_000, pin)
    const [seeded] = await machinesOf(bench)

    await t.test(
      'the tenant shows a certificate of the new authority, and its new kubeconfig works',
      async () => {
        await kubernetes.delete(Secret, { name: `${CLUSTER}-ca`, namespace: 'default' })
        await eventually('another authority answers', 60_000, async () =>
          assert.notEqual(await pin(), before),
        )
      },
    )

    await t.test('the same machine joins it, with another image than before', async () => {
      await fault('DELETE', '/faults')
      await eventually('it has joined', 90_000, async () => assert.equal(await saidOf('Joined'), 'True'))
      const [joined] = await machinesOf(bench)
      assert.equal(joined?.metadata.name, seeded?.metadata.name)
      assert.equal(joined?.spec.vmid, seeded?.spec.vmid)
      await eventually('an Event says so', 60_000, async () => {
        const events = JSON.stringify(await ask(bench, 'GET', '/api/v1/namespaces/default/events'))
        assert.match(events, /SeedingAgain/)
      })
    })
  } finally {
    await fault('DELETE', '/faults')
    await stopServing()
    await kubernetes.close()
  }
})

/** The pin of the tenant's authority; throws until its API server answers to its kubeconfig. */
async function pin(): Promise<string> {
  const controlPlane = await kubernetes.get(TenantControlPlane, { name: CLUSTER, namespace: 'default' })
  assert.ok(isReady(controlPlane))
  const tenant = await connectTenant(kubernetes, controlPlane)
  try {
    await tenant.kubernetes.get(Namespace, { name: 'kube-system' })
    return tenant.caPin
  } finally {
    await tenant.close()
  }
}

/** Status of a condition of the only machine. */
async function saidOf(step: string): Promise<string | undefined> {
  const [machine] = await machinesOf(bench)
  return machine?.status?.conditions?.find(({ type }) => type === step)?.status
}

async function fault(method: string, path: string, body?: object): Promise<void> {
  const { LAB_URL = '', LAB_TOKEN = '' } = bench.environment
  const answer = await fetch(`${LAB_URL}${path}`, {
    method,
    headers: { authorization: `Bearer ${LAB_TOKEN}` },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.text()}`)
}
