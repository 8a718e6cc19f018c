import { argument, command } from '../../command.ts'
import { tr } from '../../locale.ts'
import { oneLine, printTable } from '../../output.ts'
import { machines } from '../machine/resource.ts'
import { pools } from '../pool/resource.ts'
import { requireObject } from '../resources.ts'
import { clusters } from './resource.ts'

/** `fochista cluster describe`: the control plane, its pools and their machines on one page. */
export const clusterDescribe = command({
  path: 'cluster describe <name>',
  summary: tr(
    'explain one cluster: control plane, pools, machines',
    'spiega un cluster: control plane, pool, macchine',
  ),
  run: async (context, args) => {
    const { io } = context
    const cluster = await requireObject(context, await clusters.kind(), 'cluster', argument(args, 'name'))
    printTable(io, clusters.columns, [cluster])
    const kubernetes = await context.kubernetes()
    const { namespace } = cluster.metadata
    const scope = namespace === undefined ? {} : { namespace }
    const [allPools, allMachines] = await Promise.all([
      kubernetes.list(await pools.kind(), scope),
      kubernetes.list(await machines.kind(), scope),
    ])
    const own = allPools.items.filter((pool) => pool.spec.clusterName === cluster.metadata.name)
    const names = new Set(own.map((pool) => pool.metadata.name))
    io.out()
    if (own.length === 0) {
      io.out(
        tr('No pools. Add one with:', 'Nessun pool. Aggiungine uno con:') +
          `  fochista pool create workers --cluster ${cluster.metadata.name} --replicas 3`,
      )
      return
    }
    printTable(io, pools.columns, own)
    for (const pool of own) {
      for (const condition of pool.status?.conditions ?? []) {
        if (condition.status !== 'True' && condition.message)
          io.out(
            oneLine(`  ${pool.metadata.name}: ${condition.type} ${condition.reason}: ${condition.message}`),
          )
      }
    }
    io.out()
    // What each machine waits for is what one looks here for.
    printTable(
      io,
      [
        ...machines.columns.filter(({ wide }) => !wide),
        ...machines.columns.filter(({ heading }) => heading === 'WAITS FOR'),
      ],
      allMachines.items.filter((machine) => names.has(machine.spec.nodePoolName)),
    )
  },
})
