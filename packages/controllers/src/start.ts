import { INSTALLATION_CONFIG_MAP, SYSTEM_NAMESPACE } from '@fochista/api'
import type { DrainResult } from '@fochista/kamaji'
import { TenantControlPlane } from '@fochista/kamaji'
import {
  ConfigMap,
  createInformer,
  createLeaderElection,
  isNotFound,
  Namespace,
  orUndefined,
  type Informer,
  type Kind,
  type Kubernetes,
  type KubernetesObject,
} from '@fochista/kubernetes'
import { createProxmox, type Observer } from '@fochista/proxmox'
import { CLAIM_SWEEP_MS, sweepAddresses } from './placement/sweep.ts'
import { createControllers } from './controllers.ts'
import { MachineClasses, Machines, NodePools, ProxmoxClusters } from './kinds.ts'
import { createRetries } from './machine/retries.ts'
import { createMissingVms } from './machine/vanished.ts'
import { runSweeps } from './orphans/controller.ts'
import { createConnections, type ConnectionRegistry } from './proxmox-cluster/connections.ts'
import { LEASE_NAME } from './proxmox-cluster/fence.ts'
import { createProxmoxClusterController } from './proxmox-cluster/controller.ts'
import { createBackground } from './runtime/background.ts'
import { systemClock, type Clock } from './runtime/clock.ts'
import { createVoice } from './runtime/conditions.ts'
import { createFreshReader } from './runtime/fresh.ts'
import type { Health } from './health/health.ts'
import { withoutManagement } from './runtime/keep.ts'
import type { Logger } from './runtime/logger.ts'
import { createKeyedMutex } from './runtime/mutex.ts'
import { createRecorder } from './runtime/recorder.ts'
import { createTenants } from './tenants/tenants.ts'
import type { Caches, World } from './world.ts'

/**
 * The longest pause of a watch, milliseconds: a management cluster that answers again after minutes is noticed within seconds, and six
 * watches ask a dead one hardly more than once a second.
 */
const LONGEST_WATCH_PAUSE_MS = 4000
/**
 * So long the others wait until each Proxmox cluster was looked at once, milliseconds: else every machine and pool would say at each start
 * that Proxmox cannot be reached, and take it back a moment later.
 */
const FIRST_LOOK_MS = 10_000

/** What the controllers need, and what they may be told. */
export interface ControllersConfig {
  /** The management cluster. */
  readonly kubernetes: Kubernetes
  /** Who we are among the replicas; unique. */
  readonly identity: string
  readonly logger: Logger
  /** False for a process that is alone and need not ask. @default true */
  readonly leaderElection?: boolean
  /** Machines that are worked on at once. @default 16 */
  readonly concurrency?: number | undefined
  readonly clock?: Clock
  /** Hears what is done and in which state it is, for probes and metrics. */
  readonly health?: Health | undefined
}

/** The controllers at work. */
export interface RunningControllers {
  /** Settles when they have ended; rejects with what they could not get over, such as an installation that is not there. */
  readonly done: Promise<void>
  /**
   * The observer of a Proxmox cluster, for whoever reads along in this process: readers cost Proxmox nothing, however many there are.
   * Undefined while we do not lead, or are not connected.
   */
  observer(proxmoxCluster: string): Observer | undefined
  /** Ends them: looks under way come to their end, then the Lease is handed over. */
  stop(): Promise<void>
}

/** `fochista install` was not run in this management cluster. */
export class NotInstalledError extends Error {
  override readonly name = 'NotInstalledError'
}

/**
 * Starts the controllers. They act while they hold the Lease, and read nothing but what `install` and people have put into the management
 * cluster. Throws a NotInstalledError where there is no installation.
 */
export async function startControllers(config: ControllersConfig): Promise<RunningControllers> {
  const { kubernetes, identity, logger, leaderElection = true, clock = systemClock } = config
  const installation = await installationOf(kubernetes)
  const stopping = new AbortController()
  let registry: ConnectionRegistry | undefined
  const lead = (signal: AbortSignal): Promise<void> => {
    registry = createConnections()
    return run({ ...config, clock, installation, registry }, signal)
  }
  const done = leaderElection
    ? createLeaderElection(kubernetes, {
        namespace: SYSTEM_NAMESPACE,
        name: LEASE_NAME,
        identity,
        clock,
        onError: (error) => logger.warn({ err: error }, 'leader election'),
      }).run(stopping.signal, lead)
    : lead(stopping.signal)
  done.catch(() => undefined)
  return {
    done,
    observer: (name) => registry?.get(name)?.observer,
    stop: async () => {
      stopping.abort(new Error('stopping'))
      await done.catch(() => undefined)
    },
  }
}

/** UUID of the installation in a management cluster. Throws a NotInstalledError where there is none. */
export async function installationOf(kubernetes: Kubernetes): Promise<string> {
  const ref = { name: INSTALLATION_CONFIG_MAP, namespace: SYSTEM_NAMESPACE }
  const id = (await orUndefined(isNotFound, kubernetes.get(ConfigMap, ref)))?.data?.['id']
  if (id !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id
  throw new NotInstalledError(
    `ConfigMap "${ref.name}" in namespace ${ref.namespace} names no installation. Run \`fochista install\` first.`,
  )
}

/** Acts until the signal aborts: when we are to stop, or when the Lease is lost. */
async function run(
  config: ControllersConfig & { clock: Clock; installation: string; registry: ConnectionRegistry },
  signal: AbortSignal,
): Promise<void> {
  const { kubernetes, logger, clock, installation, registry, identity, concurrency, health } = config
  const recorder = createRecorder({ kubernetes, clock, logger, identity })
  const follow = <T extends KubernetesObject>(kind: Kind<T>): Informer<T> =>
    createInformer(kubernetes, kind, {
      keep: withoutManagement,
      longestPauseMs: LONGEST_WATCH_PAUSE_MS,
      onError: (error) => logger.warn({ err: error, kind: kind.plural }, 'watch failed, will retry'),
    })
  const caches: Caches = {
    proxmoxClusters: follow(ProxmoxClusters),
    machineClasses: follow(MachineClasses),
    nodePools: follow(NodePools),
    machines: follow(Machines),
    controlPlanes: follow(TenantControlPlane),
    namespaces: follow(Namespace),
  }
  const world: World = {
    kubernetes,
    installation,
    clock,
    logger,
    voice: createVoice({ clock, recorder }),
    caches,
    machines: createFreshReader(kubernetes, Machines, caches.machines),
    nodePools: createFreshReader(kubernetes, NodePools, caches.nodePools),
    connections: registry,
    tenants: createTenants({ kubernetes, logger, clock }),
    drains: createBackground<DrainResult>((key) => machines?.queue.add(key)),
    retries: createRetries(clock),
    missing: createMissingVms(),
    drifted: new Set(),
    placing: createKeyedMutex(),
  }
  const proxmoxClusters = createProxmoxClusterController({
    world,
    registry,
    connect: (access, name) =>
      createProxmox({
        ...access,
        onCall: ({ method, status, ms }) => health?.called(name, method, status, ms / 1000),
      }),
    writesAllowed: (name) => {
      if (signal.aborted) return 'The controllers are stopping, or lead no more.'
      return caches.proxmoxClusters.get(undefined, name)?.spec.paused
        ? `ProxmoxCluster "${name}" is paused.`
        : undefined
    },
  })
  const controllers = createControllers({ world, proxmoxClusters, concurrency, health })
  const machines = controllers.find(({ name }) => name === 'machine')
  const orphans = new Map<string, number>()
  const forgetTenants = caches.controlPlanes.subscribe(({ type, object }) => {
    if (type === 'deleted') world.tenants.forget(object.metadata.namespace ?? 'default', object.metadata.name)
  })
  try {
    const informers = Object.values(caches) as Informer<KubernetesObject>[]
    health?.runs({
      caches: Object.fromEntries(informers.map((informer) => [informer.kind.plural, informer])),
      controllers,
      phases: () => caches.machines.list().map(({ status }) => status?.phase ?? 'Unknown'),
      orphans,
    })
    for (const informer of informers) informer.start()
    // Nothing is judged by half a view of the world.
    await Promise.race([Promise.all(informers.map(({ ready }) => ready)), aborted(signal)])
    if (signal.aborted) return
    logger.info({ installation }, 'the controllers run')
    const first = controllers.find(({ name }) => name === 'proxmox-cluster')
    first?.start()
    await Promise.race([first?.queue.idle(), pauseOrEnd(clock, FIRST_LOOK_MS, signal)])
    // One that was started is not started again.
    for (const controller of controllers) controller.start()
    const drifted = (key: string): void => {
      world.drifted.add(key)
      machines?.queue.add(key)
    }
    await Promise.all([
      sweepRegularly(world, signal),
      runSweeps(world, { drifted, orphans }, signal),
      aborted(signal),
    ])
  } finally {
    health?.runs(undefined)
    forgetTenants()
    world.retries.stop()
    const stopped = controllers.map((controller) => controller.stop())
    // At once, for whoever waits for a tenant that hangs would wait its turn for minutes. Their signals have aborted by now.
    await Promise.all([...stopped, world.drains.stop(), world.tenants.close()])
    for (const informer of Object.values(caches)) informer.stop()
    await Promise.all([proxmoxClusters.close(), recorder.flush()])
    logger.info({}, 'the controllers have ended')
  }
}

/** Puts address claims and Machines in line, now and then. */
async function sweepRegularly(world: World, signal: AbortSignal): Promise<void> {
  const { clock, logger } = world
  while (!signal.aborted) {
    await sweepAddresses(world).catch((error: unknown) =>
      logger.warn({ err: error }, 'could not put address claims in line, will retry'),
    )
    await clock.sleep(CLAIM_SWEEP_MS, signal).catch(() => undefined)
  }
}

/** Resolves after a while, or when the signal aborts. */
function pauseOrEnd(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return clock.sleep(ms, signal).catch(() => undefined)
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
