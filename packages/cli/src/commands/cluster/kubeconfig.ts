import { argument, choice, command } from '../../command.ts'
import { tr } from '../../locale.ts'
import { requireObject } from '../resources.ts'
import { clusters } from './resource.ts'

/** `fochista cluster kubeconfig`: the tenant cluster's kubeconfig, as Kamaji made it. */
export const clusterKubeconfig = command({
  path: 'cluster kubeconfig <name>',
  summary: tr('print the kubeconfig of a cluster', 'mostra il kubeconfig di un cluster'),
  options: {
    user: choice(
      '--user <user>',
      tr('whose kubeconfig', 'di chi'),
      ['admin', 'super-admin'] as const,
      'admin',
    ),
  },
  examples: ['fochista cluster kubeconfig tenant-test > tenant.kubeconfig'],
  run: async (context, args, options) => {
    const cluster = await requireObject(context, await clusters.kind(), 'cluster', argument(args, 'name'))
    const { kubeconfigOf } = await import('@fochista/kamaji')
    context.io.raw(await kubeconfigOf(await context.kubernetes(), cluster, { user: options.user }))
  },
})
