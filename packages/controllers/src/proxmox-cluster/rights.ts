import {
  proxmoxRights,
  type MachineClass,
  type MachineNetwork,
  type ProxmoxCluster,
  type ProxmoxRight,
} from '@fochista/api'
import type { ClusterResource } from '@fochista/proxmox'
import { templatesOf } from '../placement/templates.ts'
import type { Hypervisor } from './hypervisor.ts'

/** Privileges that we lack on a path. */
type Lack = Pick<ProxmoxRight, 'path' | 'privileges'>

/**
 * Every right that the token needs for what the classes offer and the namespaces use, and no more.
 * @param pools Proxmox pools of the namespaces. @param fence The pool whose comment is the fence's stamp.
 * @param cards Network cards that the templates have themselves: a clone is allowed only to who may use their bridges.
 */
export function rightsNeeded(
  cluster: ProxmoxCluster,
  classes: readonly MachineClass[],
  pools: readonly string[],
  fence: string,
  vms: readonly ClusterResource[],
  cards: readonly Pick<MachineNetwork, 'bridge' | 'vlan'>[] = [],
): ProxmoxRight[] {
  const own = classes.filter(({ spec }) => spec.proxmoxClusterName === cluster.metadata.name)
  return proxmoxRights({
    pools,
    fence,
    templates: own.flatMap((machineClass) => templatesOf(machineClass, vms).map(({ vmid }) => vmid)),
    disks: own.map(({ spec }) => spec.storage),
    images: own.map(({ spec }) => spec.isoStorage),
    networks: [...own.flatMap(({ spec }) => spec.networks), ...cards],
  })
}

/** The rights of which something is lacking, each with the privileges that lack. */
export async function missingRights<Right extends Lack>(
  hypervisor: Pick<Hypervisor, 'privileges'>,
  needed: readonly Right[],
): Promise<Right[]> {
  const missing: Right[] = []
  for (const right of needed) {
    const has = new Set(await hypervisor.privileges(right.path))
    const lacking = right.privileges.filter((one) => !has.has(one))
    if (lacking.length > 0) missing.push({ ...right, privileges: lacking })
  }
  return missing
}

/** What a person does about a right that is missing. */
export const HOW_TO_GRANT = 'The commands that grant it: `fochista doctor -o pveum`.'

/** Says what is missing, and how to come by it. */
export function describeMissing(missing: readonly Lack[]): string {
  const parts = missing.map(({ path, privileges }) => `${privileges.join(', ')} on ${path}`)
  return `The token lacks ${parts.join('; ')}. ${HOW_TO_GRANT}`
}

/** What a person does about a token that Proxmox refuses as a whole. @param name The ProxmoxCluster's. */
export const newTokenText = (name: string): string =>
  `The token was deleted, has expired, or its secret was changed. Give another: \`fochista proxmox add ${name} --token-id … --secret-stdin\`.`
