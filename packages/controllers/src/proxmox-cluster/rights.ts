import type { MachineClass, ProxmoxCluster } from '@fochista/api'
import type { ClusterResource } from '@fochista/proxmox'
import { templatesOf } from '../placement/templates.ts'
import type { Hypervisor } from './hypervisor.ts'

/** Privileges that we need on a path. */
export interface Right {
  readonly path: string
  readonly privileges: readonly string[]
}

const POOL_RIGHTS = [
  'VM.Allocate',
  'VM.PowerMgmt',
  'VM.GuestAgent.Audit',
  ...['CDROM', 'CPU', 'Cloudinit', 'Disk', 'HWType', 'Memory', 'Network', 'Options'].map(
    (one) => `VM.Config.${one}`,
  ),
  'Pool.Allocate',
  'Pool.Audit',
]

/**
 * Every right that the token needs for what the classes offer and the namespaces use, and no more.
 * @param pools Proxmox pools of the namespaces. @param fence The pool whose comment is the fence's stamp.
 */
export function rightsNeeded(
  cluster: ProxmoxCluster,
  classes: readonly MachineClass[],
  pools: readonly string[],
  fence: string,
  vms: readonly ClusterResource[],
): Right[] {
  const own = classes.filter(({ spec }) => spec.proxmoxClusterName === cluster.metadata.name)
  const rights = new Map<string, Set<string>>()
  const need = (path: string, ...privileges: string[]): void => {
    rights.set(path, new Set([...(rights.get(path) ?? []), ...privileges]))
  }
  need('/', 'Sys.Audit')
  need('/vms', 'VM.Audit')
  need(`/pool/${fence}`, 'Pool.Allocate', 'Pool.Audit')
  for (const pool of pools) need(`/pool/${pool}`, ...POOL_RIGHTS)
  for (const machineClass of own) {
    const { storage, isoStorage, networks } = machineClass.spec
    for (const { vmid } of templatesOf(machineClass, vms)) need(`/vms/${vmid}`, 'VM.Clone')
    need(`/storage/${storage}`, 'Datastore.AllocateSpace', 'Datastore.Audit')
    // Deleting an image needs Datastore.Allocate, which nothing smaller stands in for.
    need(`/storage/${isoStorage}`, 'Datastore.AllocateTemplate', 'Datastore.Allocate', 'Datastore.Audit')
    for (const { bridge, vlan } of networks)
      need(`/sdn/zones/localnetwork/${bridge}${vlan === undefined ? '' : `/${vlan}`}`, 'SDN.Use')
  }
  return [...rights].map(([path, privileges]) => ({ path, privileges: [...privileges] }))
}

/** What of them the token lacks. */
export async function missingRights(
  hypervisor: Pick<Hypervisor, 'privileges'>,
  needed: readonly Right[],
): Promise<Right[]> {
  const missing: Right[] = []
  for (const { path, privileges } of needed) {
    const has = new Set(await hypervisor.privileges(path))
    const lacking = privileges.filter((one) => !has.has(one))
    if (lacking.length > 0) missing.push({ path, privileges: lacking })
  }
  return missing
}

/** Says what is missing, in one sentence. */
export function describeMissing(missing: readonly Right[]): string {
  const parts = missing.map(({ path, privileges }) => `${privileges.join(', ')} on ${path}`)
  return `The token lacks ${parts.join('; ')}.`
}
