import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TenantControlPlane } from '@fochista/kamaji'
import { Lease, Node } from '@fochista/kubernetes'
import { createControllers } from './controllers.ts'
import { Machines, NodePools } from './kinds.ts'
import { createMachineIndex } from './machine-index.ts'
import { aWorld, type Given } from './test/a-world.ts'
import { aClass, NAMESPACE } from './test/factories.ts'

const pool = { name: 'workers', namespace: NAMESPACE }

/** All loops at work, on a clock that is moved: tasks take two seconds, a guest joins ten after its start. */
function atWork(given: Given = {}) {
  const world = aWorld(given)
  world.proxmox.slow = true
  const controllers = createControllers({
    world: world.world,
    index: createMachineIndex(world.caches.machines),
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
  assert.ok(starts >= 3 && starts <= 3 * 22, `${starts} starts in ten minutes`)
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
