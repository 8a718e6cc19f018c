import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, test } from 'node:test'
import { connectTenant, TenantControlPlane } from '@fochista/kamaji'
import {
  connectionFromEnvironment,
  createInformer,
  createKubernetes,
  defineKind,
  Node,
  type KubernetesObject,
} from '@fochista/kubernetes'
import { createLabFaults } from '../chaos/faults/lab.ts'
import { eventually, example, startBench } from '../harness.ts'

interface PoolObject extends KubernetesObject {
  readonly status?: {
    readyReplicas?: number
    updatedReplicas?: number
    conditions?: { type: string; reason: string }[]
  }
}
interface MachineObject extends KubernetesObject {
  readonly spec: { nodePoolName: string; cores?: number; version?: string; vmid?: number; disk?: number }
  readonly status?: { conditions?: { type: string; status: string; reason: string; message: string }[] }
}

const group = { apiVersion: 'fochista.dev/v1alpha1' }
const Pools = defineKind<PoolObject>({ ...group, kind: 'NodePool', plural: 'nodepools', namespaced: true })
const Machines = defineKind<MachineObject>({
  ...group,
  kind: 'Machine',
  plural: 'machines',
  namespaced: true,
})
const Classes = defineKind({ ...group, kind: 'MachineClass', plural: 'machineclasses', namespaced: false })

const REPLICAS = 2
const RESHAPE = 'fochista.dev/reshape'
const ref = { name: 'workers', namespace: 'default' }
const bench = await startBench()
const faults = createLabFaults(bench)
const kubernetes = createKubernetes(await connectionFromEnvironment(bench.environment))
const machines = createInformer(kubernetes, Machines, { namespace: 'default' })
after(async () => {
  machines.stop()
  await kubernetes.close()
})

const staying = (): MachineObject[] =>
  machines
    .list()
    .filter(({ spec, metadata }) => spec.nodePoolName === 'workers' && !metadata.deletionTimestamp)
const isReady = ({ status }: MachineObject): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
const names = (): string[] =>
  staying()
    .map(({ metadata }) => metadata.name)
    .sort()
const edit = (spec: object): Promise<unknown> => kubernetes.patch(Pools, ref, { spec })

/** How many machines there may be, and how many must be Ready: held against each moment that the watch shows. */
let bounds = { most: Number.POSITIVE_INFINITY, fewest: 0 }
const broken: string[] = []
machines.subscribe(({ type, object, ...change }) => {
  const all = staying()
  const ready = all.filter(isReady).length
  if (all.length > bounds.most) broken.push(`${all.length} machines, at most ${bounds.most} may be`)
  // A Node falls silent by itself where this machine is too busy; what counts is that no Ready one is asked to go then.
  const before = 'old' in change ? (change.old as MachineObject) : undefined
  const isAskedToGo =
    type === 'modified' && object.metadata.deletionTimestamp && !before?.metadata.deletionTimestamp
  if (!isAskedToGo || !before || !isReady(before) || ready >= bounds.fewest) return
  const said = all.map(({ metadata, status }) => {
    const one = status?.conditions?.find((condition) => condition.type === 'Ready')
    return `${metadata.name} ${one?.status} ${one?.reason} ${one?.message}`
  })
  broken.push(
    `${object.metadata.name} was asked to go and left ${ready} Ready, at least ${bounds.fewest} must be: ${said.join('; ')}`,
  )
})

/** Every machine is another one than before, Ready, and the pool says so. */
async function rolled(before: readonly string[]): Promise<void> {
  await eventually('all machines are new and Ready', 120_000, async () => {
    const { status } = await kubernetes.get(Pools, ref)
    assert.deepEqual(
      [status?.updatedReplicas, status?.readyReplicas, staying().filter(isReady).length, staying().length],
      [REPLICAS, REPLICAS, REPLICAS, REPLICAS],
    )
    assert.deepEqual(
      names().filter((name) => before.includes(name)),
      [],
    )
  })
  assert.deepEqual(broken, [])
}

test('a pool takes each change in the gentlest way, within what it allows at every moment', async (t) => {
  const stopServing = await bench.serve()
  await bench.ok(
    'cluster',
    'create',
    'roll',
    '--version',
    'v1.33.0',
    '--replicas',
    '1',
    '--pool',
    `workers=${REPLICAS}`,
    '--apply',
    example('network.yaml'),
    '--timeout',
    '10m',
  )
  machines.start()
  await machines.ready
  bounds = { most: REPLICAS + 1, fewest: REPLICAS }
  const tenant = await connectTenant(
    kubernetes,
    await kubernetes.get(TenantControlPlane, { name: 'roll', namespace: 'default' }),
  )
  const nodes = async (): Promise<Node[]> => (await tenant.kubernetes.list(Node)).items

  await t.test('labels and taints are put on the Nodes that run, and nothing is replaced', async () => {
    const before = names()
    await edit({
      node: {
        labels: { 'example.com/tier': 'gold' },
        taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }],
      },
    })
    await eventually('each Node bears them', 60_000, async () => {
      for (const { metadata, spec } of await nodes()) {
        assert.equal(metadata.labels?.['example.com/tier'], 'gold')
        assert.ok(spec?.taints?.some(({ key, value }) => key === 'dedicated' && value === 'gpu'))
      }
    })
    await edit({ node: null })
    await eventually('each Node has lost them again', 60_000, async () => {
      for (const { metadata, spec } of await nodes()) {
        assert.equal(metadata.labels?.['example.com/tier'], undefined)
        assert.ok(!spec?.taints?.some(({ key }) => key === 'dedicated'))
      }
    })
    assert.deepEqual(names(), before)
  })

  await t.test('an edited class changes and replaces nothing that runs', async () => {
    const before = names()
    await kubernetes.patch(Classes, { name: 'small' }, { spec: { cores: { default: 3 }, tags: ['edited'] } })
    assert.match(
      await bench.ok('pool', 'plan', 'workers'),
      /No machine would be made, changed, replaced or removed/,
    )
    await sleep(2000)
    assert.deepEqual(names(), before)
  })

  await t.test('a larger disk grows while the machines run', async () => {
    const before = names()
    await edit({ disk: '40Gi' })
    await eventually('each VM has it, and the pool says so', 60_000, async () => {
      const { status } = await kubernetes.get(Pools, ref)
      assert.equal(status?.updatedReplicas, REPLICAS)
      for (const { spec } of staying())
        assert.match(await bench.ok('vm', 'config', String(spec.vmid)), /size=40G/)
    })
    assert.deepEqual(names(), before)
    assert.deepEqual(broken, [])
  })

  await t.test('more cores reboot each machine while one more stands in, and each stays', async () => {
    const before = names()
    const plan = JSON.parse(await bench.ok('pool', 'plan', 'workers', '--cores', '4', '-o', 'json')) as {
      reboot: string[]
      replace: string[]
      standIns: number
      most: number
      fewest: number
    }
    assert.deepEqual(
      [plan.reboot.sort(), plan.replace, plan.standIns, plan.most, plan.fewest],
      [before, [], 1, REPLICAS + 1, REPLICAS],
    )
    assert.match(
      await bench.ok('pool', 'plan', 'workers', '--cores', '4'),
      /1 machine would stand in .*none may be missing \(spec\.rollout\.maxUnavailable: 0\)/,
    )
    const boots = new Map(
      (await nodes()).map(({ metadata, status }) => [metadata.name, status?.nodeInfo?.bootID]),
    )
    const looks: Promise<void>[] = []
    const stopLooking = machines.subscribe(({ object: { metadata }, ...change }) => {
      const was = 'old' in change ? (change.old as MachineObject).metadata.annotations : undefined
      if (was?.[RESHAPE] !== 'reboot' || metadata.annotations?.[RESHAPE] !== undefined) return
      const look = async (): Promise<void> => {
        const node = (await nodes()).find((one) => one.metadata.name === metadata.name)
        if (node?.status?.nodeInfo?.bootID === boots.get(metadata.name))
          broken.push(`${metadata.name} was said to be rebooted before its kubelet was back`)
      }
      looks.push(look().catch((error: unknown) => void broken.push(String(error))))
    })
    await edit({ cores: 4, paused: true })
    await eventually('cluster describe says what becomes of each', 60_000, async () => {
      const said = await bench.ok('cluster', 'describe', 'roll')
      for (const name of before) assert.match(said, new RegExp(`^${name} .* rebooted `, 'm'))
    })
    await edit({ paused: false })
    await eventually('all machines have them, and are those that they were', 120_000, async () => {
      const { status } = await kubernetes.get(Pools, ref)
      assert.deepEqual(
        [status?.updatedReplicas, status?.readyReplicas, staying().length],
        [REPLICAS, REPLICAS, REPLICAS],
      )
      assert.deepEqual(names(), before)
    })
    stopLooking()
    assert.equal(looks.length, REPLICAS)
    await Promise.all(looks)
    assert.deepEqual(
      staying().map(({ spec }) => spec.cores),
      Array(REPLICAS).fill(4),
    )
    await eventually('the Nodes say so, and take pods again', 30_000, async () => {
      const all = await nodes()
      assert.deepEqual(
        all.map(({ status, spec }) => [status?.capacity?.['cpu'], spec?.unschedulable ?? false]),
        Array(REPLICAS).fill(['4', false]),
      )
    })
    assert.deepEqual(broken, [])
  })

  await t.test(
    'a rollout by time can be paused half-way, and misses one machine at a time if the pool says so',
    async () => {
      const before = names()
      bounds = { most: REPLICAS, fewest: REPLICAS - 1 }
      await edit({ rollout: { maxSurge: 0, maxUnavailable: 1 } })
      await sleep(1100)
      // It is half-way for as long as the first new machine does not start.
      await faults.add({ on: { backEnd: 'proxmox', task: 'qmstart' }, what: { kind: 'task-hangs' } })
      await bench.ok('pool', 'rollout', 'workers')
      await eventually('the first machine is a new one, and the pool says so', 60_000, async () => {
        assert.ok(names().some((name) => !before.includes(name)))
        const { status } = await kubernetes.get(Pools, ref)
        assert.ok(status?.conditions?.some(({ reason }) => reason === 'RollingOut'))
      })
      await edit({ paused: true })
      await eventually('the pool says that it is paused', 20_000, async () => {
        const { status } = await kubernetes.get(Pools, ref)
        assert.ok(status?.conditions?.some(({ reason }) => reason === 'Paused'))
      })
      const halfWay = names()
      await sleep(2500)
      assert.deepEqual(names(), halfWay)
      assert.match(await bench.ok('pool', 'list', '-o', 'wide'), /Paused: no machine is made or taken away/)
      await faults.clear()
      await edit({ paused: false })
      await rolled(before)
    },
  )

  await t.test('another class and version, and another bootstrap, replace the machines', async () => {
    const before = names()
    await edit({
      className: 'next',
      version: 'v1.33.4',
      bootstrap: { files: [{ path: '/etc/rolled', content: 'out\n' }] },
    })
    await rolled(before)
    assert.deepEqual(
      staying().map(({ spec }) => spec.version),
      Array(REPLICAS).fill('v1.33.4'),
    )
    await eventually('the last Nodes of the old version are gone', 60_000, async () => {
      assert.deepEqual(
        (await nodes()).map(({ status }) => status?.nodeInfo?.kubeletVersion),
        Array(REPLICAS).fill('v1.33.4'),
      )
    })
  })
  await tenant.close()
  await stopServing()
})
