import { argument, command, flag, requiredText } from '../../command.ts'
import { UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { outputOption, printObject } from '../../output.ts'
import { pools } from '../pool/resource.ts'
import { requireObject } from '../resources.ts'
import { dryRunOption, timeoutOption } from '../waiting.ts'
import { clusters } from './resource.ts'
import { waitForControlPlane } from './wait-for-control-plane.ts'

/**
 * `fochista cluster upgrade`: asks for another version of a control plane. Kamaji judges it (one minor at a time, never down) and its
 * words are shown. Workers follow with their pools' own `version`, at most three minors behind.
 */
export const clusterUpgrade = command({
  path: 'cluster upgrade <name>',
  summary: tr('upgrade the control plane of a cluster', 'aggiorna il control plane di un cluster'),
  options: {
    version: requiredText(
      '--version <version>',
      tr('Kubernetes version, such as v1.33.4', 'versione di Kubernetes, ad esempio v1.33.4'),
    ),
    noWait: flag('--no-wait', tr('return at once', 'termina subito')),
    timeout: timeoutOption('30m'),
    output: outputOption,
    dryRun: dryRunOption,
  },
  examples: ['fochista cluster upgrade tenant-test --version v1.31.0'],
  run: async (context, args, options) => {
    const kind = await clusters.kind()
    const cluster = await requireObject(context, kind, 'cluster', argument(args, 'name'))
    if (!/^v?\d+\.\d+\.\d+$/.test(options.version))
      throw new UsageError(
        `--version: "${options.version}" ${tr('is not a version such as v1.33.4', 'non è una versione come v1.33.4')}`,
      )
    const version = options.version.startsWith('v') ? options.version : `v${options.version}`
    const { name, namespace } = cluster.metadata
    const kubernetes = await context.kubernetes()
    // Kamaji's refusals are the server's answer; they are printed as they are.
    const written = await kubernetes.patch(
      kind,
      cluster.metadata,
      { spec: { kubernetes: { version } } },
      { dryRun: options.dryRun },
    )
    const from = cluster.spec.kubernetes.version
    const { items } = await kubernetes.list(await pools.kind(), namespace === undefined ? {} : { namespace })
    for (const pool of items.filter(({ spec }) => spec.clusterName === name))
      context.io.note(
        `pool/${pool.metadata.name}: kubelet ${pool.spec.version ?? pool.status?.version ?? '-'}. ${tr('See what an upgrade would do:', 'Guarda che cosa farebbe un aggiornamento:')}  fochista pool plan ${pool.metadata.name} --version ${version}`,
      )
    if (!options.dryRun && !options.noWait) await waitForControlPlane(context, written, options.timeout)
    if (options.output !== 'table' && options.output !== 'wide')
      return printObject(context.io, options.output, written, clusters.columns)
    const done = options.dryRun
      ? tr('would be upgraded', 'verrebbe aggiornato')
      : options.noWait
        ? tr('is being upgraded', 'in aggiornamento')
        : tr('upgraded', 'aggiornato')
    context.io.out(`cluster/${name} ${done}: ${from} -> ${version}`)
  },
})
