import { command, text } from '../../command.ts'
import { tr } from '../../locale.ts'
import { outputOption, printList, type Column } from '../../output.ts'
import { connectProxmox } from '../../proxmox-environment.ts'
import { listVms } from './find.ts'

interface ListedVm {
  readonly kind: 'VM'
  readonly metadata: { readonly name: string }
  readonly vmid: number
  readonly name: string | undefined
  readonly node: string | undefined
  readonly status: string | undefined
  readonly cores: number | undefined
  readonly memory: number | undefined
  readonly pool: string | undefined
  readonly tags: string | undefined
  readonly uptime: number | undefined
}

const columns: readonly Column<ListedVm>[] = [
  { heading: 'VMID', cell: ({ vmid }) => vmid, right: true },
  { heading: 'NAME', cell: ({ name }) => name },
  { heading: 'STATUS', cell: ({ status }) => status },
  { heading: 'HOST', cell: ({ node }) => node },
  { heading: 'CPUS', cell: ({ cores }) => cores, right: true },
  {
    heading: 'MEMORY',
    cell: ({ memory }) => (memory === undefined ? undefined : `${Math.round(memory / 2 ** 20)} MiB`),
    right: true,
  },
  { heading: 'POOL', cell: ({ pool }) => pool, wide: true },
  { heading: 'TAGS', cell: ({ tags }) => tags, wide: true },
  {
    heading: 'UPTIME',
    cell: ({ uptime }) => (uptime ? `${Math.floor(uptime / 60)}m` : undefined),
    right: true,
    wide: true,
  },
]

/** `fochista vm list`: all VMs of the Proxmox cluster that one may see. */
export const vmList = command({
  path: 'vm list',
  calls: ['GET /cluster/resources'],
  summary: tr('list the VMs of the Proxmox cluster', 'elenca le VM del cluster Proxmox'),
  options: {
    output: outputOption,
    node: text('--node <name>', tr('only of this host', 'solo di questo host')),
    status: text(
      '--status <word>',
      tr('only with this status, such as running', 'solo con questo stato, ad esempio running'),
    ),
  },
  examples: ['fochista vm list', 'fochista vm list --status running -o wide'],
  run: async (context, _args, options) => {
    const proxmox = await connectProxmox(context)
    try {
      const vms = (await listVms(proxmox))
        .filter(
          ({ node, status }) => (options.node ?? node) === node && (options.status ?? status) === status,
        )
        .map(({ vmid = 0, name, node, status, maxcpu, maxmem, pool, tags, uptime, template }): ListedVm => ({
          kind: 'VM',
          metadata: { name: String(vmid) },
          vmid,
          name,
          node,
          status: template ? 'template' : status,
          cores: maxcpu,
          memory: maxmem,
          pool,
          tags,
          uptime,
        }))
      printList(context.io, options.output, vms, columns, tr('No VMs found.', 'Nessuna VM.'))
    } finally {
      await proxmox.close()
    }
  },
})
