import { randomUUID } from 'node:crypto'
import type { Kubernetes, KubernetesObject } from '@fochista/kubernetes'
import { command, list } from '../../command.ts'
import { tr } from '../../locale.ts'
import { printManifests } from '../../output.ts'
import { dryRunOption, timeoutOption, waitWatching } from '../waiting.ts'

/** `fochista install`: our CRDs, roles and the installation's identity in the management cluster. A repeat changes nothing. */
export const install = command({
  path: 'install',
  summary: tr(
    'Install our kinds and roles in the management cluster',
    'Installa i nostri tipi e ruoli nel cluster di gestione',
  ),
  options: {
    namespaces: list(
      '--namespaces <name>',
      tr(
        'namespaces whose Secrets the controllers may get (default: all); may be repeated',
        'namespace di cui i controller possono leggere i Secret (predefinito: tutti); ripetibile',
      ),
    ),
    timeout: timeoutOption('60s'),
    dryRun: dryRunOption,
  },
  run: async (context, _args, options) => {
    const { installManifests } = await import('@fochista/api')
    const kubernetes = await context.kubernetes()
    const installation = (await installedIdentity(kubernetes)) ?? randomUUID()
    const manifests = installManifests({
      installation,
      namespaces: options.namespaces.length > 0 ? options.namespaces : undefined,
    })
    if (options.dryRun) return printManifests(context.io, manifests)
    for (const manifest of manifests) await kubernetes.apply(manifest, { force: true })
    const { CustomResourceDefinition } = await import('@fochista/kubernetes')
    const wanted = manifests
      .filter(({ kind }) => kind === 'CustomResourceDefinition')
      .map(({ metadata }) => metadata.name)
    await waitWatching(
      context,
      [{ kind: CustomResourceDefinition, namespace: undefined }],
      options.timeout,
      async () => {
        const { items } = await kubernetes.list(CustomResourceDefinition, {})
        const missing = wanted.filter(
          (name) => !items.some((item) => item.metadata.name === name && isEstablished(item)),
        )
        return {
          done: missing.length === 0,
          lines: missing.map((name) => ({ name, state: tr('waiting', 'in attesa'), style: 'waiting' })),
        }
      },
    )
    context.io.out(`${tr('installed', 'installato')}: ${wanted.join(', ')}`)
  },
})

/** The UUID of the installation that is already there: it stands in the marks of VMs and must never change. */
async function installedIdentity(kubernetes: Kubernetes): Promise<string | undefined> {
  const { ConfigMap, isNotFound, orUndefined } = await import('@fochista/kubernetes')
  const found = await orUndefined(
    isNotFound,
    kubernetes.get(ConfigMap, { name: 'fochista-installation', namespace: 'fochista-system' }),
  )
  return found?.data?.['id']
}

function isEstablished(crd: KubernetesObject): boolean {
  const { status } = crd as { status?: { conditions?: { type: string; status: string }[] } }
  return (
    status?.conditions?.some(
      (condition) => condition.type === 'Established' && condition.status === 'True',
    ) ?? false
  )
}
