import { argument, command, duration, textOr } from '../../command.ts'
import { UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'

const roles: Record<string, string> = { admin: 'fochista-tenant-admin', viewer: 'fochista-tenant-viewer' }

/** `fochista token create NAME`: a ServiceAccount of the namespace with one of our tenant roles, and a token for scripts. */
export const tokenCreate = command({
  path: 'token create <name>',
  summary: tr(
    'Make a token for scripts: a ServiceAccount with a tenant role',
    'Crea un token per script: un ServiceAccount con un ruolo tenant',
  ),
  options: {
    role: textOr('--role <role>', tr('admin or viewer', 'admin o viewer'), 'viewer'),
    lifetime: duration(
      '--ttl <time>',
      tr('how long it is valid (default 24h)', 'durata di validità (predefinito 24h)'),
      '24h',
    ),
  },
  examples: ['TOKEN=$(fochista token create ci --role admin --ttl 1h)'],
  run: async (context, args, options) => {
    const clusterRole = roles[options.role]
    if (!clusterRole)
      throw new UsageError(
        `--role: "${options.role}" ${tr('is not one of', 'non è uno fra')} ${Object.keys(roles).join(', ')}`,
      )
    const name = argument(args, 'name')
    const namespace = await context.namespace()
    const kubernetes = await context.kubernetes()
    await kubernetes.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } })
    await kubernetes.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: `${name}-${clusterRole}`, namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: clusterRole },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    } as Parameters<typeof kubernetes.apply>[0])
    const { token } = await kubernetes.createToken(
      { name, namespace },
      { expirationSeconds: Math.floor(options.lifetime / 1000) },
    )
    context.io.out(token)
  },
})
