import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { call, proxmoxInventory } from '../back-ends.ts'
import { eventually, example, startBench } from '../harness.ts'

const bench = await startBench()
const manifests = '/apis/fochista.dev/v1alpha1/namespaces/default'

test('a pool’s bootstrap reaches its guests, and whoever pauses something is obeyed', async (t) => {
  const stopServing = await bench.serve()
  await kubernetes('POST', '/api/v1/namespaces/default/secrets', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'motd' },
    stringData: { text: 'from a Secret: "a", b\n' },
  })
  const file = join(bench.folder, 'pool.yaml')
  await writeFile(file, nodePool)
  assert.equal((await bench.run('kubectl', ['apply', '-f', file])).code, 0)
  await bench.ok(
    'cluster',
    'create',
    '-f',
    example('tenant-test.yaml'),
    '--apply',
    example('network.yaml'),
    '--timeout',
    '10m',
  )

  await t.test('users, keys, files, commands and mirrors are what the guest has', async () => {
    const [machine] = await machines()
    assert.ok(machine)
    const { vmid, host } = machine.spec
    // What comes last, the commands after the join, may still be under way when its Node is Ready.
    const hasRun = async (): Promise<void> => assert.equal(await read('/var/lib/after'), 'after the join\n')
    const read = async (path: string): Promise<string> => {
      const { status, body } = await call(
        bench,
        'proxmox',
        'GET',
        `/api2/json/nodes/${host}/qemu/${vmid}/agent/file-read?file=${encodeURIComponent(path)}`,
      )
      assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`)
      return (body as { data: { content: string } }).data.content
    }
    await eventually('the guest has done what it was asked to', 60_000, hasRun)
    assert.equal(await read('/home/stoker/.ssh/authorized_keys'), 'ssh-ed25519 AAAAC3Nza stoker@example\n')
    assert.match(await read('/etc/sudoers.d/90-cloud-init-users'), /^stoker ALL=\(ALL\) NOPASSWD:ALL$/m)
    assert.match(await read('/home/debian/.ssh/authorized_keys'), /ssh-ed25519 AAAAC3Nzb admin@example/)
    assert.equal(await read('/etc/motd'), 'from a Secret: "a", b\n')
    assert.equal(await read('/etc/fochista/plain.conf'), 'key: "value"\n# $HOME `id`\n')
    assert.equal(await read('/var/lib/before'), 'before the join\n')
    assert.match(
      await read('/etc/containerd/certs.d/docker.io/hosts.toml'),
      /\[host\."https:\/\/mirror\.example"\]/,
    )
  })

  await t.test('a paused pool makes and removes nothing, and says so', async () => {
    await patchPool({ paused: true, replicas: 2 })
    await eventually('the pool says that it is paused', 20_000, async () => {
      const { body } = await kubernetes('GET', `${manifests}/nodepools/workers`)
      assert.match(JSON.stringify((body as { status: unknown }).status), /"reason":"Paused"/)
    })
    await sleep(1000)
    assert.equal((await machines()).length, 1)
    await patchPool({ paused: null })
    await eventually('two machines are Ready', 90_000, async () => {
      assert.equal((await machines()).filter(isReady).length, 2)
    })
  })

  await t.test('a paused machine is not taken away until the annotation goes', async () => {
    const [machine] = await machines()
    assert.ok(machine)
    const { name } = machine.metadata
    const before = await proxmoxInventory(bench)
    await annotate(name, { 'fochista.dev/paused': '' })
    assert.match(await bench.ok('machine', 'describe', name), /[Pp]aused/)
    await kubernetes('DELETE', `${manifests}/machines/${name}`)
    await eventually('the pool has made another', 90_000, async () => {
      const staying = (await machines()).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      assert.deepEqual([staying.length, staying.filter(isReady).length], [2, 2])
    })
    assert.ok((await proxmoxInventory(bench)).includes(`qemu/${machine.spec.vmid}`))
    assert.ok(before.includes(`qemu/${machine.spec.vmid}`))
    await annotate(name, { 'fochista.dev/paused': null })
    await eventually('its VM is gone, and so is it', 60_000, async () => {
      assert.ok(!(await proxmoxInventory(bench)).includes(`qemu/${machine.spec.vmid}`))
      assert.ok(!(await machines()).some(({ metadata }) => metadata.name === name))
    })
  })

  await t.test('a scale-down takes the machine that was asked to go first', async () => {
    const [keep, go, ...more] = (await machines()).sort((a, b) =>
      a.metadata.name.localeCompare(b.metadata.name),
    )
    assert.ok(keep && go && more.length === 0)
    await annotate(go.metadata.name, { 'fochista.dev/delete-first': '' })
    await patchPool({ replicas: 1 })
    await eventually('the other one is left', 90_000, async () => {
      assert.deepEqual(
        (await machines()).map(({ metadata }) => metadata.name),
        [keep.metadata.name],
      )
    })
  })
  await stopServing()
})

interface MachineLike {
  metadata: { name: string; deletionTimestamp?: string }
  spec: { vmid: number; host: string }
  status?: { conditions?: { type: string; status: string }[] }
}

async function kubernetes(
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: unknown }> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const answer = await call(
    bench,
    'kubernetes',
    method,
    path,
    body ? { body: JSON.stringify(body), headers: { 'content-type': type } } : {},
  )
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer
}

async function machines(): Promise<MachineLike[]> {
  return ((await kubernetes('GET', `${manifests}/machines`)).body as { items: MachineLike[] }).items
}

function isReady({ status }: MachineLike): boolean {
  return (
    status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ??
    false
  )
}

async function patchPool(spec: object): Promise<void> {
  await kubernetes('PATCH', `${manifests}/nodepools/workers`, { spec })
}

async function annotate(machine: string, annotations: Record<string, string | null>): Promise<void> {
  await kubernetes('PATCH', `${manifests}/machines/${machine}`, { metadata: { annotations } })
}

const nodePool =
  String.raw`apiVersion: fochista.dev/v1alpha1
kind: NodePool
metadata:
  name: workers
  namespace: default
spec:
  clusterName: tenant-test
  className: small
  replicas: 1
  bootstrap:
    users:
      - name: stoker
        groups: [sudo]
        sudo: "ALL=(ALL) NOPASSWD:ALL"
        sshAuthorizedKeys: ["ssh-ed25519 AAAAC3Nza stoker@example"]
    sshAuthorizedKeys: ["ssh-ed25519 AAAAC3Nzb admin@example"]
    files:
      - path: /etc/motd
        secretRef: { name: motd, key: text }
      - path: /etc/fochista/plain.conf
        permissions: "0600"
        content: "key: \"value\"\n# $HOME ` +
  '`id`' +
  String.raw`\n"
    preJoinCommands: ["echo before the join > /var/lib/before"]
    postJoinCommands: ["echo after the join > /var/lib/after"]
    registryMirrors:
      - registry: docker.io
        endpoints: ["https://mirror.example"]
`
