/** A right that our Proxmox token needs on a path. */
export interface ProxmoxRight {
  readonly path: string
  /** What is needed there. An entry on a path replaces what is inherited, so that nothing may be left out that a parent would give. */
  readonly privileges: readonly string[]
  /** Our roles that hold exactly these; several on one path add up. */
  readonly roles: readonly ProxmoxRole[]
}

/** One of our roles in Proxmox. */
export type ProxmoxRole = keyof typeof proxmoxRoles

/** Our roles in Proxmox and what they hold: all that the controllers use, and no more. */
export const proxmoxRoles = {
  FochistaLook: ['Sys.Audit'],
  FochistaLookVMs: ['VM.Audit'],
  FochistaTemplate: ['VM.Audit', 'VM.Clone'],
  FochistaMachines: [
    'VM.Allocate',
    'VM.PowerMgmt',
    'VM.GuestAgent.Audit',
    'VM.Config.CDROM',
    'VM.Config.CPU',
    'VM.Config.Cloudinit',
    'VM.Config.Disk',
    'VM.Config.HWType',
    'VM.Config.Memory',
    'VM.Config.Network',
    'VM.Config.Options',
    'Pool.Allocate',
    'Pool.Audit',
  ],
  FochistaFence: ['Pool.Allocate', 'Pool.Audit'],
  FochistaDisks: ['Datastore.AllocateSpace', 'Datastore.Audit'],
  // Deleting an image needs Datastore.Allocate, which nothing smaller stands in for.
  FochistaImages: ['Datastore.AllocateTemplate', 'Datastore.Allocate', 'Datastore.Audit'],
  FochistaNetwork: ['SDN.Use'],
} as const satisfies Record<string, readonly string[]>

/** What an installation uses of a Proxmox cluster. */
export interface ProxmoxUse {
  /** Proxmox pools of the namespaces that have machines. */
  readonly pools: readonly string[]
  /** The pool whose comment is the fence's stamp; undefined where the installation is not known: any pool. */
  readonly fence: string | undefined
  /** VMIDs of the templates. */
  readonly templates: readonly number[]
  /** Storages of disks. */
  readonly disks: readonly string[]
  /** Storages of seed images. */
  readonly images: readonly string[]
  /** Bridges, with the VLAN where there is one. */
  readonly networks: readonly { readonly bridge: string; readonly vlan?: number | undefined }[]
}

/** Every right that the token needs for what is used, by path, and no more. */
export function proxmoxRights(use: ProxmoxUse): ProxmoxRight[] {
  const byPath = new Map<string, Set<ProxmoxRole>>()
  const need = (path: string, role: ProxmoxRole): void => {
    byPath.set(path, new Set([...(byPath.get(path) ?? []), role]))
  }
  need('/', 'FochistaLook')
  need('/vms', 'FochistaLookVMs')
  need(use.fence === undefined ? '/pool' : `/pool/${use.fence}`, 'FochistaFence')
  for (const pool of use.pools) need(`/pool/${pool}`, 'FochistaMachines')
  for (const vmid of use.templates) need(`/vms/${vmid}`, 'FochistaTemplate')
  for (const storage of use.disks) need(`/storage/${storage}`, 'FochistaDisks')
  for (const storage of use.images) need(`/storage/${storage}`, 'FochistaImages')
  for (const { bridge, vlan } of use.networks)
    need(`/sdn/zones/localnetwork/${bridge}${vlan === undefined ? '' : `/${vlan}`}`, 'FochistaNetwork')
  return [...byPath].map(([path, roles]) => ({
    path,
    privileges: [...new Set([...roles].flatMap((role): readonly string[] => proxmoxRoles[role]))],
    roles: [...roles],
  }))
}
