import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { LABEL_POOL, nodePoolManifest, type NodePool } from '@fochista/api'
import { askedOf, revisionOf, type PoolPlan } from '@fochista/controllers'
import { connectionFromEnvironment, createKubernetes } from '@fochista/kubernetes'
import { startLab } from '@fochista/lab'
import { stringify } from 'yaml'
import { createContext } from '../context.ts'
import { runLine } from '../program.ts'
import { testIo } from '../test-io.ts'
import { classes } from './class/resource.ts'
import { machines } from './machine/resource.ts'
import { pools } from './pool/resource.ts'

// Plans, rollouts and upgrades against the lab's management cluster; no controllers run, so that what a plan says stays so.
const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 100 })
const folder = await mkdtemp(join(tmpdir(), 'fochista-rolling-out-'))
const environment = { ...lab.environment, HOME: folder }
const kubernetes = createKubernetes(await connectionFromEnvironment(environment))
after(async () => {
  await kubernetes.close()
  await lab.stop()
  await rm(folder, { recursive: true, force: true })
})

async function run(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = testIo({})
  const { signal } = new AbortController()
  const code = await runLine(line.split(' ').filter(Boolean), io, signal, (given, stop, flags) =>
    createContext(given, stop, flags, environment),
  )
  return { code, stdout: io.stdout, stderr: io.stderr }
}

async function ok(line: string): Promise<string> {
  const { code, stdout, stderr } = await run(line)
  assert.equal(code, 0, `fochista ${line}: ${stderr}`)
  return stdout
}

const ref = { name: 'workers', namespace: 'default' }
const planOf = async (line: string): Promise<PoolPlan> =>
  JSON.parse(await ok(`pool plan workers ${line} -o json`)) as PoolPlan

await ok('install')
const [nodePoolKind, machineKind, classKind] = [
  await pools.kind(),
  await machines.kind(),
  await classes.kind(),
]
await kubernetes.create(
  nodePoolKind,
  nodePoolManifest({
    ...ref,
    clusterName: 'tenant-test',
    className: 'small',
    replicas: 3,
    version: 'v1.30.4',
  }),
)
const pool = await kubernetes.get<NodePool>(nodePoolKind, ref)
for (const name of ['workers-a', 'workers-b', 'workers-c']) {
  const machine = await kubernetes.create(machineKind, {
    apiVersion: machineKind.apiVersion,
    kind: machineKind.kind,
    metadata: { name, namespace: 'default', labels: { [LABEL_POOL]: 'workers' } },
    spec: {
      id: `00000000-0000-4000-8000-00000000000${name.slice(-1)}`,
      nodePoolName: 'workers',
      proxmoxCluster: 'dc1',
      className: 'small',
      version: 'v1.30.4',
      poolHash: revisionOf(pool),
      asked: askedOf(pool),
      cores: 2,
      memory: 4 * 2 ** 30,
      disk: 20 * 2 ** 30,
      addresses: [{ network: 0, address: '10.0.0.7', prefix: 24 }],
      made: true,
    },
  })
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  await kubernetes.patch(
    machineKind,
    machine.metadata,
    { status: { conditions: [ready] } },
    { subresource: 'status' },
  )
}

test('a plan without an edit says that nothing would happen', async () => {
  assert.match(await ok('pool plan workers'), /^No machine would be made, changed, replaced or removed\.$/m)
})

test('a plan of another version replaces every machine, one more at a time, and writes nothing', async () => {
  const before = await kubernetes.get<NodePool>(nodePoolKind, ref)
  const plan = await planOf('--version v1.31.2')
  assert.deepEqual(plan.fields, [
    { field: 'spec.version', from: 'v1.30.4', to: 'v1.31.2', effect: 'replace' },
  ])
  assert.deepEqual([...plan.replace].sort(), ['workers-a', 'workers-b', 'workers-c'])
  assert.deepEqual([plan.create, plan.most, plan.fewest, plan.remove], [3, 4, 3, []])
  assert.deepEqual(plan.steps[0], { create: 1, remove: [], reshape: [] })
  assert.equal(
    (await kubernetes.get<NodePool>(nodePoolKind, ref)).metadata.resourceVersion,
    before.metadata.resourceVersion,
  )
  assert.match(
    await ok('pool plan workers --version v1.31.2'),
    /^spec\.version +v1\.30\.4 +v1\.31\.2 +machines are replaced$/m,
  )
})

test('a plan from a manifest tells what is put on running Nodes from what replaces machines', async () => {
  const file = join(folder, 'workers.yaml')
  const labelled = {
    apiVersion: pool.apiVersion,
    kind: pool.kind,
    metadata: ref,
    spec: { ...pool.spec, node: { labels: { tier: 'gold' } }, rollout: { maxSurge: 0, maxUnavailable: 1 } },
  }
  await writeFile(file, stringify(labelled))
  const hot = await planOf(`-f ${file}`)
  assert.deepEqual(
    hot.fields.map(({ field, effect }) => `${field} ${effect}`),
    ['spec.node.labels hot', 'spec.rollout.maxSurge later', 'spec.rollout.maxUnavailable later'],
  )
  assert.equal(hot.steps.length, 0)
  const larger = await planOf(`-f ${file} --cores 4`)
  assert.deepEqual([larger.most, larger.fewest, larger.create, larger.reboot.length], [3, 2, 0, 3])
  const { stderr } = await run('pool plan workers -f package.json')
  assert.match(stderr, /package\.json/)
})

test('a plan of another shape says which machines are rebooted, and which disks grow', async () => {
  const said = await ok('pool plan workers --cores 4 --disk 40Gi')
  assert.match(said, /^spec\.cores +- +4 +VMs are changed and rebooted$/m)
  assert.match(said, /^spec\.disk +- +40Gi +disks grow while VMs run$/m)
  assert.equal(said.match(/would be drained, changed and rebooted$/gm)?.length, 3)
  assert.match(
    said,
    /^1 machine would stand in .*: none may be missing \(spec\.rollout\.maxUnavailable: 0\)$/m,
  )
  assert.match(said, /^In 5 steps; at most 4 machines at once, at least 3 of them Ready\.$/m)
  assert.match(
    await ok('pool plan workers --disk 40Gi'),
    /^machine\/workers-a would get a larger disk while it runs$/m,
  )
  assert.match(await ok('pool plan workers --disk 10Gi'), /^spec\.disk +- +10Gi +machines are replaced$/m)
})

test('of a made Machine only the shape can be changed, and its disk only grows', async () => {
  const change = (spec: object): Promise<unknown> =>
    kubernetes.patch(machineKind, { name: 'workers-a', namespace: 'default' }, { spec })
  await change({ cores: 3, memory: 5 * 2 ** 30, disk: 21 * 2 ** 30, asked: { cores: 3 } })
  for (const spec of [
    { vmid: 101 },
    { poolHash: 'other' },
    { host: 'pve1' },
    { addresses: [] },
    { addresses: null },
    { made: false },
    { made: null },
    { template: { vmid: 100, node: 'pve1' } },
  ])
    await assert.rejects(change(spec), /of the spec only cores, memory and disk change/, JSON.stringify(spec))
  await assert.rejects(change({ disk: 20 * 2 ** 30 }), /its disk never gets smaller/)
  await assert.rejects(change({ id: '00000000-0000-4000-8000-00000000000d' }), /never change/)
  await change({ cores: 2, memory: 4 * 2 ** 30, asked: null })
})

test('a plan of fewer machines names those that go, one of more says how many come', async () => {
  assert.equal((await planOf('--replicas 1')).remove.length, 2)
  const more = await planOf('--replicas 5')
  assert.deepEqual([more.create, more.keep.length, more.replace], [2, 3, []])
})

test('what the server refuses is refused in its words, before anything is sent in earnest', async () => {
  const { code, stderr } = await run('pool plan workers --version newest')
  assert.equal(code, 1)
  assert.match(stderr, /spec\.version/)
})

test('what the controllers would refuse is no plan, and a class that is not there is told of', async () => {
  const { code, stdout, stderr } = await run('pool plan workers --class nowhere')
  assert.equal(code, 0)
  assert.match(stdout, /would be replaced/)
  assert.match(stderr, /MachineClass "nowhere" is not to be seen: without it nothing of this happens/)
  await ok('cluster create tenant-test --version v1.30.0 --replicas 1 --no-wait')
  const refused = await run('pool plan workers --version v1.31.2')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /spec\.version: "v1\.31\.2" does not fit control plane v1\.30\.0/)
  assert.match(refused.stderr, /fochista cluster upgrade tenant-test/)
})

test('a plan says what the quota of the class has no room for', async () => {
  await ok(
    'class create small --proxmox dc1 --template-tags kubelet --storage local-lvm --iso-storage local --bridge vmbr0',
  )
  const limited = async (quota: object, line: string): Promise<string> => {
    await kubernetes.patch(classKind, { name: 'small' }, { spec: { quota } })
    return (await run(`pool plan workers ${line}`)).stderr
  }
  assert.match(
    await limited({ cores: 8 }, '--cores 4'),
    /room for 2 of 3 machines of this shape: class "small" allows a namespace at most 8 cores in all/,
  )
  assert.match(await limited({ cores: 9 }, '--cores 3'), /So not all are rebooted/)
  assert.match(
    await limited({ cores: 40, machines: 3 }, '--cores 4'),
    /no room for 4 machines at once: .*maxUnavailable to 1/,
  )
  assert.equal(await limited({ cores: 40, machines: 4 }, '--cores 4'), '')
})

test('a plan that makes machines says what it does not know of templates, or what the class says of them', async () => {
  const noted = async (line: string): Promise<string> => (await run(`pool plan workers ${line}`)).stderr
  assert.match(
    await noted('--version v1.29.1'),
    /Proxmox was not asked whether class "small" has a template with kubelet v1\.29\.1/,
  )
  assert.doesNotMatch(await noted('--replicas 2'), /template/)
  const message = 'No VM that is a template and matches spec.template is listed in Proxmox.'
  const lastTransitionTime = '2026-01-01T00:00:00Z'
  const condition = {
    type: 'Ready',
    status: 'False',
    reason: 'TemplateNotFound',
    message,
    lastTransitionTime,
  }
  await kubernetes.patch(
    classKind,
    { name: 'small' },
    { status: { conditions: [condition] } },
    { subresource: 'status' },
  )
  assert.match(await noted('--version v1.29.1'), /MachineClass "small" cannot be used now.*No VM that is a/)
})

test('a rollout names the time before which machines are replaced; --dry-run names it only', async () => {
  assert.match(await ok('pool rollout workers --dry-run'), /would be rolled/)
  assert.equal((await kubernetes.get<NodePool>(nodePoolKind, ref)).spec.rollout?.before, undefined)
  // Machines made in the same second are not older.
  await new Promise((resolve) => setTimeout(resolve, 1100))
  const asked = Date.now()
  const written = JSON.parse(await ok('pool rollout workers -o json')) as typeof pool
  const before = Date.parse(written.spec.rollout?.before ?? '')
  // It is written in whole seconds.
  assert.ok(before > asked - 1000 && before <= Date.now(), `${before} ${asked}`)
  assert.equal((await planOf('')).replace.length, 3)
})

test('a control plane is upgraded one minor at a time, and Kamaji’s refusals are shown', async () => {
  await ok('cluster create other --version v1.30.0 --replicas 1')
  const refused = await run('cluster upgrade other --version v1.32.0')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /unable to upgrade to a minor version in a non-sequential mode/)
  assert.match(
    (await run('cluster upgrade other --version v1.29.0')).stderr,
    /unable to downgrade a TenantControlPlane from 1\.30\.0 to 1\.29\.0/,
  )
  assert.match((await run('cluster upgrade other --version next')).stderr, /"next" is not a version/)
  assert.match(
    await ok('cluster upgrade other --version v1.31.0 --dry-run'),
    /would be upgraded: v1\.30\.0 -> v1\.31\.0/,
  )
  assert.match(
    await ok('cluster upgrade other --version v1.31.0'),
    /^cluster\/other upgraded: v1\.30\.0 -> v1\.31\.0$/m,
  )
})

test('a control plane is scaled, and put to sleep without waiting for it to serve', async () => {
  assert.match(await ok('cluster scale other --replicas 2 --dry-run'), /would be scaled: 1 -> 2/)
  assert.match(await ok('cluster scale other --replicas 2'), /scaled: 1 -> 2/)
  assert.match(await ok('cluster scale other --replicas 0'), /scaled: 2 -> 0/)
})
