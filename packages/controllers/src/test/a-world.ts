import type { Machine, MachineClass, NodePool, ProxmoxCluster } from '@fochista/api'
import { TenantControlPlane, type DrainResult } from '@fochista/kamaji'
import { Event, Namespace } from '@fochista/kubernetes'
import { MachineClasses, Machines, NodePools, ProxmoxClusters } from '../kinds.ts'
import { reconcileMachine } from '../machine/controller.ts'
import { createContext, type MachineContext, type StepResult } from '../machine/context.ts'
import { createRetries } from '../machine/retries.ts'
import { createMissingVms } from '../machine/vanished.ts'
import { createConnection, createConnections } from '../proxmox-cluster/connections.ts'
import { createBackground } from '../runtime/background.ts'
import type { Clock } from '../runtime/clock.ts'
import { createVoice } from '../runtime/conditions.ts'
import { createFreshReader } from '../runtime/fresh.ts'
import { keyOf } from '../runtime/keys.ts'
import { silentLogger } from '../runtime/logger.ts'
import { createKeyedMutex } from '../runtime/mutex.ts'
import { createRecorder } from '../runtime/recorder.ts'
import type { World } from '../world.ts'
import { aClass, aControlPlane, aPool, aProxmoxCluster, INSTALLATION, NAMESPACE } from './factories.ts'
import { createFakeKubernetes } from './fake-kubernetes.ts'
import { createFakeProxmox } from './fake-proxmox.ts'
import { createFakeTenant } from './fake-tenant.ts'
import { createManualClock } from './manual-clock.ts'

/** What stands in the management cluster at first; null for nothing. */
export interface Given {
  pool?: NodePool | null
  machineClass?: MachineClass | null
  proxmoxCluster?: ProxmoxCluster | null
  controlPlane?: TenantControlPlane | null
}

/** Both back ends and a tenant, faked at the smallest interface, and the world that joins them, on a clock that is moved. */
export const aWorld = (given: Given = {}) => aWorldOn(createManualClock(), given)

/** The same on any clock. */
export function aWorldOn<C extends Clock>(clock: C, given: Given = {}) {
  const management = createFakeKubernetes(clock)
  const proxmox = createFakeProxmox(clock)
  const tenant = createFakeTenant(clock)
  management.has(Namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE, labels: { tier: 'gold' } },
  })
  const { pool = aPool(), machineClass = aClass(), proxmoxCluster = aProxmoxCluster() } = given
  const { controlPlane = aControlPlane() } = given
  if (pool) management.has(NodePools, pool)
  if (machineClass) management.has(MachineClasses, machineClass)
  if (proxmoxCluster) management.has(ProxmoxClusters, proxmoxCluster)
  if (controlPlane) management.has(TenantControlPlane, controlPlane)

  const { kubernetes } = management
  const recorder = createRecorder({ kubernetes, clock, logger: silentLogger })
  const caches = {
    proxmoxClusters: management.informer(ProxmoxClusters),
    machineClasses: management.informer(MachineClasses),
    nodePools: management.informer(NodePools),
    machines: management.informer(Machines),
    controlPlanes: management.informer(TenantControlPlane),
    namespaces: management.informer(Namespace),
  }
  const connections = createConnections()
  const connect = (): void =>
    connections.set(
      createConnection({
        name: 'dc1',
        hypervisor: proxmox.hypervisor,
        observer: proxmox.observer,
        storages: () => proxmox.storages,
        clock,
        emit: (event) => connections.emit(event),
      }),
    )
  connect()
  const woken: string[] = []
  /** A process that has just begun: it remembers nothing. */
  const fresh = (): World => ({
    kubernetes,
    installation: INSTALLATION,
    clock,
    logger: silentLogger,
    voice: createVoice({ clock, recorder }),
    caches,
    machines: createFreshReader(kubernetes, Machines, caches.machines),
    nodePools: createFreshReader(kubernetes, NodePools, caches.nodePools),
    connections,
    tenants: tenant.tenants,
    drains: createBackground<DrainResult>((key) => woken.push(key), clock),
    missing: createMissingVms(),
    retries: createRetries(clock),
    drifted: new Set(),
    placing: createKeyedMutex(),
  })
  let world = fresh()
  const { signal } = new AbortController()

  return {
    clock,
    management,
    proxmox,
    tenant,
    caches,
    connections,
    woken,
    get world() {
      return world
    },
    /** All that a process remembers is lost, and so are its clone slots. */
    dies: () => {
      connect()
      world = fresh()
    },
    has: (machine: Machine): Machine => management.has(Machines, machine),
    machine: (name = 'workers-x7k2b'): Machine => {
      const machine = management.read(Machines, name, NAMESPACE)
      if (!machine) throw new Error(`no machine ${name}`)
      return machine
    },
    isGone: (name = 'workers-x7k2b'): boolean => management.read(Machines, name, NAMESPACE) === undefined,
    /** What one step says of a machine, and the context in which it said it. */
    step: async (
      run: (context: MachineContext) => Promise<StepResult>,
      machine: Machine,
    ): Promise<StepResult & { context: MachineContext }> => {
      const now = await world.machines.get(keyOf(machine))
      if (!now) throw new Error('the machine is gone')
      const context = createContext(world, now, signal)
      return { ...(await run(context)), context }
    },
    /** One look at a machine. */
    look: (machine: Machine) => reconcileMachine(world, keyOf(machine), signal),
    /** So many looks at a machine, as its queue would give them. */
    looks: async (machine: Machine, count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn += 1) await reconcileMachine(world, keyOf(machine), signal)
    },
    condition: (type: string, name = 'workers-x7k2b') =>
      management.read(Machines, name, NAMESPACE)?.status?.conditions?.find((one) => one.type === type),
    /** Reasons of all Events so far. */
    events: async (): Promise<string[]> => {
      await recorder.flush()
      return management.all(Event).map(({ reason }) => reason ?? '')
    },
  }
}
