import { keyOf } from './runtime/keys.ts'
import { reconcileMachineClass } from './machine-class/controller.ts'
import { reconcileMachine } from './machine/controller.ts'
import { createNodePoolReconciler } from './node-pool/controller.ts'
import type { ProxmoxClusterController } from './proxmox-cluster/controller.ts'
import { createController, type Controller, type Source } from './runtime/controller.ts'
import type { Informer, KubernetesObject } from '@fochista/kubernetes'
import type { World } from './world.ts'
import type { MachineIndex } from './machine-index.ts'

/** Everything that runs: each kind's loop, and what wakes it. */
export function createControllers(config: {
  world: World
  index: MachineIndex
  proxmoxClusters: ProxmoxClusterController
  /** Machines that are worked on at once. @default 16 */
  concurrency?: number | undefined
}): Controller[] {
  const { world, index, proxmoxClusters, concurrency = 16 } = config
  const { caches, clock, logger, connections, tenants } = world
  const machinesOfCluster = (name: string): string[] => index.ofProxmoxCluster(name)
  return [
    createController({
      name: 'proxmox-cluster',
      sources: [
        each(caches.proxmoxClusters, (cluster) => [keyOf(cluster)]),
        each(caches.machineClasses, ({ spec }) => [`/${spec.proxmoxClusterName}`]),
        // One that is being deleted waits for its last Machine.
        each(caches.machines, ({ spec, metadata }) =>
          metadata.deletionTimestamp ? [`/${spec.proxmoxCluster}`] : [],
        ),
      ],
      reconcile: (key, signal) => proxmoxClusters.reconcile(key, signal),
      clock,
      logger,
      maxDelayMs: 30_000,
    }),
    createController({
      name: 'machine-class',
      sources: [
        each(caches.machineClasses, (machineClass) => [keyOf(machineClass)]),
        // One that is being deleted waits for the last pool that names it.
        each(caches.nodePools, ({ spec, status }) => [`/${spec.className ?? status?.className ?? ''}`]),
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
    createController({
      name: 'node-pool',
      sources: [
        each(caches.nodePools, (pool) => [keyOf(pool)]),
        each(caches.machines, ({ metadata, spec }) => [
          `${metadata.namespace ?? 'default'}/${spec.nodePoolName}`,
        ]),
        each(caches.controlPlanes, ({ metadata }) =>
          poolsOfControlPlane(world, metadata.namespace ?? 'default', metadata.name),
        ),
        each(caches.machineClasses, ({ metadata }) => poolsOfClass(world, metadata.name)),
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
    createController({
      name: 'machine',
      sources: [
        each(caches.machines, (machine) => [keyOf(machine)]),
        each(caches.nodePools, ({ metadata }) =>
          index.ofPool(metadata.namespace ?? 'default', metadata.name),
        ),
        each(caches.controlPlanes, ({ metadata }) =>
          index.ofControlPlane(metadata.namespace ?? 'default', metadata.name),
        ),
        each(caches.proxmoxClusters, ({ metadata }) => machinesOfCluster(metadata.name)),
        (add) =>
          connections.subscribe((event) => {
            if (event.type === 'slot') add(event.key)
            else if (event.type === 'connection') for (const key of machinesOfCluster(event.cluster)) add(key)
            else for (const key of index.ofVm(event.cluster, event.vmid)) add(key)
          }),
        (add) =>
          tenants.subscribe((namespace, cluster, node) => {
            // A tenant may have any number of Nodes that are no machines of ours.
            if (node !== undefined) {
              if (caches.machines.get(namespace, node)) add(`${namespace}/${node}`)
            } else for (const key of index.ofControlPlane(namespace, cluster)) add(key)
          }),
      ],
      reconcile: (key, signal) => reconcileMachine(world, key, signal),
      clock,
      logger,
      concurrency,
      maxDelayMs: 30_000,
    }),
  ]
}

/** Keys from every change of a kind. */
function each<T extends KubernetesObject>(
  informer: Informer<T>,
  keysOf: (object: T) => readonly string[],
): Source {
  return (add) =>
    informer.subscribe(({ object }) => {
      for (const key of keysOf(object)) add(key)
    })
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
