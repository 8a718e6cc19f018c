import type { Kubernetes, KubernetesObject } from '@fochista/kubernetes'
import { command } from '../../command.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { nameOf } from '../../output.ts'
import { dryRunOption } from '../waiting.ts'

/** `fochista uninstall`: takes away what `install` made. Refuses while NodePools or Machines exist: their VMs would be stranded. */
export const uninstall = command({
  path: 'uninstall',
  summary: tr(
    'Remove our kinds and roles; refused while pools or machines exist',
    'Rimuove i nostri tipi e ruoli; rifiutato finché esistono pool o macchine',
  ),
  options: { dryRun: dryRunOption },
  run: async (context, _args, options) => {
    const { installManifests } = await import('@fochista/api')
    const { isNotFound, orUndefined } = await import('@fochista/kubernetes')
    const kubernetes = await context.kubernetes()
    await requireUnused(kubernetes)
    const manifests = installManifests({ installation: '00000000-0000-0000-0000-000000000000' }).reverse()
    for (const manifest of manifests) {
      if (options.dryRun)
        context.io.out(`${nameOf(manifest)} ${tr('would be deleted', 'verrebbe eliminato')}`)
      else
        await orUndefined(
          isNotFound,
          kubernetes.delete(await kubernetes.resolve(manifest), manifest.metadata),
        )
    }
    if (!options.dryRun) context.io.out(tr('uninstalled', 'disinstallato'))
  },
})

async function requireUnused(kubernetes: Kubernetes): Promise<void> {
  const { machineKind, nodePoolKind, proxmoxClusterKind } = await import('@fochista/api')
  const { isNotFound, orUndefined } = await import('@fochista/kubernetes')
  const left: KubernetesObject[] = []
  for (const kind of [machineKind, nodePoolKind, proxmoxClusterKind]) {
    const found = await orUndefined(isNotFound, kubernetes.list<KubernetesObject>(kind, {}))
    left.push(...(found?.items ?? []))
  }
  if (left.length === 0) return
  const shown = left
    .slice(0, 5)
    .map((item) => `${nameOf(item)}${item.metadata.namespace ? ` (${item.metadata.namespace})` : ''}`)
  throw new CommandError(
    tr(
      `still in use by ${left.length} objects: ${shown.join(', ')}`,
      `ancora in uso da ${left.length} oggetti: ${shown.join(', ')}`,
    ),
    {
      hint: tr(
        'Delete the clusters and pools, then the ProxmoxClusters, and try again. Nothing was changed.',
        'Elimina i cluster e i pool, poi i ProxmoxCluster, e riprova. Nulla è stato cambiato.',
      ),
    },
  )
}
