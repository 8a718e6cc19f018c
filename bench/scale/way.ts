import { createControllers } from '../../packages/controllers/src/controllers.ts'
import { Machines, NodePools } from '../../packages/controllers/src/kinds.ts'
import { systemClock as clock } from '../../packages/controllers/src/runtime/clock.ts'
import { createVoice } from '../../packages/controllers/src/runtime/conditions.ts'
import { aWorldOn } from '../../packages/controllers/src/test/a-world.ts'
import {
  aHost,
  aPool,
  aProxmoxCluster,
  aStorage,
  GIB,
  NAMESPACE,
} from '../../packages/controllers/src/test/factories.ts'
import type { FakeProxmox } from '../../packages/controllers/src/test/fake-proxmox.ts'

const POOL = 100
/** Tasks that are remembered, as Proxmox lists the latest only. */
const TASKS = 500

/**
 * Brings so many machines from declared to Ready, in pools of a hundred, with back ends in memory whose tasks end at once and whose guests
 * join when they are started. The back ends copy each object that they take or give, as clients do who print and parse it.
 * @returns processor time of the process, its collector of garbage and its compiler included, seconds
 */
export async function wayOf(machines: number): Promise<number> {
  const { world, management, proxmox, tenant, caches } = aWorldOn(clock, {
    pool: null,
    proxmoxCluster: aProxmoxCluster({
      spec: { vmidRange: { start: 10_000, end: 99_999 }, limits: { clonesPerStorage: 16 } },
    }),
  })
  Object.assign(proxmox.observer, roomyInventory(proxmox))
  // A guest joins as soon as its VM is started.
  const start = proxmox.hypervisor.start.bind(proxmox.hypervisor)
  proxmox.hypervisor.start = async (vm) => {
    const upid = await start(vm)
    const machine = management.read(Machines, String(proxmox.config(vm.vmid)['name']), NAMESPACE)
    if (machine) setImmediate(() => tenant.joins(machine))
    // What the back ends note for tests would grow with the machines, and be searched for each.
    proxmox.tasks.splice(0, proxmox.tasks.length - TASKS)
    management.calls.length = 0
    tenant.api.calls.length = 0
    return upid
  }
  // Events would stay in the memory of this process, where a cluster has them elsewhere.
  const recorder = { say: () => undefined, flush: () => Promise.resolve() }
  const controllers = createControllers({
    world: { ...world, voice: createVoice({ clock, recorder }) },
    proxmoxClusters: { reconcile: () => Promise.resolve(undefined), close: () => Promise.resolve() },
  })
  let ready = 0
  const all = new Promise<void>((resolve) =>
    caches.nodePools.subscribe(({ object, old }) => {
      ready += (object.status?.readyReplicas ?? 0) - (old?.status?.readyReplicas ?? 0)
      if (ready >= machines) resolve()
    }),
  )
  const before = process.cpuUsage()
  for (const controller of controllers) controller.start()
  for (let rest = machines; rest > 0; rest -= POOL)
    management.has(
      NodePools,
      aPool({ metadata: { name: `pool-${rest}` }, spec: { replicas: Math.min(rest, POOL) } }),
    )
  await all
  const { user, system } = process.cpuUsage(before)
  await Promise.all(controllers.map((controller) => controller.stop()))
  return (user + system) / 1e6
}

/** What an observer gives: the same lists until it looks again, a second later, of hosts with room for everybody. */
function roomyInventory({ observer, storages }: FakeProxmox): object {
  const look = observer.vms.bind(observer)
  let vms = look()
  let at = clock.now()
  const hosts = ['pve1', 'pve2']
  return {
    vms: () => {
      if (clock.now() - at > 1000) {
        vms = look()
        at = clock.now()
      }
      return vms
    },
    nodes: () => hosts.map((host) => aHost(host, { maxmem: 2 ** 30 * GIB })),
    storages: () =>
      hosts.flatMap((host) => storages.map(({ name }) => aStorage(name, host, { maxdisk: 2 ** 20 * GIB }))),
  }
}
