import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANNOTATION_PAUSED, setCondition, type Machine } from '@fochista/api'
import { TenantControlPlane } from '@fochista/kamaji'
import { Lease, Node } from '@fochista/kubernetes'
import { createControllers } from './controllers.ts'
import { createHealth } from './health/health.ts'
import { Machines, NodePools } from './kinds.ts'
import { aWorld, type Given } from './test/a-world.ts'
import { aClass, NAMESPACE } from './test/factories.ts'

const pool = { name: 'workers', namespace: NAMESPACE }

/** All loops at work, on a clock that is moved: tasks take two seconds, a guest joins ten after its start. */
function atWork(given: Given = {}) {
  const world = aWorld(given)
  world.proxmox.slow = true
  const looks: string[] = []
  const controllers = createControllers({
    world: world.world,
    health: { ...createHealth(), looked: (name) => void looks.push(name) },
    proxmoxClusters: { reconcile: () => Promise.resolve(undefined), close: () => Promise.resolve() },
  })
  const machineQueue = controllers.find(({ name }) => name === 'machine')?.queue
  for (const controller of controllers) controller.start()
  const started = new Map<string, number>()
  const guests = (): void => {
    for (const machine of world.management.all(Machines)) {
      const { name } = machine.metadata
      if (world.proxmox.vms.get(machine.spec.vmid ?? 0)?.status !== 'running') started.delete(name)
      else started.set(name, started.get(name) ?? world.clock.now())
      const isUp = world.clock.now() - (started.get(name) ?? Number.POSITIVE_INFINITY) >= 10_000
      if (isUp && !world.tenant.api.read(Node, name)) world.tenant.joins(machine)
    }
  }
  return {
    ...world,
    /** So many seconds pass. */
    pass: async (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        await world.clock.advance(1000)
        if (second % 2 === 1) world.proxmox.end()
        guests()
        for (const key of world.woken.splice(0)) machineQueue?.add(key)
      }
    },
    /** How often a loop has looked so far. */
    looks: (loop: string): number => looks.filter((name) => name === loop).length,
    phases: () => world.management.all(Machines).map(({ status }) => status?.phase),
    scale: (replicas: number) =>
      world.management.change(NodePools, pool, (one) => (one.spec.replicas = replicas)),
    stop: () => Promise.all(controllers.map((controller) => controller.stop())),
  }
}

const withAddresses = aClass({
  spec: {
    networks: [
      { bridge: 'vmbr0', addresses: { ranges: [{ start: '10.0.0.10', end: '10.0.0.99' }], prefix: 24 } },
    ],
  },
})

test('a pool comes up, scales up and down, and leaves nothing when its control plane goes', async () => {
  const world = atWork({ machineClass: withAddresses })
  await world.pass(120)
  assert.deepEqual(world.phases(), ['Ready', 'Ready', 'Ready'])
  assert.equal(world.management.read(NodePools, pool.name, pool.namespace)?.status?.readyReplicas, 3)
  assert.equal(world.proxmox.images.size, 0)
  assert.equal(world.tenant.tokens.size, 0)

  world.scale(5)
  await world.pass(120)
  assert.deepEqual(world.phases(), Array(5).fill('Ready'))
  world.scale(1)
  await world.pass(60)
  assert.deepEqual(world.phases(), ['Ready'])
  assert.equal(world.tenant.api.all(Node).length, 1)
  assert.equal(world.management.all(Lease).length, 1)

  const cluster = { name: 'tenant-test', namespace: NAMESPACE }
  world.management.vanish(TenantControlPlane, cluster)
  await world.pass(150)
  assert.deepEqual(world.management.all(Machines), [])
  assert.deepEqual([...world.proxmox.vms.keys()], [9000])
  assert.equal(world.management.all(Lease).length, 0)
  await world.stop()
})

test('at rest the loops write nothing and ask Proxmox nothing', async () => {
  const world = atWork()
  await world.pass(120)
  assert.deepEqual(world.phases(), ['Ready', 'Ready', 'Ready'])
  const { hypervisor } = world.proxmox
  let asked = 0
  for (const name of ['config', 'status', 'task', 'runningTasks'] as const) {
    const original = hypervisor[name].bind(hypervisor) as () => Promise<never>
    hypervisor[name] = () => {
      asked += 1
      return original()
    }
  }
  world.management.calls.length = 0
  await world.pass(300)
  assert.equal(asked, 0)
  assert.deepEqual(
    world.management.calls.filter(({ verb }) => verb !== 'get' && verb !== 'list'),
    [],
  )
  await world.stop()
})

test('what cannot succeed is tried now and then, not all the time', async () => {
  const world = atWork()
  const { hypervisor } = world.proxmox
  let starts = 0
  const original = hypervisor.start.bind(hypervisor)
  hypervisor.start = async (vm) => {
    starts += 1
    const upid = await original(vm)
    const task = world.proxmox.tasks.find((one) => one.upid === upid)
    if (task) task.state = 'start failed: no such bridge'
    return upid
  }
  await world.pass(600)
  // One try each, then one in six seconds for all on one host.
  const hosts = new Set([...world.proxmox.vms.values()].map(({ node }) => node))
  assert.ok(starts >= 3 && starts <= 3 + hosts.size * (600 / 6), `${starts} starts in ten minutes`)
  const writes = world.management.calls.filter(
    ({ verb, plural }) => verb === 'patch' && plural === 'machines',
  )
  assert.ok(writes.length < 600, `${writes.length} writes`)
  await world.stop()
})

test('a pool whose machines cannot be placed neither floods the server nor its people', async () => {
  const world = atWork({ machineClass: aClass({ spec: { template: { vmid: 9000 }, storage: 'nowhere' } }) })
  await world.pass(600)
  assert.ok((await world.events()).length < 30)
  const writes = world.management.calls.filter(({ verb, plural }) => verb !== 'get' && plural !== 'events')
  assert.ok(writes.length < 40, `${writes.length} writes in ten minutes`)
  await world.stop()
})

test('a pool looks at once when a machine fails or is Ready no more, and later at how far one is', async () => {
  const world = atWork()
  await world.pass(120)
  const [machine] = world.management.all(Machines)
  const ref = { name: machine?.metadata.name ?? '', namespace: NAMESPACE }
  // The machine's own loop would put right at once what is said here.
  world.management.change(
    Machines,
    ref,
    ({ metadata }) => (metadata.annotations = { [ANNOTATION_PAUSED]: '' }),
  )
  await world.pass(5)
  const looksAfter = async (
    milliseconds: number,
    change: (one: Machine) => void = () => undefined,
  ): Promise<number> => {
    const before = world.looks('node-pool')
    world.management.change(Machines, ref, change)
    await world.clock.advance(milliseconds)
    return world.looks('node-pool') - before
  }
  const saying = (type: string, status: 'Unknown' | 'False') => (one: Machine) =>
    void setCondition(one, { type, status, reason: 'Test', message: '' }, world.clock.now())
  assert.equal(await looksAfter(2000, saying('Started', 'Unknown')), 0)
  assert.equal(await looksAfter(2000), 1)
  assert.ok((await looksAfter(100, saying('Started', 'False'))) > 0)
  assert.ok((await looksAfter(100, saying('Ready', 'Unknown'))) > 0)
  assert.ok((await looksAfter(100, (one) => (one.metadata.labels = { mine: '' }))) > 0)
  await world.stop()
})
