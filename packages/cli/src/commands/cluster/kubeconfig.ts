import { argument, command, textOr } from '../../command.ts'
import { UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { requireObject } from '../resources.ts'
import { clusters } from './resource.ts'

/** `fochista cluster kubeconfig`: the tenant cluster's kubeconfig, as Kamaji made it. */
export const clusterKubeconfig = command({
  path: 'cluster kubeconfig <name>',
  summary: tr('Print the kubeconfig of a cluster', 'Mostra il kubeconfig di un cluster'),
  options: { user: textOr('--user <user>', tr('admin or super-admin', 'admin o super-admin'), 'admin') },
  examples: ['fochista cluster kubeconfig tenant-test > tenant.kubeconfig'],
  run: async (context, args, options) => {
    const { user } = options
    if (user !== 'admin' && user !== 'super-admin') {
      throw new UsageError(`--user: "${user}" ${tr('is not one of', 'non è uno fra')} admin, super-admin`)
    }
    const cluster = await requireObject(context, await clusters.kind(), 'cluster', argument(args, 'name'))
    const { kubeconfigOf } = await import('@fochista/kamaji')
    context.io.raw(await kubeconfigOf(await context.kubernetes(), cluster, { user }))
  },
})
