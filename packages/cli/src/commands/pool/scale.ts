import { argument, command, parseInteger } from '../../command.ts'
import { CommandError, UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { requireObject } from '../resources.ts'
import { dryRunOption } from '../waiting.ts'
import { requireAllowed } from './refusal.ts'
import { pools } from './resource.ts'

/** `fochista pool scale`: sets how many machines a pool keeps; the controllers do the rest. */
export const poolScale = command({
  path: 'pool scale <pool>',
  summary: tr('set how many machines a pool keeps', 'imposta quante macchine tiene un pool'),
  options: {
    replicas: {
      flags: '-r, --replicas <n>',
      description: tr('number of machines', 'numero di macchine'),
      required: true,
      parse: (given: string) => parseInteger('--replicas', given, { min: 0 }),
    },
    dryRun: dryRunOption,
  },
  examples: ['fochista pool scale workers --replicas 5'],
  run: async (context, args, options) => {
    const kind = await pools.kind()
    const name = argument(args, 'pool')
    const replicas = options.replicas
    if (typeof replicas !== 'number') throw new UsageError(tr('--replicas is missing', 'manca --replicas'))
    const pool = await requireObject(context, kind, 'pool', name)
    const { nodePoolCan } = await import('@fochista/api')
    const reason = nodePoolCan.scale.reason(pool)
    if (reason !== undefined) throw new CommandError(reason)
    // Fewer it may always be.
    if (replicas > (pool.spec.replicas ?? 1))
      await requireAllowed(context, { ...pool, spec: { ...pool.spec, replicas } })
    if (!options.dryRun) await (await context.kubernetes()).scale(kind, pool.metadata, replicas)
    const done = options.dryRun ? tr('would be scaled', 'verrebbe scalato') : tr('scaled', 'scalato')
    context.io.out(`pool/${name} ${done}: ${pool.spec.replicas ?? 1} -> ${replicas}`)
  },
})
