import { keyOf, splitKey } from './runtime/keys.ts'
import { reconcileMachineClass } from './machine-class/controller.ts'
import { reconcileMachine } from './machine/controller.ts'
import { failingCall } from './machine/failing-call.ts'
import { isUnlisted } from './machine/kept.ts'
import { createNodePoolReconciler } from './node-pool/controller.ts'
import type { ProxmoxClusterController } from './proxmox-cluster/controller.ts'
import type { Health } from './health/health.ts'
import {
  createController,
  type Controller,
  type ControllerConfig,
  type Source,
} from './runtime/controller.ts'
import { differs, isMoreThanStatus, type Change } from './runtime/news.ts'
import type { FreshReader } from './runtime/fresh.ts'
import { outageOf } from './runtime/outage.ts'
import type { Machine, NodePool } from '@fochista/api'
import type { Informer, KubernetesObject } from '@fochista/kubernetes'
import type { World } from './world.ts'
import {
  inPool,
  inProxmoxCluster,
  ofControlPlane,
  unmadeOfClass,
  withTask,
  withVmid,
} from './machine-groups.ts'
import type { Grouping } from './runtime/groups.ts'

/** Everything that runs: each kind's loop, and what wakes it. */
export function createControllers(config: {
  world: World
  proxmoxClusters: ProxmoxClusterController
  /** Machines that are worked on at once. @default 16 */
  concurrency?: number | undefined
  /** Hears of each look. */
  health?: Health | undefined
}): Controller[] {
  const { world, proxmoxClusters, concurrency = 16, health } = config
  const { caches, clock, logger, connections, tenants } = world
  const machinesBy = (grouping: Grouping<Machine>, group: string): string[] =>
    world.machines.by(grouping, group).map(keyOf)
  const machinesOfCluster = (name: string): string[] => machinesBy(inProxmoxCluster, name)
  const make = (definition: Omit<ControllerConfig, 'onLook'>): Controller =>
    createController({
      causeOf: (_key, error) => outageOf(error),
      ...definition,
      onLook: (seconds, isFailure) => health?.looked(definition.name, seconds, isFailure),
    })
  return [
    make({
      name: 'proxmox-cluster',
      sources: [
        each(caches.proxmoxClusters, (cluster) => [keyOf(cluster)], isMoreThanStatus),
        each(caches.machineClasses, ({ spec }) => [`/${spec.proxmoxClusterName}`], isMoreThanStatus),
        (add) =>
          connections.subscribe((event) => {
            if (event.type === 'silence') add(`/${event.cluster}`)
          }),
        // One that is being deleted waits for its last Machine.
        each(caches.machines, ({ spec }) =>
          caches.proxmoxClusters.get(undefined, spec.proxmoxCluster)?.metadata.deletionTimestamp
            ? [`/${spec.proxmoxCluster}`]
            : [],
        ),
      ],
      reconcile: (key, signal) => proxmoxClusters.reconcile(key, signal),
      clock,
      logger,
      maxDelayMs: 30_000,
    }),
    make({
      name: 'machine-class',
      sources: [
        each(caches.machineClasses, (machineClass) => [keyOf(machineClass)], isMoreThanStatus),
        // One that is being deleted waits for the last pool that names it.
        each(
          caches.nodePools,
          ({ spec, status }) => [`/${spec.className ?? status?.className ?? ''}`],
          isMoreThanStatus,
        ),
        (add) =>
          connections.subscribe((event) => {
            if (event.type === 'connection') for (const one of caches.machineClasses.list()) add(keyOf(one))
          }),
      ],
      reconcile: (key) => reconcileMachineClass(world, key),
      clock,
      logger,
      maxDelayMs: 30_000,
    }),
    make({
      name: 'node-pool',
      sources: [
        itself(caches.nodePools, world.nodePools),
        (add, addAfter) =>
          caches.machines.subscribe((change) => {
            const { metadata, spec } = change.object
            const key = `${metadata.namespace ?? 'default'}/${spec.nodePoolName}`
            if (isNewsToPool(change)) add(key)
            else addAfter(key, PROGRESS_PAUSE_MS)
          }),
        each(caches.controlPlanes, ({ metadata }) =>
          poolsOfControlPlane(world, metadata.namespace ?? 'default', metadata.name),
        ),
        each(caches.machineClasses, ({ metadata }) => poolsOfClass(world, metadata.name), isMoreThanStatus),
        // Its labels decide which classes it may use.
        each(caches.namespaces, ({ metadata }) => poolsOfNamespace(world, metadata.name)),
        // What a machine leaves of the quota is another pool's.
        (add) =>
          caches.machines.subscribe(({ type, object: { metadata, spec } }) => {
            if (
              type !== 'deleted' ||
              caches.machineClasses.get(undefined, spec.className ?? '')?.spec.quota === undefined
            )
              return
            for (const key of poolsOfNamespace(world, metadata.namespace ?? 'default')) add(key)
          }),
        (add) =>
          connections.subscribe((event) => {
            if (event.type === 'connection') for (const pool of caches.nodePools.list()) add(keyOf(pool))
          }),
      ],
      reconcile: createNodePoolReconciler(world),
      clock,
      logger,
      maxDelayMs: 30_000,
    }),
    make({
      name: 'machine',
      sources: [
        itself(caches.machines, world.machines),
        each(
          caches.nodePools,
          ({ metadata }) => machinesBy(inPool, `${metadata.namespace ?? 'default'}/${metadata.name}`),
          (change) => isMoreThanStatus(change) || isNewsOfCluster(change),
        ),
        each(
          caches.machineClasses,
          ({ metadata }) => machinesBy(unmadeOfClass, metadata.name),
          isMoreThanStatus,
        ),
        each(caches.controlPlanes, ({ metadata }) =>
          machinesBy(ofControlPlane, `${metadata.namespace ?? 'default'}/${metadata.name}`),
        ),
        each(caches.proxmoxClusters, ({ metadata }) => machinesOfCluster(metadata.name), isMoreThanStatus),
        (add) =>
          connections.subscribe((event) => {
            if (event.type === 'silence') return
            if (event.type === 'slot') add(event.key)
            else if (event.type === 'task') for (const key of machinesBy(withTask, event.upid)) add(key)
            else if (event.type === 'connection') for (const key of machinesOfCluster(event.cluster)) add(key)
            else for (const key of machinesBy(withVmid, `${event.cluster}/${event.vmid}`)) add(key)
          }),
        (add) => world.retries.subscribe(add),
        (add) =>
          tenants.subscribe((namespace, cluster, node) => {
            // A tenant may have any number of Nodes that are no machines of ours.
            if (node !== undefined) {
              if (caches.machines.get(namespace, node)) add(`${namespace}/${node}`)
            } else for (const key of machinesBy(ofControlPlane, `${namespace}/${cluster}`)) add(key)
          }),
      ],
      reconcile: (key, signal) => reconcileMachine(world, key, signal),
      // What Proxmox does for none of them is tried by one, and its success is news to all.
      causeOf: (key, error) => {
        const { namespace, name } = splitKey(key)
        const machine = caches.machines.get(namespace, name)
        return (machine && failingCall(machine, error)) ?? outageOf(error)
      },
      clock,
      logger,
      concurrency,
      maxDelayMs: 30_000,
    }),
  ]
}

/** Keys from every change of a kind that is news. */
function each<T extends KubernetesObject>(
  informer: Informer<T>,
  keysOf: (object: T) => readonly string[],
  isNews: (change: Change<T>) => boolean = () => true,
): Source {
  return (add) =>
    informer.subscribe((change) => {
      if (isNews(change)) for (const key of keysOf(change.object)) add(key)
    })
}

/**
 * Each object of a kind when it has changed, but for what a look at it has written: that it knows, and it has said when to look again. A watch
 * may tell of it sooner than the write's own answer does.
 */
function itself<T extends KubernetesObject>(informer: Informer<T>, reader: FreshReader<T>): Source {
  return (add) =>
    informer.subscribe((change) => {
      const { object } = change
      if (isMoreThanStatus(change)) add(keyOf(object))
      else add(keyOf(object), () => !reader.isOwnWrite(object))
    })
}

/**
 * What a pool decides by: its machines as they come, go, fail, get stuck, become Ready or cease to be it, and what others ask of them. How far
 * each is on its way is only counted and told.
 */
function isNewsToPool({ type, object, old }: Change<Machine>): boolean {
  if (type !== 'modified' || !old) return true
  const [now, before] = [object.metadata, old.metadata]
  return (
    now.uid !== before.uid ||
    now.deletionTimestamp !== before.deletionTimestamp ||
    differs(now.annotations, before.annotations) ||
    differs(now.labels, before.labels) ||
    differs(standing(object), standing(old))
  )
}

/** What its conditions come to: what is wrong with it, whether it is Ready, and whether one that was made is still to be looked at. */
function standing({ spec, status: { failure, conditions = [] } = {} }: Machine): unknown[] {
  const telling = conditions.filter(
    (one) => one.type === 'Ready' || one.status === 'False' || isUnlisted(one),
  )
  return [
    spec.made === true && conditions.length === 0,
    failure,
    ...telling.map(({ type, status, reason }) => [type, status, reason]),
  ]
}

/** So much later a pool tells how far its machines are, milliseconds: each of a hundred takes a dozen steps, and a look is at all of them. */
const PROGRESS_PAUSE_MS = 3000

/** Machines are seeded for the cluster that their pool has seen. */
function isNewsOfCluster({ object, old }: Change<NodePool>): boolean {
  return JSON.stringify(object.status?.cluster) !== JSON.stringify(old?.status?.cluster)
}

function poolsOfControlPlane({ caches }: World, namespace: string, name: string): string[] {
  return caches.nodePools
    .list()
    .filter(
      ({ metadata, spec }) => spec.clusterName === name && (metadata.namespace ?? 'default') === namespace,
    )
    .map(keyOf)
}

function poolsOfNamespace({ caches }: World, namespace: string): string[] {
  return caches.nodePools
    .list()
    .filter(({ metadata }) => (metadata.namespace ?? 'default') === namespace)
    .map(keyOf)
}

function poolsOfClass({ caches }: World, name: string): string[] {
  return caches.nodePools
    .list()
    .filter(({ spec, status }) => (spec.className ?? status?.className ?? name) === name)
    .map(keyOf)
}
