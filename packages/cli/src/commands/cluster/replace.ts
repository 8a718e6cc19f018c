import { command, requiredText } from '../../command.ts'
import { CommandError, UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { printManifests } from '../../output.ts'
import { dryRunOption } from '../waiting.ts'
import { readManifests } from './manifests.ts'
import { clusters } from './resource.ts'

/** `fochista cluster replace`: puts a whole control plane in the place of the one that is there. */
export const clusterReplace = command({
  path: 'cluster replace',
  summary: tr(
    'replace a whole control plane; what the file does not have is gone',
    'sostituisce un intero control plane; ciò che il file non ha viene tolto',
  ),
  options: {
    file: requiredText(
      '-f, --file <file>',
      tr(
        'the TenantControlPlane as `cluster get -o yaml` shows it, - for standard input',
        'il TenantControlPlane come lo mostra `cluster get -o yaml`, - per lo standard input',
      ),
    ),
    dryRun: dryRunOption,
  },
  examples: [
    'fochista cluster get tenant-test -o yaml > t.yaml && $EDITOR t.yaml && fochista cluster replace -f t.yaml',
  ],
  run: async (context, _args, options) => {
    const kind = await clusters.kind()
    const [object, ...more] = await readManifests(context.io, options.file)
    if (!object || more.length > 0 || object.kind !== kind.kind)
      throw new UsageError(`${options.file}: ${tr(`expected one ${kind.kind}`, `atteso un ${kind.kind}`)}`)
    const { name, namespace = await context.namespace(), resourceVersion } = object.metadata
    if (resourceVersion === undefined)
      throw new UsageError(
        tr(
          `${options.file}: metadata.resourceVersion is missing, by which a change of somebody else is noticed`,
          `${options.file}: manca metadata.resourceVersion, da cui si nota una modifica di qualcun altro`,
        ),
        { hint: `${tr('begin with:', 'parti da:')}  fochista cluster get ${name} -n ${namespace} -o yaml` },
      )
    const whole = { ...object, metadata: { ...object.metadata, namespace } }
    if (options.dryRun) return printManifests(context.io, [whole])
    const { isConflict } = await import('@fochista/kubernetes')
    const { replaceTenantControlPlane } = await import('@fochista/kamaji')
    await replaceTenantControlPlane(
      await context.kubernetes(),
      whole as Parameters<typeof replaceTenantControlPlane>[1],
    ).catch((error: unknown) => {
      if (!isConflict(error)) throw error
      throw new CommandError(
        tr(
          `cluster "${name}" was changed since the file was made`,
          `il cluster "${name}" è cambiato da quando il file è stato creato`,
        ),
        {
          hint: `${tr('begin again with:', 'riparti da:')}  fochista cluster get ${name} -n ${namespace} -o yaml`,
          cause: error,
        },
      )
    })
    context.io.out(`cluster/${name} ${tr('replaced', 'sostituito')}`)
  },
})
