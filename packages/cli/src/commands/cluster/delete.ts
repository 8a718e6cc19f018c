import type { NodePool } from '@fochista/api'
import type { Kind, KubernetesObject } from '@fochista/kubernetes'
import { argument, command, flag } from '../../command.ts'
import type { Context } from '../../context.ts'
import { tr } from '../../locale.ts'
import { machines } from '../machine/resource.ts'
import { stepOf } from '../machine/timeline.ts'
import { pools } from '../pool/resource.ts'
import { onlyThis, requireObject } from '../resources.ts'
import { dryRunOption, timeoutOption, waitUntilGone, waitWatching } from '../waiting.ts'
import { clusters } from './resource.ts'

/**
 * `fochista cluster delete`: pools first, so that their nodes are drained while the cluster still answers, the control plane
 * last. `--no-drain` deletes the control plane at once; the controllers then take the machines away without draining.
 */
export const clusterDelete = command({
  path: 'cluster delete <name>',
  summary: tr(
    'delete a cluster: workers first, the control plane last',
    'elimina un cluster: prima i worker, per ultimo il control plane',
  ),
  options: {
    noDrain: flag('--no-drain', tr('delete the control plane at once', 'elimina subito il control plane')),
    timeout: timeoutOption('30m'),
    dryRun: dryRunOption,
  },
  examples: ['fochista cluster delete tenant-test', 'fochista cluster delete tenant-test --timeout 1h'],
  run: async (context, args, options) => {
    const kind = await clusters.kind()
    const cluster = await requireObject(context, kind, 'cluster', argument(args, 'name'))
    const { name, namespace } = cluster.metadata
    const { isNotFound, orUndefined } = await import('@fochista/kubernetes')
    const kubernetes = await context.kubernetes()
    const poolKind = await pools.kind()
    const own = (await kubernetes.list(poolKind, namespace ? { namespace } : {})).items.filter(
      (pool) => pool.spec.clusterName === name,
    )
    if (options.dryRun) {
      for (const pool of own)
        context.io.out(`pool/${pool.metadata.name} ${tr('would be deleted', 'verrebbe eliminato')}`)
      return context.io.out(`cluster/${name} ${tr('would be deleted', 'verrebbe eliminato')}`)
    }
    const deleteOnly = <T extends KubernetesObject>(of: Kind<T>, object: T): Promise<unknown> =>
      orUndefined(isNotFound, kubernetes.delete(of, object.metadata, onlyThis(object)))
    if (options.noDrain) await deleteOnly(kind, cluster)
    else for (const pool of own) await deleteOnly(poolKind, pool)
    await waitForPoolsGone(context, cluster.metadata, own, options.timeout, !options.noDrain)
    if (!options.noDrain) await deleteOnly(kind, cluster)
    await waitUntilGone(context, kind, cluster, options.timeout)
    context.io.out(`cluster/${name} ${tr('deleted', 'eliminato')}`)
  },
})

/** @param isLast The control plane is deleted after the pools, and not before. */
async function waitForPoolsGone(
  context: Context,
  { name, namespace }: { name: string; namespace?: string },
  own: readonly NodePool[],
  timeoutMs: number,
  isLast: boolean,
): Promise<void> {
  const kubernetes = await context.kubernetes()
  const [poolKind, machineKind] = await Promise.all([pools.kind(), machines.kind()])
  const names = new Set(own.map((pool) => pool.metadata.name))
  const scope = namespace === undefined ? {} : { namespace }
  const rest = isLast
    ? tr(
        'The machines go on leaving while the controllers run (fochista serve). The control plane goes after them, with the same command again. Look at it with:',
        'Le macchine continuano a uscire finché i controller sono in esecuzione (fochista serve). Il control plane va dopo di loro, ripetendo lo stesso comando. Osservalo con:',
      )
    : tr(
        'It goes on while the controllers run (fochista serve). Look at it with:',
        'Prosegue finché i controller sono in esecuzione (fochista serve). Osservalo con:',
      )
  const hint = `${rest}  fochista cluster describe ${name}${namespace ? ` -n ${namespace}` : ''}`
  await waitWatching(
    context,
    [poolKind, machineKind].map((kind) => ({ kind, namespace })),
    { timeoutMs, hint },
    async () => {
      const [allPools, allMachines] = await Promise.all([
        kubernetes.list(poolKind, scope),
        kubernetes.list(machineKind, scope),
      ])
      const left = allMachines.items.filter((machine) => names.has(machine.spec.nodePoolName))
      const done = left.length === 0 && !allPools.items.some((pool) => names.has(pool.metadata.name))
      const count = left.length
      const state =
        count === 1
          ? tr('1 machine left', '1 macchina rimasta')
          : tr(`${count} machines left`, `${count} macchine rimaste`)
      return { done, lines: [{ name, state, style: 'working' }, ...left.map(stepOf)] }
    },
  )
}
