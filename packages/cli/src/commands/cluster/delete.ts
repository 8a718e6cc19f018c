import { argument, command, flag } from '../../command.ts'
import type { Context } from '../../context.ts'
import { tr } from '../../locale.ts'
import { machines } from '../machine/resource.ts'
import { stepOf } from '../machine/timeline.ts'
import { pools } from '../pool/resource.ts'
import { requireObject } from '../resources.ts'
import { dryRunOption, timeoutOption, waitUntilGone, waitWatching } from '../waiting.ts'
import { clusters } from './resource.ts'

/**
 * `fochista cluster delete`: pools first, so that their nodes are drained while the cluster still answers, the control plane
 * last. `--no-drain` deletes the control plane at once; the controllers then take the machines away without draining.
 */
export const clusterDelete = command({
  path: 'cluster delete <name>',
  summary: tr(
    'Delete a cluster: workers first, the control plane last',
    'Elimina un cluster: prima i worker, per ultimo il control plane',
  ),
  options: {
    noDrain: flag('--no-drain', tr('delete the control plane at once', 'elimina subito il control plane')),
    timeout: timeoutOption('30m'),
    dryRun: dryRunOption,
  },
  run: async (context, args, options) => {
    const kind = await clusters.kind()
    const cluster = await requireObject(context, kind, 'cluster', argument(args, 'name'))
    const { name, namespace } = cluster.metadata
    const kubernetes = await context.kubernetes()
    const poolKind = await pools.kind()
    const own = (await kubernetes.list(poolKind, { namespace })).items.filter(
      (pool) => pool.spec.clusterName === name,
    )
    if (options.dryRun) {
      for (const pool of own)
        context.io.out(`pool/${pool.metadata.name} ${tr('would be deleted', 'verrebbe eliminato')}`)
      return context.io.out(`cluster/${name} ${tr('would be deleted', 'verrebbe eliminato')}`)
    }
    if (options.noDrain)
      await kubernetes.delete(kind, cluster.metadata, { preconditions: { uid: cluster.metadata.uid } })
    else
      for (const pool of own)
        await kubernetes.delete(poolKind, pool.metadata, { preconditions: { uid: pool.metadata.uid } })
    await waitForPoolsGone(
      context,
      namespace,
      new Set(own.map((pool) => pool.metadata.name)),
      name,
      options.timeout,
    )
    if (!options.noDrain)
      await kubernetes.delete(kind, cluster.metadata, { preconditions: { uid: cluster.metadata.uid } })
    await waitUntilGone(context, kind, cluster, options.timeout)
    context.io.out(`cluster/${name} ${tr('deleted', 'eliminato')}`)
  },
})

async function waitForPoolsGone(
  context: Context,
  namespace: string | undefined,
  names: ReadonlySet<string>,
  cluster: string,
  timeoutMs: number,
): Promise<void> {
  const kubernetes = await context.kubernetes()
  const [poolKind, machineKind] = await Promise.all([pools.kind(), machines.kind()])
  await waitWatching(
    context,
    [poolKind, machineKind].map((kind) => ({ kind, namespace })),
    timeoutMs,
    async () => {
      const [allPools, allMachines] = await Promise.all([
        kubernetes.list(poolKind, { namespace }),
        kubernetes.list(machineKind, { namespace }),
      ])
      const left = allMachines.items.filter((machine) => names.has(machine.spec.nodePoolName))
      const done = left.length === 0 && !allPools.items.some((pool) => names.has(pool.metadata.name))
      return {
        done,
        lines: [
          {
            name: cluster,
            state: tr(`${left.length} machines left`, `${left.length} macchine rimaste`),
            style: 'working',
          },
          ...left.map(stepOf),
        ],
      }
    },
  )
}
