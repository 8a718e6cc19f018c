import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { managementInventory, proxmoxInventory } from '../back-ends.ts'
import { eventually, example, has, startBench } from '../harness.ts'

const bench = await startBench()

/** Waits until a field of an object has this value. (`kubectl wait --for=jsonpath` is younger than some kubectl that people have.) */
const becomes = (object: string, path: string, value: string): Promise<void> =>
  eventually(`${path} of ${object} is ${value}`, 120_000, async () =>
    assert.equal(await bench.kubectl('get', object, '-o', `jsonpath=${path}`), value),
  )

test('kubectl reads and drives everything', async (t) => {
  if (!has(t, 'kubectl')) return
  const before = { proxmox: await proxmoxInventory(bench), management: await managementInventory(bench) }
  const stopServing = await bench.serve()

  await t.test('apply, get and wait for a control plane', async () => {
    assert.match(
      await bench.kubectl('apply', '-f', example('tenant-test.yaml')),
      /tenantcontrolplane.kamaji.clastix.io\/tenant-test created/,
    )
    await becomes('tcp/tenant-test', '{.status.kubernetesResources.version.status}', 'Ready')
    const table = await bench.kubectl('get', 'tcp')
    assert.match(
      table,
      /^NAME +VERSION +INSTALLED VERSION +STATUS +CONTROL-PLANE ENDPOINT +KUBECONFIG +DATASTORE +AGE/,
    )
    assert.match(
      table,
      /^tenant-test +v1\.30\.0 +v1\.30\.0 +Ready +\S+:6443 +tenant-test-admin-kubeconfig +default/m,
    )
  })

  await t.test('a NodePool with labels and taints by kubectl apply', async () => {
    const manifest = join(bench.folder, 'pool.yaml')
    await writeFile(manifest, nodePool)
    await bench.kubectl('apply', '-f', manifest)
    assert.match(await bench.kubectl('explain', 'nodepool.spec'), /replicas\s+<integer>/)
  })

  const kubeconfig = join(bench.folder, 'tenant.kubeconfig')
  const tenant = (...args: string[]): Promise<string> => bench.kubectl('--kubeconfig', kubeconfig, ...args)

  await t.test('the tenant cluster answers to its kubeconfig', async () => {
    const secret = await bench.kubectl(
      'get',
      'secret',
      'tenant-test-admin-kubeconfig',
      '-o',
      'jsonpath={.data.admin\\.conf}',
    )
    await writeFile(kubeconfig, Buffer.from(secret, 'base64'), { mode: 0o600 })
    await tenant('create', 'secret', 'generic', 'seen', '-n', 'kube-system', '--from-literal=a=b')
    assert.match(
      await tenant('get', 'secrets', '-n', 'kube-system'),
      /^NAME +TYPE +DATA +AGE\n(.*\n)*seen +Opaque +1 +/,
    )
    await tenant('apply', '-f', example('network.yaml'))
  })

  await t.test(
    'the Nodes have the addresses, versions, labels, taints and provider ids that they should have',
    async () => {
      await becomes('np/workers', '{.status.readyReplicas}', '2')
      const nodes = JSON.parse(await tenant('get', 'nodes', '-o', 'json')) as { items: NodeLike[] }
      const machines = JSON.parse(await bench.kubectl('get', 'machines', '-o', 'json')) as {
        items: MachineLike[]
      }
      assert.equal(nodes.items.length, 2)
      for (const node of nodes.items) {
        const machine = machines.items.find(({ metadata }) => metadata.name === node.metadata.name)
        assert.ok(machine, `Node ${node.metadata.name} is named like its Machine`)
        assert.equal(node.spec.providerID, `proxmox://lab/${machine.spec.vmid}`)
        assert.match(node.status.nodeInfo.kubeletVersion, /^v1\.30\./)
        assert.equal(node.metadata.labels['team'], 'fire')
        assert.ok(
          'node-role.kubernetes.io/worker' in node.metadata.labels,
          'a label that the kubelet refuses is put on the Node by us',
        )
        assert.ok(
          node.spec.taints?.some(
            ({ key, value, effect }) =>
              key === 'dedicated' && value === 'fire' && effect === 'PreferNoSchedule',
          ),
        )
        assert.ok(
          node.status.addresses.some(
            ({ type, address }) => type === 'InternalIP' && /^\d+\.\d+\.\d+\.\d+$/.test(address),
          ),
        )
      }
      await eventually('a Node is Ready', 30_000, async () =>
        assert.match(
          await tenant('get', 'nodes', '-o', 'wide'),
          /^\S+ +Ready +worker +\S+ +v1\.30\.\d+ +\d+\.\d+\.\d+\.\d+/m,
        ),
      )
    },
  )

  await t.test('get, describe and events read well', async () => {
    const table = await bench.kubectl('get', 'np,machines', '-o', 'wide')
    assert.match(table, /nodepool\.fochista\.dev\/workers/)
    assert.match(table, /machine\.fochista\.dev\/workers-/)
    const name = (await bench.kubectl('get', 'machines', '-o', 'name')).split('\n')[0] ?? ''
    await eventually('Events tell of it', 60_000, async () => {
      assert.match(await bench.kubectl('describe', name), /Events:[\s\S]*Joined/)
      assert.match(await bench.kubectl('get', 'events'), /machine\/workers-/)
    })
  })

  await t.test('kubectl scale up, then down', async () => {
    await bench.kubectl('scale', 'np/workers', '--replicas=3')
    await becomes('np/workers', '{.status.readyReplicas}', '3')
    await bench.kubectl('scale', 'np/workers', '--replicas=1')
    await eventually('one machine is left', 60_000, async () => {
      assert.equal((await bench.kubectl('get', 'machines', '-o', 'name')).trim().split('\n').length, 1)
    })
  })

  await t.test('a kubelet of v1.33 joins a v1.33 cluster', async () => {
    const cluster = (await bench.run('cat', [example('tenant-test.yaml')])).stdout
      .replaceAll('tenant-test', 'newer')
      .replace('v1.30.0', 'v1.33.0')
    const created = await bench.run('kubectl', ['apply', '-f', '-'], {
      input: `${cluster}---\n${nodePool.replaceAll('tenant-test', 'newer').replace('name: workers', 'name: newer').replace('className: small', 'className: next').replace('replicas: 2', 'replicas: 1')}`,
    })
    assert.equal(created.code, 0, created.stderr)
    await eventually('its worker has joined', 120_000, async () => {
      assert.match(
        await bench.kubectl(
          'get',
          'machines',
          '-l',
          'fochista.dev/pool=newer',
          '-o',
          'jsonpath={.items[*].status.conditions[?(@.type=="Joined")].status}',
        ),
        /True/,
      )
    })
    await bench.kubectl('delete', 'np/newer', 'tcp/newer', '--timeout=600s')
  })

  await t.test('kubectl delete tcp takes everything of the cluster with it', async () => {
    await bench.kubectl('delete', 'tcp', 'tenant-test', '--timeout=600s')
    await eventually('no VM, image or Machine is left', 150_000, async () => {
      assert.deepEqual(await proxmoxInventory(bench), before.proxmox)
      assert.equal((await bench.kubectl('get', 'machines', '-o', 'name')).trim(), '')
    })
    await bench.kubectl('delete', 'np', 'workers', '--timeout=600s')
    const objects = (names: readonly string[]): string[] =>
      names.filter((name) => !name.startsWith('leases/'))
    assert.deepEqual(objects(await managementInventory(bench)), objects(before.management))
  })
  await stopServing()
})

const nodePool = `apiVersion: fochista.dev/v1alpha1
kind: NodePool
metadata:
  name: workers
  namespace: default
spec:
  clusterName: tenant-test
  className: small
  replicas: 2
  node:
    labels:
      team: fire
      node-role.kubernetes.io/worker: ""
    taints:
      - key: dedicated
        value: fire
        effect: PreferNoSchedule
`

interface NodeLike {
  metadata: { name: string; labels: Record<string, string> }
  spec: { providerID: string; taints?: { key: string; value?: string; effect: string }[] }
  status: { nodeInfo: { kubeletVersion: string }; addresses: { type: string; address: string }[] }
}

interface MachineLike {
  metadata: { name: string }
  spec: { vmid: number }
}
