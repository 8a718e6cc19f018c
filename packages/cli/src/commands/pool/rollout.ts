import { argument, command } from '../../command.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { outputOption, printObject } from '../../output.ts'
import { requireObject } from '../resources.ts'
import { dryRunOption } from '../waiting.ts'
import { pools } from './resource.ts'

/** `fochista pool rollout`: has every machine of a pool replaced with what pool and class say today, as gently as the pool allows. */
export const poolRollout = command({
  path: 'pool rollout <pool>',
  summary: tr(
    'replace every machine of a pool with what pool and class say today',
    'sostituisce ogni macchina di un pool con quel che pool e classe dicono oggi',
  ),
  options: { output: outputOption, dryRun: dryRunOption },
  examples: ['fochista pool rollout workers', 'fochista pool list -o wide --watch'],
  run: async (context, args, options) => {
    const kind = await pools.kind()
    const pool = await requireObject(context, kind, 'pool', argument(args, 'pool'))
    const { name } = pool.metadata
    if (pool.metadata.deletionTimestamp)
      throw new CommandError(
        tr(`NodePool "${name}" is being deleted already`, `il NodePool "${name}" è già in eliminazione`),
      )
    // Whole seconds, as Kubernetes notes when a machine was made.
    const before = `${new Date().toISOString().slice(0, 19)}Z`
    const written = await (
      await context.kubernetes()
    ).patch(kind, pool.metadata, { spec: { rollout: { before } } }, { dryRun: options.dryRun })
    if (pool.spec.paused)
      context.io.note(
        tr(
          'The pool is paused: its machines are replaced once that ends.',
          'Il pool è in pausa: le macchine vengono sostituite quando finisce.',
        ),
      )
    if (options.output !== 'table' && options.output !== 'wide')
      return printObject(context.io, options.output, written, pools.columns)
    const done = options.dryRun
      ? tr(
          'would be rolled: every machine made before',
          'verrebbe rinnovato: ogni macchina creata prima delle',
        )
      : tr('is rolled: every machine made before', 'viene rinnovato: ogni macchina creata prima delle')
    context.io.out(`pool/${name} ${done} ${before} ${tr('is replaced', 'viene sostituita')}`)
  },
})
