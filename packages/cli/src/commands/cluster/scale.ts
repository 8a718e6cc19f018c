import { argument, command, flag, parseInteger } from '../../command.ts'
import { UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { requireObject } from '../resources.ts'
import { dryRunOption, timeoutOption } from '../waiting.ts'
import { clusters } from './resource.ts'
import { waitForControlPlane } from './wait-for-control-plane.ts'

/** `fochista cluster scale`: sets how many pods a control plane has; none puts it to sleep. Workers are the pools' affair. */
export const clusterScale = command({
  path: 'cluster scale <name>',
  summary: tr(
    'set how many replicas a control plane has; 0 puts it to sleep',
    'imposta quante repliche ha un control plane; 0 lo addormenta',
  ),
  options: {
    replicas: {
      flags: '-r, --replicas <n>',
      description: tr('number of replicas', 'numero di repliche'),
      required: true,
      parse: (given: string) => parseInteger('--replicas', given, { min: 0 }),
    },
    noWait: flag('--no-wait', tr('return at once', 'termina subito')),
    timeout: timeoutOption('10m'),
    dryRun: dryRunOption,
  },
  examples: [
    'fochista cluster scale tenant-test --replicas 3',
    'fochista cluster scale tenant-test --replicas 0',
  ],
  run: async (context, args, options) => {
    const kind = await clusters.kind()
    const cluster = await requireObject(context, kind, 'cluster', argument(args, 'name'))
    const { replicas } = options
    if (typeof replicas !== 'number') throw new UsageError(tr('--replicas is missing', 'manca --replicas'))
    const kubernetes = await context.kubernetes()
    const from = cluster.spec.controlPlane.deployment?.replicas ?? 2
    if (!options.dryRun) await kubernetes.scale(kind, cluster.metadata, replicas)
    // One that goes to sleep is never Ready again.
    if (!options.dryRun && !options.noWait && replicas > 0)
      await waitForControlPlane(context, await kubernetes.get(kind, cluster.metadata), options.timeout)
    const done = options.dryRun ? tr('would be scaled', 'verrebbe scalato') : tr('scaled', 'scalato')
    context.io.out(`cluster/${cluster.metadata.name} ${done}: ${from} -> ${replicas}`)
  },
})
