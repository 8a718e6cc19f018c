import type { Kubernetes, KubernetesObject } from '@fochista/kubernetes'
import { argument, choice, command, duration, flag } from '../../command.ts'
import { CommandError, UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { printManifests } from '../../output.ts'
import { dryRunOption } from '../waiting.ts'

const roles = { admin: 'fochista-tenant-admin', viewer: 'fochista-tenant-viewer' } as const
type Role = keyof typeof roles

/** `fochista token create NAME`: a ServiceAccount of the namespace with one of our tenant roles, and a token for scripts. */
export const tokenCreate = command({
  path: 'token create <name>',
  summary: tr(
    'make a token for scripts: a ServiceAccount with a tenant role',
    'crea un token per script: un ServiceAccount con un ruolo tenant',
  ),
  options: {
    role: choice(
      '--role <role>',
      tr('what it may do', 'cosa può fare'),
      ['admin', 'viewer'] as const,
      'viewer',
    ),
    lifetime: duration(
      '--ttl <time>',
      tr(
        'how long it is valid (default 24h, at least 10m)',
        'durata di validità (predefinito 24h, almeno 10m)',
      ),
      '24h',
    ),
    existing: flag(
      '--existing',
      tr(
        'of an account that is there already: makes none, and gives it no role',
        'di un account già esistente: non ne crea uno e non gli assegna ruoli',
      ),
    ),
    dryRun: dryRunOption,
  },
  examples: [
    'TOKEN=$(fochista token create ci --role admin --ttl 1h)',
    'TOKEN=$(fochista token create api-access -n kube-system --existing)',
  ],
  run: async (context, args, options) => {
    // The API server refuses shorter ones.
    if (options.lifetime < 600_000)
      throw new UsageError(tr('--ttl: a token lives at least 10m', '--ttl: un token vale almeno 10m'))
    const name = argument(args, 'name')
    const namespace = await context.namespace()
    const manifests = options.existing ? [] : manifestsOf(name, namespace, options.role)
    if (options.dryRun) return printManifests(context.io, manifests)
    const kubernetes = await context.kubernetes()
    if (!options.existing) await requireNoOtherRole(kubernetes, name, namespace, options.role)
    for (const manifest of manifests) await kubernetes.apply(manifest)
    const { isNotFound } = await import('@fochista/kubernetes')
    const { token } = await kubernetes
      .createToken({ name, namespace }, { expirationSeconds: Math.floor(options.lifetime / 1000) })
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error
        throw new CommandError(
          tr(
            `there is no ServiceAccount "${name}" in namespace "${namespace}"`,
            `non c’è un ServiceAccount "${name}" nel namespace "${namespace}"`,
          ),
          {
            hint: tr(
              'Without --existing it is made; api-access comes with: fochista install --api-access',
              'Senza --existing viene creato; api-access arriva con: fochista install --api-access',
            ),
            cause: error,
          },
        )
      })
    context.io.out(token)
  },
})

const bindingName = (name: string, role: Role): string => `${name}-${roles[role]}`

function manifestsOf(name: string, namespace: string, role: Role): KubernetesObject[] {
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: bindingName(name, role), namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roles[role] },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  }
  // By which people find accounts that were made here; server-side apply also wants a field to own.
  const labels = { 'app.kubernetes.io/managed-by': 'fochista' }
  return [{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels } }, binding]
}

/** Rights add up: a viewer's token of an account that is an admin too would be an admin's. */
async function requireNoOtherRole(
  kubernetes: Kubernetes,
  name: string,
  namespace: string,
  role: Role,
): Promise<void> {
  const { isNotFound, orUndefined } = await import('@fochista/kubernetes')
  const kind = await kubernetes.resolve({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
  })
  for (const other of (Object.keys(roles) as Role[]).filter((one) => one !== role)) {
    const found = await orUndefined(
      isNotFound,
      kubernetes.get(kind, { name: bindingName(name, other), namespace }),
    )
    if (found)
      throw new CommandError(
        tr(`"${name}" has the role ${other} already`, `"${name}" ha già il ruolo ${other}`),
        {
          hint: tr(
            `Take another name, or first: kubectl delete rolebinding ${found.metadata.name} -n ${namespace}`,
            `Scegli un altro nome, o prima: kubectl delete rolebinding ${found.metadata.name} -n ${namespace}`,
          ),
        },
      )
  }
}
