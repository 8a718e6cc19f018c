import type { Machine, Mark, ProxmoxCluster } from '@fochista/api'
import type { Proxmox } from '@fochista/proxmox'
import type { Context } from '../../context.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { machines } from '../machine/resource.ts'
import { proxmoxClusters } from '../proxmox/resource.ts'
import { requireObject } from '../resources.ts'

/** A VM that bears the mark of this installation and that no Machine has. */
export interface Orphan {
  readonly kind: 'Orphan'
  readonly metadata: { readonly name: string }
  readonly vmid: number
  readonly node: string
  readonly name: string
  readonly status: string
  readonly mark: Mark
  /** Its SMBIOS UUID; equal to the mark's id once it was configured. */
  readonly uuid: string | undefined
}

/** A connected ProxmoxCluster with the VMs in it that are orphans. */
export interface OrphanSearch {
  readonly cluster: ProxmoxCluster
  readonly proxmox: Proxmox
  readonly machines: readonly Machine[]
  readonly orphans: readonly Orphan[]
}

/** Looks at the description of every VM in the range of a ProxmoxCluster that no Machine has, with the ProxmoxCluster's own token. */
export async function findOrphans(
  context: Context,
  clusterName: string,
  use: (search: OrphanSearch) => Promise<void>,
): Promise<void> {
  const kubernetes = await context.kubernetes()
  const cluster = await requireObject(context, await proxmoxClusters.kind(), 'proxmox', clusterName)
  const [{ readAccess, installationOf }, { createProxmox }, { parseMark }] = await Promise.all([
    import('@fochista/controllers'),
    import('@fochista/proxmox'),
    import('@fochista/api'),
  ])
  const installation = await installationOf(kubernetes)
  const { items } = await kubernetes.list(await machines.kind(), {})
  const taken = new Set(
    items.filter(({ spec }) => spec.proxmoxCluster === clusterName).map(({ spec }) => spec.vmid),
  )
  const proxmox = createProxmox((await readAccess(kubernetes, cluster)).config)
  try {
    const { start, end } = cluster.spec.vmidRange
    const orphans: Orphan[] = []
    for (const vm of await proxmox.get('/cluster/resources', { query: { type: 'vm' } })) {
      const { vmid, node, template } = vm
      if (
        vmid === undefined ||
        node === undefined ||
        template ||
        vmid < start ||
        vmid > end ||
        taken.has(vmid)
      )
        continue
      const config = await readable(context, proxmox, node, vmid)
      const mark = parseMark(config?.description)
      if (!config || mark?.installation !== installation || mark.released) continue
      const uuid = /(?:^|,)uuid=([0-9a-fA-F-]{36})/.exec(config.smbios1 ?? '')?.[1]?.toLowerCase()
      orphans.push({
        kind: 'Orphan',
        metadata: { name: String(vmid) },
        vmid,
        node,
        name: config.name ?? '',
        status: vm.status ?? 'unknown',
        mark,
        uuid,
      })
    }
    await use({ cluster, proxmox, machines: items, orphans: orphans.sort((a, b) => a.vmid - b.vmid) })
  } finally {
    await proxmox.close()
  }
}

/** A VM's configuration, unless it went meanwhile or is not ours to read. A host that does not answer is told: its VMs may be orphans. */
async function readable({ io }: Context, proxmox: Proxmox, node: string, vmid: number) {
  const { isConnectionError, isNotFound, isPermissionDenied, isTimeout, orUndefined } =
    await import('@fochista/proxmox')
  return orUndefined(
    (error) => {
      const isSilent = isConnectionError(error) || isTimeout(error)
      if (isSilent)
        io.note(
          tr(
            `${node} does not answer, so VM ${vmid} was not looked at.`,
            `${node} non risponde, quindi la VM ${vmid} non è stata esaminata.`,
          ),
        )
      return isSilent || isNotFound(error) || isPermissionDenied(error)
    },
    proxmox.get('/nodes/{node}/qemu/{vmid}/config', { path: { node, vmid } }),
  )
}

/** The orphan of a VMID. Throws CommandError where there is none. */
export function requireOrphan({ orphans, cluster }: OrphanSearch, vmid: number): Orphan {
  const found = orphans.find((orphan) => orphan.vmid === vmid)
  if (found) return found
  const { name } = cluster.metadata
  throw new CommandError(
    tr(
      `VM ${vmid} in "${name}" is no orphan of this installation`,
      `la VM ${vmid} in "${name}" non è un’orfana di questa installazione`,
    ),
    { hint: `${tr('list them with:', 'elencale con:')}  fochista orphan list --proxmox ${name}` },
  )
}
