import { randomUUID } from 'node:crypto'
import type { Kubernetes, KubernetesObject } from '@fochista/kubernetes'
import { command, flag, list, text } from '../../command.ts'
import type { Context } from '../../context.ts'
import { UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { printManifests } from '../../output.ts'
import { dryRunOption, timeoutOption, waitWatching } from '../waiting.ts'

const tenantSecrets = 'fochista-tenant-secrets'

/** `fochista install`: our CRDs, roles and the installation's identity in the management cluster. A repeat changes nothing. */
export const install = command({
  path: 'install',
  summary: tr(
    'install our kinds and roles in the management cluster',
    'installa i nostri tipi e ruoli nel cluster di gestione',
  ),
  options: {
    namespaces: list(
      '--namespaces <names>',
      tr(
        'namespaces whose Secrets the controllers may get (default: all); commas or repeated',
        'namespace di cui i controller possono leggere i Secret (predefinito: tutti); con virgole o ripetibile',
      ),
    ),
    controllers: flag(
      '--controllers',
      tr(
        'run the controllers in the management cluster, two replicas; needs --image',
        'esegue i controller nel cluster di gestione, due repliche; richiede --image',
      ),
    ),
    image: text(
      '--image <image>',
      tr('image of the controllers (deploy/Containerfile)', 'immagine dei controller (deploy/Containerfile)'),
    ),
    apiAccess: flag(
      '--api-access',
      tr(
        'also make kube-system/api-access: an account for people who call the API themselves',
        'crea anche kube-system/api-access: un account per chi chiama l’API direttamente',
      ),
    ),
    timeout: timeoutOption('60s'),
    dryRun: dryRunOption,
  },
  examples: [
    'fochista install',
    'fochista install --api-access && TOKEN=$(fochista token create api-access -n kube-system --existing)',
    'fochista install --namespaces team-a,team-b',
    'fochista install --controllers --image registry.example/fochista:0.1.0',
  ],
  run: async (context, _args, options) => {
    const image = imageFrom(options)
    const { API_ACCESS_ACCOUNT, apiAccessManifests, installManifests } = await import('@fochista/api')
    const { isAlreadyExists, isNotFound, orUndefined } = await import('@fochista/kubernetes')
    const kubernetes = await context.kubernetes()
    const installation = (await installedIdentity(kubernetes)) ?? randomUUID()
    const namespaces = options.namespaces.flatMap((names) => names.split(',').filter(Boolean))
    const manifests = [
      ...installManifests({
        installation,
        namespaces: namespaces.length > 0 ? namespaces : undefined,
        image,
      }),
      ...(options.apiAccess ? apiAccessManifests() : []),
    ]
    if (options.dryRun) return printManifests(context.io, manifests)
    for (const manifest of manifests) {
      // The identity stands in the marks of VMs. Of two installs at once the first one's stays. And an account of people that is there
      // already stays theirs.
      if (manifest.kind === 'ConfigMap' || manifest.metadata.name === API_ACCESS_ACCOUNT.name)
        await orUndefined(isAlreadyExists, kubernetes.create(await kubernetes.resolve(manifest), manifest))
      else await kubernetes.apply(manifest, { force: true })
    }
    await withdrawBindings(kubernetes, namespaces, (deletion) => orUndefined(isNotFound, deletion))
    const wanted = manifests
      .filter(({ kind }) => kind === 'CustomResourceDefinition')
      .map(({ metadata }) => metadata.name)
    await waitUntilServed(context, wanted, options.timeout)
    if (image !== undefined) await waitUntilAvailable(context, options.timeout)
    context.io.out(`${tr('installed', 'installato')}: ${wanted.join(', ')}`)
    if (options.apiAccess)
      context.io.note(
        `${tr('a token to call the API with:', 'un token per chiamare l’API:')}  fochista token create ${API_ACCESS_ACCOUNT.name} -n ${API_ACCESS_ACCOUNT.namespace} --existing`,
      )
  },
})

/** The image of the controllers, if they are wanted. Throws a UsageError for one without the other. */
function imageFrom({
  controllers,
  image,
}: {
  controllers: boolean
  image: string | undefined
}): string | undefined {
  if (controllers === (image !== undefined)) return image
  throw new UsageError(
    controllers
      ? tr(
          'give --image: build one with deploy/Containerfile and push it where the cluster can pull it',
          'indica --image: costruiscine una con deploy/Containerfile e pubblicala dove il cluster può scaricarla',
        )
      : tr('--image is for --controllers', '--image vale per --controllers'),
  )
}

/** Waits until all replicas of the controllers are of this image and available. */
async function waitUntilAvailable(context: Context, timeoutMs: number): Promise<void> {
  const { CONTROLLERS_DEPLOYMENT: name, SYSTEM_NAMESPACE: namespace } = await import('@fochista/api')
  const { Deployment } = await import('@fochista/kubernetes')
  const kubernetes = await context.kubernetes()
  const hint = `kubectl -n ${namespace} describe pods -l app.kubernetes.io/component=controllers`
  await waitWatching(context, [{ kind: Deployment, namespace }], { timeoutMs, hint }, async () => {
    const { metadata, spec, status = {} } = await kubernetes.get(Deployment, { name, namespace })
    const wanted = spec?.replicas ?? 1
    const isSeen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
    const { updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = status
    const done = isSeen && updatedReplicas === wanted && availableReplicas === wanted && replicas === wanted
    const state = tr(
      `${availableReplicas} of ${wanted} available`,
      `${availableReplicas} disponibili su ${wanted}`,
    )
    return { done, lines: [{ name, state, style: done ? 'ready' : 'waiting' }] }
  })
}

/** The UUID of the installation that is already there: it stands in the marks of VMs and must never change. */
async function installedIdentity(kubernetes: Kubernetes): Promise<string | undefined> {
  const { INSTALLATION_CONFIG_MAP, SYSTEM_NAMESPACE } = await import('@fochista/api')
  const { ConfigMap, isNotFound, orUndefined } = await import('@fochista/kubernetes')
  const found = await orUndefined(
    isNotFound,
    kubernetes.get(ConfigMap, { name: INSTALLATION_CONFIG_MAP, namespace: SYSTEM_NAMESPACE }),
  )
  return found?.data?.['id']
}

/** Takes back the right to read Secrets where an earlier install gave it and this one does not. */
async function withdrawBindings(
  kubernetes: Kubernetes,
  namespaces: readonly string[],
  unlessGone: (deletion: Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' }
  const inNamespace = await kubernetes.resolve({ ...rbac, kind: 'RoleBinding' })
  const everywhere = await kubernetes.resolve({ ...rbac, kind: 'ClusterRoleBinding' })
  const { items } = await kubernetes.list(inNamespace, { fieldSelector: `metadata.name=${tenantSecrets}` })
  for (const { metadata } of items)
    if (!namespaces.includes(metadata.namespace ?? ''))
      await unlessGone(kubernetes.delete(inNamespace, metadata))
  if (namespaces.length > 0) await unlessGone(kubernetes.delete(everywhere, { name: tenantSecrets }))
}

/** Waits until the API server serves our kinds. */
async function waitUntilServed(
  context: Context,
  wanted: readonly string[],
  timeoutMs: number,
): Promise<void> {
  const { CustomResourceDefinition } = await import('@fochista/kubernetes')
  const kubernetes = await context.kubernetes()
  await waitWatching(
    context,
    [{ kind: CustomResourceDefinition, namespace: undefined }],
    { timeoutMs },
    async () => {
      const { items } = await kubernetes.list(CustomResourceDefinition)
      const missing = wanted.filter(
        (name) => !items.some((item) => item.metadata.name === name && isEstablished(item)),
      )
      return {
        done: missing.length === 0,
        lines: missing.map((name) => ({ name, state: tr('waiting', 'in attesa'), style: 'waiting' })),
      }
    },
  )
}

function isEstablished(crd: KubernetesObject): boolean {
  const { status } = crd as { status?: { conditions?: { type: string; status: string }[] } }
  return (
    status?.conditions?.some(
      (condition) => condition.type === 'Established' && condition.status === 'True',
    ) ?? false
  )
}
