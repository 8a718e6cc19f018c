import type { MachineClass, ProxmoxCluster } from '@fochista/api'
import type { ClusterResource } from '@fochista/proxmox'
import type { ClusterConnection } from './connections.ts'

type Status = NonNullable<ProxmoxCluster['status']>

/** Hosts as the observer sees them, for people: load is rounded, so that a status is not written for every breath of a machine. */
export function nodesOf({ observer }: Pick<ClusterConnection, 'observer'>): NonNullable<Status['nodes']> {
  return observer
    .nodes()
    .map((node) => ({
      name: node.node ?? '',
      status:
        node.status === 'online'
          ? ('online' as const)
          : node.status === 'offline'
            ? ('offline' as const)
            : ('unknown' as const),
      ...(node.maxcpu === undefined ? {} : { cores: node.maxcpu }),
      ...(node.maxmem === undefined ? {} : { memory: node.maxmem }),
      ...(node.mem === undefined ? {} : { memoryUsed: Math.round(node.mem / STEP) * STEP }),
      ...(node.cpu === undefined ? {} : { load: `${Math.round(node.cpu * 10) * 10}%` }),
    }))
    .sort((a, b) => a.name.localeCompare(b.name))
}

const STEP = 2 ** 30

/** Storages, once a name, with what classes use them for. */
export function storagesOf(
  { observer, storages }: Pick<ClusterConnection, 'observer' | 'storages'>,
  classes: readonly MachineClass[],
): NonNullable<Status['storages']> {
  const seen = observer.storages()
  return [...storages()]
    .sort((a, b) => a.name.localeCompare(b.name))
    .map(({ name, type, content, isShared, nodes }) => {
      const here = seen.filter((one) => one.storage === name)
      // A shared storage is one, however many hosts show it.
      const counted = isShared ? here.slice(0, 1) : here
      const sum = (pick: (one: ClusterResource) => number): number =>
        counted.reduce((total, one) => total + pick(one), 0)
      const bytes = sum((one) => one.maxdisk ?? 0)
      const roles = [
        ...(classes.some(({ spec }) => spec.storage === name) ? (['disks'] as const) : []),
        ...(classes.some(({ spec }) => spec.isoStorage === name) ? (['images'] as const) : []),
      ]
      return {
        name,
        type,
        shared: isShared,
        content: [...content],
        ...(nodes ? { nodes: [...nodes] } : {}),
        ...(here.length > 0
          ? { bytes, bytesAvailable: Math.floor((bytes - sum((one) => one.disk ?? 0)) / STEP) * STEP }
          : {}),
        roles,
      }
    })
}
