import type { Machine, NodePool } from '@fochista/api'
import type { Kubernetes } from '@fochista/kubernetes'
import { argument, command } from '../../command.ts'
import { tr } from '../../locale.ts'
import { oneLine, printTable } from '../../output.ts'
import { machines } from '../machine/resource.ts'
import { classOf } from '../pool/refusal.ts'
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
  examples: ['fochista cluster describe tenant-test'],
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
        if ((condition.status !== 'True' || condition.reason === 'RollingOut') && condition.message)
          io.out(
            oneLine(`  ${pool.metadata.name}: ${condition.type} ${condition.reason}: ${condition.message}`),
          )
      }
    }
    io.out()
    const ways = await waysOf(kubernetes, own, allMachines.items)
    // What each machine waits for, and what becomes of it, is what one looks here for.
    printTable(
      io,
      [
        ...machines.columns.filter(({ wide }) => !wide),
        ...(ways.size > 0
          ? [{ heading: 'CHANGE', cell: ({ metadata }: Machine) => ways.get(metadata.name) }]
          : []),
        ...machines.columns.filter(({ heading }) => heading === 'WAITS FOR'),
      ],
      allMachines.items.filter((machine) => names.has(machine.spec.nodePoolName)),
    )
  },
})

const changes = {
  replace: tr('replaced', 'sostituita'),
  reboot: tr('rebooted', 'riavviata'),
  hot: tr('while it runs', 'in funzione'),
  grow: tr('disk grows', 'il disco cresce'),
  standIn: tr('stands in', 'fa le veci'),
} as const

/** What the controllers would do, or do now, with machines that are not as their pools ask for, by their names. */
async function waysOf(
  kubernetes: Kubernetes,
  own: readonly NodePool[],
  all: readonly Machine[],
): Promise<Map<string, string>> {
  const ways = new Map<string, string>()
  const { wayOf } = await import('@fochista/controllers')
  const { isForbidden, isNotFound, orUndefined } = await import('@fochista/kubernetes')
  for (const pool of own) {
    const machineClass = await orUndefined(
      (error) => isForbidden(error) || isNotFound(error),
      classOf(kubernetes, pool),
    )
    for (const machine of all) {
      if (machine.spec.nodePoolName !== pool.metadata.name || machine.metadata.deletionTimestamp) continue
      const way = wayOf(pool, machineClass, machine, Date.now())
      if (way !== undefined) ways.set(machine.metadata.name, changes[way])
    }
  }
  return ways
}
