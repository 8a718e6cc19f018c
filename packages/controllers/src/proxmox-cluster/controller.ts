import { ANNOTATION_UNFENCE, FINALIZER, proxmoxClusterCan, type ProxmoxCluster } from '@fochista/api'
import {
  createObserver,
  createPacer,
  createProxmox,
  type Observer,
  type Pacer,
  type Proxmox,
  type ProxmoxConfig,
} from '@fochista/proxmox'
import { ProxmoxClusters } from '../kinds.ts'
import { copyOf } from '../runtime/copy.ts'
import { addFinalizer, hasFinalizer, isDeleting, removeFinalizer } from '../runtime/finalizers.ts'
import { patchIfChanged } from '../runtime/patch.ts'
import type { Result } from '../runtime/queue.ts'
import type { World } from '../world.ts'
import { CredentialsError, holdSecret, readAccess } from './connect.ts'
import {
  createConnection,
  poolNameOf,
  type ClusterConnection,
  type ConnectionRegistry,
} from './connections.ts'
import { createHypervisor, type StorageConfig, type WritesAllowed } from './hypervisor.ts'
import { createFence, fencePool, type Fence } from './fence.ts'
import { createKeptRights, type KeptRights } from './rights-kept.ts'
import { describeMissing, rightsNeeded } from './rights.ts'
import { sayFailure, sayState, type Facts } from './say.ts'

/** How often a Proxmox cluster is looked at without a word from anywhere. */
const LOOK_MS = 60_000
/** How often an unreachable one is tried. */
const RETRY_MS = 5000
/** How often its version is asked for. */
const FACTS_MS = 600_000

/** Who has been silent for so long has put machines off for longer than anybody should wait once it answers again, milliseconds. */
const LONG_SILENCE_MS = 5000

/** What a look at the fence asks: its stamp is read and made anew. */
const FENCE_REQUESTS = 2

/** What the controller of ProxmoxClusters needs beside the world. */
export interface ProxmoxClusterConfig {
  readonly world: World
  readonly registry: ConnectionRegistry
  /** Asked before each write to Proxmox. */
  readonly writesAllowed: (cluster: string) => ReturnType<WritesAllowed>
  /** Pause between two looks of the observer, milliseconds. @default 2000 */
  readonly observeMs?: number | undefined
  /** Makes the client. @default createProxmox */
  readonly connect?: ((config: ProxmoxConfig, name: string) => Proxmox) | undefined
}

/** A connection, and what was found out through it. */
interface Entry {
  readonly identity: string
  readonly proxmox: Proxmox
  readonly observer: Observer
  readonly pacer: Pacer
  readonly connection: ClusterConnection
  readonly fence: Fence
  storages: StorageConfig[]
  storagesAt: number
  readonly rights: KeptRights
  facts: (Facts & { readonly at: number }) | undefined
}

/** Connects to the Proxmox clusters, checks our rights there, and says what there is. */
export interface ProxmoxClusterController {
  reconcile(key: string, signal: AbortSignal): Promise<Result | undefined>
  /** Closes all connections. */
  close(): Promise<void>
}

/** Makes the controller. */
export function createProxmoxClusterController(config: ProxmoxClusterConfig): ProxmoxClusterController {
  const { world, registry, writesAllowed, observeMs, connect = createProxmox } = config
  const { kubernetes, caches, clock } = world
  const entries = new Map<string, Entry>()

  const disconnect = async (name: string): Promise<void> => {
    const entry = entries.get(name)
    entries.delete(name)
    registry.remove(name)
    entry?.observer.stop()
    await entry?.proxmox.close()
  }

  /** The connection by what object and Secret say today; one made by what they said earlier is closed. */
  const entryOf = async (cluster: ProxmoxCluster): Promise<Entry> => {
    const { name } = cluster.metadata
    const access = await readAccess(kubernetes, cluster)
    const known = entries.get(name)
    if (known?.identity === access.identity) return known
    await disconnect(name)
    const proxmox = open(access.config, name)
    const fence = createFence({
      kubernetes,
      proxmox,
      installation: world.installation,
      clusterName: name,
      clock,
      mayStamp: () => writesAllowed(name) === undefined,
    })
    const pacer = createPacer({ clock })
    let isSilent = false
    const observer = createObserver(proxmox, {
      clock,
      pacer,
      ...(observeMs === undefined ? {} : { intervalMs: observeMs }),
      onError: () => {
        if (!isSilent) registry.emit({ type: 'silence', cluster: name })
        isSilent = true
      },
      onAnswer: (silentMs) => {
        isSilent = false
        if (silentMs >= LONG_SILENCE_MS && registry.get(name))
          registry.emit({ type: 'connection', cluster: name })
      },
    })
    const hypervisor = createHypervisor(proxmox, () => writesAllowed(name) ?? fence.whyNot())
    const entry: Entry = {
      identity: access.identity,
      proxmox,
      observer,
      pacer,
      rights: createKeptRights({ hypervisor, pacer, clock }),
      connection: createConnection({
        name,
        hypervisor,
        observer,
        pacer,
        storages: () => entry.storages,
        clock,
        emit: (event) => registry.emit(event),
      }),
      fence,
      storages: [],
      storagesAt: Number.NEGATIVE_INFINITY,
      facts: undefined,
    }
    entries.set(name, entry)
    observer.start()
    return entry
  }

  /** What no client can be made from was written by a person: an edit cures it, trying again does not. */
  const open = (access: ProxmoxConfig, name: string): Proxmox => {
    try {
      return connect(access, name)
    } catch (error) {
      throw error instanceof TypeError ? new CredentialsError(error.message) : error
    }
  }

  /** What is asked once in a while: storages, version, rights. */
  const ask = async (cluster: ProxmoxCluster, entry: Entry): Promise<void> => {
    const { hypervisor } = entry.connection
    const now = clock.now()
    if (now - entry.storagesAt >= LOOK_MS) {
      if (entry.facts) entry.pacer.charge(1)
      entry.storages = await hypervisor.storageConfig()
      entry.storagesAt = now
    }
    const namespaces = [
      ...new Set(caches.nodePools.list().map(({ metadata }) => metadata.namespace ?? 'default')),
    ]
    const needed = rightsNeeded(
      cluster,
      caches.machineClasses.list(),
      namespaces.map((namespace) => poolNameOf(cluster, namespace)),
      fencePool(world.installation),
      entry.observer.vms(),
    )
    const missing = await entry.rights.missing(needed)
    const isOld = !entry.facts || now - entry.facts.at >= FACTS_MS
    const version = isOld ? await hypervisor.version() : (entry.facts?.version ?? '')
    entry.facts = {
      at: isOld ? now : (entry.facts?.at ?? now),
      version,
      missing: missing.length > 0 ? describeMissing(missing) : '',
    }
  }

  /** @param inUse Why it may not go although it should; said instead of what else there is to say. */
  const look = async (cluster: ProxmoxCluster, inUse?: string): Promise<Result> => {
    try {
      const entry = await entryOf(cluster)
      // What the observer saw of late is good enough; without that, its failure is ours to tell.
      if (entry.observer.error !== undefined || entry.observer.age() > LOOK_MS) await entry.observer.refresh()
      await ask(cluster, entry)
      if (!cluster.spec.paused && registry.get(cluster.metadata.name)) entry.pacer.charge(FENCE_REQUESTS)
      const fence = cluster.spec.paused ? undefined : await entry.fence.check(cluster)
      if (fence?.state === 'open' && cluster.metadata.annotations)
        delete cluster.metadata.annotations[ANNOTATION_UNFENCE]
      if (!registry.get(cluster.metadata.name)) registry.set(entry.connection)
      sayState(world, cluster, entry, fence, inUse)
      return { requeueAfterMs: LOOK_MS }
    } catch (error) {
      if (error instanceof CredentialsError) await disconnect(cluster.metadata.name)
      sayFailure(world, cluster, error, RETRY_MS, inUse)
      return { requeueAfterMs: RETRY_MS }
    }
  }

  /** Lets it go, unless it is in use. @returns why it may not go */
  const takeLeave = async (cluster: ProxmoxCluster): Promise<string | undefined> => {
    const inUse = proxmoxClusterCan.delete.reason(
      { ...cluster, metadata: { ...cluster.metadata, deletionTimestamp: undefined } },
      world.machines.list(),
    )
    if (inUse !== undefined) return `${inUse}. Delete their pools first.`
    const shares = caches.proxmoxClusters
      .list()
      .some(
        (other) =>
          other.metadata.name !== cluster.metadata.name &&
          other.spec.credentialsRef.name === cluster.spec.credentialsRef.name,
      )
    if (!shares) await holdSecret(kubernetes, cluster, false)
    await disconnect(cluster.metadata.name)
    removeFinalizer(cluster, FINALIZER)
    return undefined
  }

  return {
    reconcile: async (key) => {
      const before = caches.proxmoxClusters.get(undefined, key.slice(1))
      if (!before) {
        await disconnect(key.slice(1))
        return undefined
      }
      const cluster = copyOf(before)
      let inUse: string | undefined
      if (isDeleting(cluster)) {
        if (!hasFinalizer(cluster, FINALIZER)) return undefined
        inUse = await takeLeave(cluster)
        if (inUse === undefined) {
          await patchIfChanged(kubernetes, ProxmoxClusters, before, cluster)
          return undefined
        }
      } else if (!hasFinalizer(cluster, FINALIZER)) addFinalizer(cluster, FINALIZER)
      else await holdSecret(kubernetes, cluster, true)
      const result = await look(cluster, inUse)
      if (cluster.metadata.generation !== undefined)
        (cluster.status ??= {}).observedGeneration = cluster.metadata.generation
      await patchIfChanged(kubernetes, ProxmoxClusters, before, cluster)
      // A finalizer that was just put on is followed by the Secret's.
      return hasFinalizer(before, FINALIZER) ? result : { requeueAfterMs: 0 }
    },
    close: async () => {
      await Promise.all([...entries.keys()].map(disconnect))
    },
  }
}
