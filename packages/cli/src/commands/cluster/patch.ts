import { argument, choice, command, requiredText } from '../../command.ts'
import { UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { requireObject } from '../resources.ts'
import { dryRunOption } from '../waiting.ts'
import { clusters } from './resource.ts'

/** `fochista cluster patch`: changes single fields of a control plane. */
export const clusterPatch = command({
  path: 'cluster patch <name>',
  summary: tr('change fields of a control plane', 'cambia dei campi di un control plane'),
  options: {
    type: choice(
      '--type <type>',
      tr('what the patch is', 'che cos’è la patch'),
      ['merge', 'json'] as const,
      'merge',
    ),
    patch: requiredText(
      '-p, --patch <json>',
      tr(
        'the fields as JSON; null removes one. With --type json a list of operations',
        'i campi in JSON; null ne rimuove uno. Con --type json una lista di operazioni',
      ),
    ),
    dryRun: dryRunOption,
  },
  examples: [
    `fochista cluster patch tenant-test -p '{"spec":{"controlPlane":{"deployment":{"replicas":3}}}}'`,
    `fochista cluster patch tenant-test --type json -p '[{"op":"replace","path":"/spec/kubernetes/version","value":"v1.31.4"}]'`,
  ],
  run: async (context, args, options) => {
    const patch = parsed(options.patch)
    if ((options.type === 'json') !== Array.isArray(patch))
      throw new UsageError(
        options.type === 'json'
          ? tr('--patch: a list of operations is wanted', '--patch: serve una lista di operazioni')
          : tr('--patch: an object with fields is wanted', '--patch: serve un oggetto con dei campi'),
      )
    const kind = await clusters.kind()
    const { metadata } = await requireObject(context, kind, 'cluster', argument(args, 'name'))
    if (options.dryRun) return context.io.out(JSON.stringify(patch))
    const kubernetes = await context.kubernetes()
    await kubernetes.patch(kind, metadata, patch, { type: options.type })
    context.io.out(`cluster/${metadata.name} ${tr('patched', 'modificato')}`)
  },
})

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Told below, as any other text that is no JSON object.
  }
  throw new UsageError(
    `--patch: "${text}" ${tr('is not a JSON object or list', 'non è un oggetto o una lista JSON')}`,
  )
}
