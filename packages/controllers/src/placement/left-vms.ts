import type { Machine } from '@fochista/api'
import type { World } from '../world.ts'
import { inventoryOf } from './inventory.ts'

/**
 * Tells of a name whether a VM that bears it may still run, and use the addresses of a Machine which is not there any more: it was let go, or
 * its Machine was lost. Where that cannot be seen it may: a Proxmox cluster does not answer, or its list lacks a VM that was made.
 * @param machines All that there are.
 */
export function leftVms(
  { caches, connections }: Pick<World, 'caches' | 'connections'>,
  machines: readonly Machine[],
): (name: string) => boolean {
  const answers = caches.proxmoxClusters.list().every(({ metadata }) => {
    const observer = connections.get(metadata.name)?.observer
    return observer !== undefined && observer.error === undefined && Number.isFinite(observer.age())
  })
  const isListed = ({ spec: { made, vmid, proxmoxCluster } }: Machine): boolean =>
    !made || vmid === undefined || connections.get(proxmoxCluster)?.observer.vm(vmid) !== undefined
  const isSeen = answers && machines.every(isListed)
  return (name) =>
    !isSeen || connections.list().some(({ observer }) => inventoryOf(observer.vms()).named(name).length > 0)
}
