import { createMissingVms } from '../../packages/controllers/src/machine/vanished.ts'
import { TenantControlPlane, type DrainResult } from '@fochista/kamaji'
import { Namespace } from '@fochista/kubernetes'
import { createControllers } from '../../packages/controllers/src/controllers.ts'
import { MachineClasses, Machines, NodePools, ProxmoxClusters } from '../../packages/controllers/src/kinds.ts'
import { createMachineIndex } from '../../packages/controllers/src/machine-index.ts'
import {
  createConnection,
  createConnections,
} from '../../packages/controllers/src/proxmox-cluster/connections.ts'
import { createBackground } from '../../packages/controllers/src/runtime/background.ts'
import { systemClock as clock } from '../../packages/controllers/src/runtime/clock.ts'
import { createVoice } from '../../packages/controllers/src/runtime/conditions.ts'
import { createFreshReader } from '../../packages/controllers/src/runtime/fresh.ts'
import { silentLogger } from '../../packages/controllers/src/runtime/logger.ts'
import { createKeyedMutex } from '../../packages/controllers/src/runtime/mutex.ts'
import {
  aClass,
  aControlPlane,
  aHost,
  aPool,
  aProxmoxCluster,
  aStorage,
  GIB,
  INSTALLATION,
  NAMESPACE,
} from '../../packages/controllers/src/test/factories.ts'
import { createFakeKubernetes } from '../../packages/controllers/src/test/fake-kubernetes.ts'
import { createFakeProxmox } from '../../packages/controllers/src/test/fake-proxmox.ts'
import { createFakeTenant } from '../../packages/controllers/src/test/fake-tenant.ts'
import type { World } from '../../packages/controllers/src/world.ts'

const POOL = 100

/**
 * Brings so many machines from declared to Ready, in pools of a hundred, with back ends in memory whose tasks end at once and whose guests
 * join when they are started. @returns processor time, seconds
 */
export async function wayOf(machines: number): Promise<number> {
  const management = createFakeKubernetes(clock)
  const proxmox = createFakeProxmox(clock)
  const tenant = createFakeTenant(clock)
  management.has(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  management.has(MachineClasses, aClass())
  management.has(
    ProxmoxClusters,
    aProxmoxCluster({
      spec: { vmidRange: { start: 10_000, end: 99_999 }, limits: { clonesPerStorage: 16 } },
    }),
  )
  management.has(TenantControlPlane, aControlPlane())
  const { kubernetes } = management
  const caches = {
    proxmoxClusters: management.informer(ProxmoxClusters),
    machineClasses: management.informer(MachineClasses),
    nodePools: management.informer(NodePools),
    machines: management.informer(Machines),
    controlPlanes: management.informer(TenantControlPlane),
    namespaces: management.informer(Namespace),
  }
  const connections = createConnections()
  // A guest joins as soon as its VM is started.
  const start = proxmox.hypervisor.start.bind(proxmox.hypervisor)
  proxmox.hypervisor.start = async (vm) => {
    const upid = await start(vm)
    const machine = management.read(Machines, String(proxmox.config(vm.vmid)['name']), NAMESPACE)
    if (machine) setImmediate(() => tenant.joins(machine))
    return upid
  }
  connections.set(
    createConnection({
      name: 'dc1',
      hypervisor: proxmox.hypervisor,
      observer: { ...proxmox.observer, ...roomyInventory(proxmox) },
      storages: () => proxmox.storages,
      clock,
      emit: (event) => connections.emit(event),
    }),
  )
  const silent = (): void => undefined
  const world: World = {
    kubernetes,
    installation: INSTALLATION,
    clock,
    logger: silentLogger,
    voice: createVoice({ clock, recorder: { say: silent, flush: () => Promise.resolve() } }),
    caches,
    machines: createFreshReader(kubernetes, Machines, caches.machines),
    nodePools: createFreshReader(kubernetes, NodePools, caches.nodePools),
    connections,
    tenants: tenant.tenants,
    drains: createBackground<DrainResult>(silent),
    missing: createMissingVms(),
    drifted: new Set(),
    placing: createKeyedMutex(),
    failures: new Map(),
  }
  const controllers = createControllers({
    world,
    index: createMachineIndex(caches.machines),
    proxmoxClusters: { reconcile: () => Promise.resolve(undefined), close: () => Promise.resolve() },
  })
  let ready = 0
  const all = new Promise<void>((resolve) =>
    caches.nodePools.subscribe(() => {
      ready = caches.nodePools.list().reduce((sum, { status }) => sum + (status?.readyReplicas ?? 0), 0)
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
function roomyInventory({ observer, storages }: ReturnType<typeof createFakeProxmox>): object {
  let vms = observer.vms()
  let at = clock.now()
  const hosts = ['pve1', 'pve2']
  return {
    vms: () => {
      if (clock.now() - at > 1000) {
        vms = observer.vms()
        at = clock.now()
      }
      return vms
    },
    nodes: () => hosts.map((host) => aHost(host, { maxmem: 2 ** 30 * GIB })),
    storages: () =>
      hosts.flatMap((host) => storages.map(({ name }) => aStorage(name, host, { maxdisk: 2 ** 20 * GIB }))),
  }
}
