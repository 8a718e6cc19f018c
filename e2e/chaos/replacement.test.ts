import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { nodePoolKind } from '@fochista/api'
import { connectTenant, TenantControlPlane } from '@fochista/kamaji'
import {
  connectionFromEnvironment,
  createInformer,
  createKubernetes,
  defineKind,
  Node,
  type KubernetesObject,
} from '@fochista/kubernetes'
import { call } from '../back-ends.ts'
import { startFastControllers } from '../fast-controllers.ts'
import { eventually, example, startBench } from '../harness.ts'
import { createLabFaults } from './faults/lab.ts'
import { destroyByHand, findVm } from './faults/scenario.ts'
import { ask, createCluster, machinesOf, type MachineLike } from './world.ts'

/** A NodePool, as much of it as a check needs. */
interface PoolLike extends KubernetesObject {
  readonly status?: {
    readonly conditions?: { type: string; reason: string; message: string }[]
    readonly failures?: { count: number; since: string }
  }
}

const POOL = 'kept'
const ours = '/apis/fochista.dev/v1alpha1'
// Not faster: kubelets that report many times a second fall silent on a machine that is busy.
const bench = await startBench({ speed: 20 })
const faults = createLabFaults(bench)
const kubernetes = createKubernetes(await connectionFromEnvironment(bench.environment))
/** A Node may be silent for longer than evidence takes, so that none is too silent on a machine that is busy. */
const PATIENCE = '160s'
// A minute of evidence is three seconds.
const pace = { speed: 20 }
const stopControllers = await startFastControllers(bench, pace)
await createCluster(bench, POOL, 3)
await ask(bench, 'PATCH', `${ours}/namespaces/default/nodepools/${POOL}`, {
  spec: { health: { unhealthyAfter: PATIENCE, restartAfter: '5s', nodeStartupTimeout: '60m' } },
})
await eventually('the tenant has a network plugin', 60_000, async () => {
  const file = join(bench.folder, 'kubeconfig')
  await writeFile(file, await bench.ok('cluster', 'kubeconfig', POOL))
  await bench.kubectl('--kubeconfig', file, 'apply', '-f', example('network.yaml'))
})
const tenant = await connectTenant(
  kubernetes,
  await kubernetes.get(TenantControlPlane, { name: POOL, namespace: 'default' }),
)
after(async () => {
  await stopControllers()
  await tenant.close()
  await kubernetes.close()
})

const isReady = ({ status }: MachineLike): boolean =>
  status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false
const nameOf = ({ metadata }: MachineLike): string => metadata.name

/** Three machines that are Ready, and no other. */
const steady = (): Promise<MachineLike[]> =>
  eventually('three machines are Ready', 120_000, async () => {
    const all = await machinesOf(bench)
    assert.deepEqual(all.map(isReady), [true, true, true], JSON.stringify(all.map(({ status }) => status)))
    return all
  })

const runs = async (node: string, vmid: number): Promise<boolean> => {
  const { body } = await call(bench, 'proxmox', 'GET', `/api2/json/nodes/${node}/qemu/${vmid}/status/current`)
  return (body as { data?: { status?: string } | null }).data?.status === 'running'
}

/**
 * Watches a pool while one of its machines is replaced: never more machines than one above three, and no Node that is gone while its VM
 * runs, whose pods might write to a volume that is somebody else's by then.
 */
function watch(machines: readonly MachineLike[]): { end(): Promise<string[]> } {
  const broken = new Set<string>()
  const made = new Set<string>()
  let isOver = false
  const look = async (): Promise<void> => {
    const now = await machinesOf(bench)
    for (const machine of now)
      if (!machines.some((one) => nameOf(one) === nameOf(machine))) made.add(nameOf(machine))
    const staying = now.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    if (staying.length > 3) broken.add(`${staying.length} machines of three`)
    const nodes = new Set((await tenant.kubernetes.list(Node)).items.map(({ metadata }) => metadata.name))
    for (const machine of machines) {
      if (nodes.has(nameOf(machine))) continue
      const vm = await findVm(bench, machine).catch(() => undefined)
      if (vm && (await runs(vm.node, vm.vmid))) broken.add(`Node ${nameOf(machine)} is gone and its VM runs`)
    }
  }
  const looking = (async () => {
    while (!isOver) {
      await look()
      await sleep(100)
    }
  })()
  return {
    end: async () => {
      isOver = true
      await looking
      if (made.size > 1) broken.add(`${made.size} machines were made for one`)
      return [...broken]
    },
  }
}

/** One machine is another than before, two are the same. */
async function requireOneReplaced(before: readonly MachineLike[], lost: MachineLike): Promise<void> {
  const kept = new Set(before.map(nameOf))
  await eventually('it is replaced', 120_000, async () => {
    const now = await machinesOf(bench)
    assert.ok(!now.some((machine) => nameOf(machine) === nameOf(lost)), 'it is gone')
    assert.deepEqual(now.map(isReady), [true, true, true])
    assert.equal(now.filter((machine) => kept.has(nameOf(machine))).length, 2)
  })
}

test('of a pool of three the one whose VM is destroyed is replaced, and no other', async () => {
  const before = await steady()
  const [lost] = before
  assert.ok(lost)
  const watching = watch(before)
  await destroyByHand(bench, lost)
  await requireOneReplaced(before, lost)
  assert.deepEqual(await watching.end(), [])
  await eventually('an Event says so', 60_000, async () => {
    assert.match(JSON.stringify(await ask(bench, 'GET', '/api/v1/events')), /MachineReplaced/)
  })
})

test('a machine whose kubelet falls silent is replaced: its VM is seen stopped before its Node goes', async () => {
  const before = await steady()
  const [lost] = before
  assert.ok(lost)
  const watching = watch(before)
  await faults.add({ on: { backEnd: 'proxmox', vmid: lost.spec.vmid }, what: { kind: 'kubelet-stops' } })
  await requireOneReplaced(before, lost)
  await faults.clear()
  assert.deepEqual(await watching.end(), [])
})

test('a host that is cut off for minutes costs no machine, for nobody knows whether its VMs run', async () => {
  const before = await steady()
  const [lost] = before
  assert.ok(lost)
  const { node } = await findVm(bench, lost)
  await faults.add({ on: { backEnd: 'proxmox', node }, what: { kind: 'host-lost', vms: 'run' } })
  // Minutes, by the controllers' clock.
  await sleep(12_000)
  await faults.clear()
  const after = await steady()
  assert.deepEqual(after.map(nameOf).sort(), before.map(nameOf).sort())
})

const poolOf = async (name: string): Promise<PoolLike> =>
  (await ask(bench, 'GET', `${ours}/namespaces/default/nodepools/${name}`)) as PoolLike

/** What a pool says of itself. */
async function requireSaid(pool: string, reason: string, words: RegExp): Promise<void> {
  const said = (await poolOf(pool)).status?.conditions?.find(({ type }) => type === 'Ready')
  assert.deepEqual([said?.reason, words.test(said?.message ?? '')], [reason, true], said?.message)
}

test('with more kubelets silent than may be nothing is replaced, and it is said; they come back, and all is well', async () => {
  const before = await steady()
  const silence = (vmid?: number): Promise<void> =>
    faults.add({ on: { backEnd: 'proxmox', vmid }, what: { kind: 'kubelet-stops' } })
  await Promise.all(before.slice(1).map(({ spec }) => silence(spec.vmid)))
  await eventually('the pool says that too many are unhealthy', 60_000, () =>
    requireSaid(POOL, 'TooManyUnhealthy', /2 machines are unhealthy and at most 1 may be .*maxUnhealthy/),
  )
  await faults.clear()
  const after = await steady()
  assert.deepEqual(after.map(nameOf).sort(), before.map(nameOf).sort())
})

/** When the machines of a pool's last row of failures were replaced, by the controllers' clock: a watch misses none, however busy the machine. */
const rows = new Map<string, Map<number, number>>()
const pools = createInformer(kubernetes, defineKind<PoolLike>(nodePoolKind))
pools.subscribe(({ object: { metadata, status } }) => {
  const { count, since = '' } = status?.failures ?? {}
  if (count === undefined) return
  const row = count === 1 ? new Map<number, number>() : (rows.get(metadata.name) ?? new Map<number, number>())
  rows.set(metadata.name, row.set(count, Date.parse(since)))
})
pools.start()
after(() => pools.stop())
const rowOf = (pool: string): number[] => [...(rows.get(pool)?.values() ?? [])]

/** Those of the first pool, which fall silent all at once while another pool has machines that never join. */
let silenced: readonly MachineLike[] = []

test('machines that never join are replaced one after the other with a pause, and after the third no more', async () => {
  silenced = await steady()
  const pool = 'never'
  const path = `${ours}/namespaces/default/nodepools`
  // Each of its VMs has a kubelet that stands still from its beginning, however fast it boots: their VMIDs are known beforehand.
  const vmidRange = { start: 7000, end: 7009 }
  await ask(bench, 'PATCH', `${ours}/proxmoxclusters/lab`, { spec: { vmidRange } })
  for (let vmid = vmidRange.start; vmid <= vmidRange.end; vmid += 1)
    await faults.add({ on: { backEnd: 'proxmox', vmid }, what: { kind: 'kubelet-stops' } })
  // Of these none may be silent for a moment only.
  await ask(bench, 'PATCH', `${path}/${POOL}`, {
    spec: { health: { maxUnhealthy: silenced.length, unhealthyAfter: '60s' } },
  })
  for (const { spec } of silenced)
    await faults.add({ on: { backEnd: 'proxmox', vmid: spec.vmid }, what: { kind: 'kubelet-stops' } })
  await ask(bench, 'POST', path, {
    apiVersion: 'fochista.dev/v1alpha1',
    kind: 'NodePool',
    metadata: { name: pool },
    spec: { clusterName: POOL, className: 'small', replicas: 1, health: { nodeStartupTimeout: '5s' } },
  })
  const made = new Set<string>()
  const own = async (): Promise<MachineLike[]> =>
    (await machinesOf(bench)).filter(({ spec }) => spec.nodePoolName === pool)
  const look = async (): Promise<void> => {
    for (const machine of await own()) made.add(nameOf(machine))
  }
  await eventually('the pool gives up', 90_000, async () => {
    await look()
    await requireSaid(
      pool,
      'JoinFailing',
      /3 machines in a row did not join; the last is left to be looked at/,
    )
  })
  // A minute and more, by the controllers' clock.
  const end = Date.now() + 3500
  while (Date.now() < end) await look()
  assert.equal(made.size, 3, [...made].join(' '))
  const [first = 0, second = 0, ...more] = rowOf(pool)
  assert.deepEqual(more, [])
  assert.ok(second - first >= 29_000, `the second after ${second - first} ms`)
  await ask(bench, 'DELETE', `${path}/${pool}`)
  await eventually('it goes with its machine', 60_000, async () => assert.deepEqual(await own(), []))
})

test('machines that fell silent meanwhile go one after the other: at once, after half a minute, after a minute', async () => {
  await eventually('all three are replaced', 120_000, () => {
    assert.equal(rowOf(POOL).length, silenced.length)
    return Promise.resolve()
  })
  const [first = 0, second = 0, third = 0] = rowOf(POOL)
  // A second is what a time stamp leaves out.
  assert.ok(second - first >= 29_000, `the second after ${second - first} ms`)
  assert.ok(third - second >= 59_000, `the third after ${third - second} ms`)
  await ask(bench, 'PATCH', `${ours}/namespaces/default/nodepools/${POOL}`, {
    spec: { health: { maxUnhealthy: null, unhealthyAfter: PATIENCE } },
  })
  await faults.clear()
})

test('VMs that vanish all at once are not believed to be gone: nothing is replaced, and it is said', async () => {
  const before = await steady()
  // What takes time here is at once for the controllers, which do not see it.
  await stopControllers()
  await Promise.all(before.map((machine) => destroyByHand(bench, machine)))
  await startFastControllers(bench, pace)
  await eventually('the Proxmox cluster and its machines say so', 60_000, async () => {
    const { status } = (await ask(bench, 'GET', `${ours}/proxmoxclusters/lab`)) as MachineLike
    assert.ok(
      status?.conditions?.some(({ type, status: is }) => type === 'InventorySuspect' && is === 'True'),
    )
    for (const machine of await machinesOf(bench))
      assert.match(JSON.stringify(machine.status), /have vanished at once.*delete their Machines/)
  })
  assert.deepEqual((await machinesOf(bench)).map(nameOf).sort(), before.map(nameOf).sort())
})
