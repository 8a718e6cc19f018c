import { argument, command, flag, integer, list, parsePairs, requiredText, text } from '../../command.ts'
import { CommandError, UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { printManifests } from '../../output.ts'
import { clusters } from '../cluster/resource.ts'
import { dryRunOption } from '../waiting.ts'
import { requireAllowed } from './refusal.ts'
import { pools } from './resource.ts'

/** `fochista pool create`: a NodePool from flags. Anything finer is a manifest. */
export const poolCreate = command({
  path: 'pool create <name>',
  summary: tr('give a cluster a pool of workers', 'dà a un cluster un pool di worker'),
  options: {
    cluster: requiredText(
      '--cluster <name>',
      tr(
        'the cluster (a TenantControlPlane of the namespace)',
        'il cluster (un TenantControlPlane del namespace)',
      ),
    ),
    className: text(
      '--class <name>',
      tr('MachineClass (default: the default class)', 'MachineClass (predefinita: la classe predefinita)'),
    ),
    replicas: integer(
      '-r, --replicas <n>',
      tr('number of machines (default 1)', 'numero di macchine (predefinito 1)'),
      { min: 0 },
    ),
    version: text('--version <version>', tr('kubelet version', 'versione del kubelet')),
    cores: integer('--cores <n>', tr('cores of each machine', 'core di ogni macchina'), { min: 1 }),
    memory: text(
      '--memory <quantity>',
      tr('memory of each machine, such as 8Gi', 'memoria di ogni macchina, ad esempio 8Gi'),
    ),
    disk: text(
      '--disk <quantity>',
      tr('disk of each machine, such as 40Gi', 'disco di ogni macchina, ad esempio 40Gi'),
    ),
    label: list(
      '--node-label <key=value>',
      tr('label of the Nodes; may be repeated', 'etichetta dei Node; ripetibile'),
    ),
    taint: list(
      '--node-taint <key=value:effect>',
      tr('taint of the Nodes; may be repeated', 'taint dei Node; ripetibile'),
    ),
    dryRun: dryRunOption,
    paused: flag('--paused', tr('make nothing yet', 'non crea ancora nulla')),
  },
  examples: [
    'fochista pool create workers --cluster tenant-test --replicas 3',
    'fochista pool create gpu --cluster tenant-test --class gpu --node-taint dedicated=gpu:NoSchedule',
  ],
  run: async (context, args, options) => {
    const name = argument(args, 'name')
    const { nodePoolManifest } = await import('@fochista/api')
    const namespace = await context.namespace()
    const manifest = nodePoolManifest({
      name,
      namespace,
      clusterName: options.cluster,
      className: options.className,
      replicas: options.replicas,
      version: options.version,
      cores: options.cores,
      memory: options.memory,
      disk: options.disk,
      labels: parsePairs('--node-label', options.label),
      taints: options.taint.map(parseTaint),
      paused: options.paused || undefined,
    })
    if (options.dryRun) return printManifests(context.io, [manifest])
    const { isAlreadyExists, isNotFound, orUndefined } = await import('@fochista/kubernetes')
    const kubernetes = await context.kubernetes()
    await requireAllowed(context, manifest)
    await kubernetes.create(await pools.kind(), manifest).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
      throw new CommandError(
        tr(
          `pool "${name}" already exists in namespace "${namespace}"`,
          `il pool "${name}" esiste già nel namespace "${namespace}"`,
        ),
        {
          hint: `${tr('Scale it with:', 'Scalalo con:')}  fochista pool scale ${name} --replicas N -n ${namespace}`,
          cause: error,
        },
      )
    })
    const cluster = await orUndefined(
      isNotFound,
      kubernetes.get(await clusters.kind(), { name: options.cluster, namespace }),
    )
    if (!cluster)
      context.io.note(
        tr(
          `There is no cluster "${options.cluster}" yet: the pool waits for it.`,
          `Il cluster "${options.cluster}" non c’è ancora: il pool lo attende.`,
        ),
      )
    context.io.out(`pool/${name} ${tr('created', 'creato')}`)
  },
})

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const

function parseTaint(given: string): { key: string; value?: string; effect: (typeof effects)[number] } {
  const match = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(given)
  const effect = effects.find((known) => known === match?.[3])
  if (!match?.[1] || !effect) {
    throw new UsageError(
      `--node-taint: "${given}" ${tr('is not key=value:effect with an effect of', 'non è chiave=valore:effetto con un effetto fra')} ${effects.join(', ')}`,
    )
  }
  return { key: match[1], ...(match[2] ? { value: match[2] } : {}), effect }
}
