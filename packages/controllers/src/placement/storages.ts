import type { StorageConfig } from '../proxmox-cluster/hypervisor.ts'
import type { LockDomain } from './slots.ts'

/** Whether all hosts see one and the same storage of this name. */
export const isShared = (storages: readonly StorageConfig[], name: string | undefined): boolean =>
  storages.some((one) => one.name === name && one.isShared)

/** Proxmox locks a storage while disks are made or removed on it: one that is shared for all hosts, another for its own host alone. */
export const storageDomain = (
  storages: readonly StorageConfig[],
  storage: string,
  host: string,
  limit: number,
): LockDomain => ({
  key: isShared(storages, storage) ? `storage ${storage}` : `storage ${storage} on ${host}`,
  label: storage,
  limit,
})
