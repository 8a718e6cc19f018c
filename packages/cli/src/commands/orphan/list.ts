import { command, requiredText } from '../../command.ts'
import { tr } from '../../locale.ts'
import { outputOption, printList } from '../../output.ts'
import { findOrphans } from './find.ts'

/** `--proxmox`: in which ProxmoxCluster. */
export const proxmoxOption = requiredText(
  '--proxmox <name>',
  tr('the ProxmoxCluster to look in', 'il ProxmoxCluster in cui cercare'),
)

/** `fochista orphan list`: VMs that bear our mark and have no Machine. */
export const orphanList = command({
  path: 'orphan list',
  summary: tr(
    'list VMs that bear our mark and have no Machine',
    'elenca le VM con il nostro marchio e senza Machine',
  ),
  options: { proxmox: proxmoxOption, output: outputOption },
  examples: ['fochista orphan list --proxmox dc1'],
  run: async ({ io, ...context }, _args, options) => {
    await findOrphans({ io, ...context }, options.proxmox, ({ orphans }) => {
      printList(
        io,
        options.output,
        orphans,
        [
          { heading: 'VMID', cell: ({ vmid }) => vmid, right: true },
          { heading: 'HOST', cell: ({ node }) => node },
          { heading: 'NAME', cell: ({ name }) => name },
          { heading: 'STATUS', cell: ({ status }) => status },
          { heading: 'NAMESPACE', cell: ({ mark }) => mark.namespace },
          { heading: 'POOL', cell: ({ mark }) => mark.pool },
          { heading: 'MACHINE', cell: ({ mark }) => mark.machine },
          { heading: tr('STATE', 'STATO'), cell: ({ mark }) => (mark.building ? 'building' : 'made') },
        ],
        tr('No orphans.', 'Nessuna orfana.'),
      )
      return Promise.resolve()
    })
  },
})
