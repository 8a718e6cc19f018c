import { argument, command } from '../../command.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { requireObject } from '../resources.ts'
import { dryRunOption } from '../waiting.ts'
import { proxmoxClusters } from './resource.ts'

/** `fochista proxmox unfence`: a person says that only this installation is at work in a Proxmox cluster. */
export const proxmoxUnfence = command({
  path: 'proxmox unfence <name>',
  summary: tr(
    'say that only this installation runs against a fenced Proxmox cluster',
    'dichiara che solo questa installazione lavora su un cluster Proxmox recintato',
  ),
  options: { dryRun: dryRunOption },
  examples: ['fochista proxmox unfence dc1'],
  run: async (context, args, options) => {
    const name = argument(args, 'name')
    const kind = await proxmoxClusters.kind()
    const cluster = await requireObject(context, kind, 'proxmox', name)
    const { ANNOTATION_UNFENCE, CONDITION, isTrue } = await import('@fochista/api')
    if (!isTrue(cluster, CONDITION.fenced))
      throw new CommandError(tr(`proxmox "${name}" is not fenced`, `proxmox "${name}" non è recintato`))
    if (!options.dryRun)
      await (
        await context.kubernetes()
      ).patch(kind, cluster.metadata, { metadata: { annotations: { [ANNOTATION_UNFENCE]: '' } } })
    context.io.out(
      `proxmox/${name} ${options.dryRun ? tr('would be unfenced', 'verrebbe aperto') : tr('is unfenced: the controllers go on within a minute, and another copy stops', 'è aperto: i controller proseguono entro un minuto, e un’altra copia si ferma')}`,
    )
  },
})
