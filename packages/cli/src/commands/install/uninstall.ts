import type { Kubernetes, KubernetesObject } from '@fochista/kubernetes'
import { command } from '../../command.ts'
import type { Context } from '../../context.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { nameOf } from '../../output.ts'
import { machines } from '../machine/resource.ts'
import { pools } from '../pool/resource.ts'
import { proxmoxClusters } from '../proxmox/resource.ts'
import { dryRunOption, timeoutOption, waitWatching } from '../waiting.ts'

/**
 * `fochista uninstall`: takes away what `install` made, the ProxmoxClusters first, while the controllers can still let go of them.
 * Refuses while NodePools or Machines exist: their VMs would be stranded.
 */
export const uninstall = command({
  path: 'uninstall',
  summary: tr(
    'remove our kinds and roles; refused while pools or machines exist',
    'rimuove i nostri tipi e ruoli; rifiutato finché esistono pool o macchine',
  ),
  options: { timeout: timeoutOption('60s'), dryRun: dryRunOption },
  examples: ['fochista uninstall --dry-run'],
  run: async (context, _args, options) => {
    const { apiAccessManifests, installManifests } = await import('@fochista/api')
    const { isNotFound, orUndefined } = await import('@fochista/kubernetes')
    const kubernetes = await context.kubernetes()
    await requireUnused(kubernetes)
    const proxmox = await listed(kubernetes, await proxmoxClusters.kind())
    const manifests = [
      ...installManifests({
        installation: '00000000-0000-0000-0000-000000000000',
        // Whatever its image: it goes by its name.
        image: 'any',
      }),
      ...(await ourApiAccess(kubernetes, apiAccessManifests())),
    ].reverse()
    if (options.dryRun) {
      for (const object of [...proxmox, ...manifests])
        context.io.out(`${nameOf(object)} ${tr('would be deleted', 'verrebbe eliminato')}`)
      return
    }
    await removeProxmoxClusters(context, proxmox, options.timeout)
    for (const manifest of manifests)
      await orUndefined(isNotFound, kubernetes.delete(await kubernetes.resolve(manifest), manifest.metadata))
    await removeBindings(kubernetes)
    await waitUntilGone(context, options.timeout)
    context.io.out(tr('uninstalled', 'disinstallato'))
  },
})

/** What `install --api-access` made: an account that was there before it has not our label, and stays. */
async function ourApiAccess<M extends KubernetesObject>(
  kubernetes: Kubernetes,
  manifests: M[],
): Promise<M[]> {
  const { isNotFound, orUndefined } = await import('@fochista/kubernetes')
  const there = await Promise.all(
    manifests.map(async (manifest) => {
      const kind = await kubernetes.resolve(manifest)
      const found = await orUndefined(isNotFound, kubernetes.get(kind, manifest.metadata))
      const label = 'app.kubernetes.io/name'
      return found && found.metadata.labels?.[label] === manifest.metadata.labels?.[label]
    }),
  )
  return manifests.filter((_, index) => there[index])
}

/** All objects of a kind of ours; none where the kind itself is gone. */
async function listed<T extends KubernetesObject>(
  kubernetes: Kubernetes,
  kind: Parameters<Kubernetes['list']>[0],
): Promise<T[]> {
  const { isNotFound, orUndefined } = await import('@fochista/kubernetes')
  return ((await orUndefined(isNotFound, kubernetes.list(kind)))?.items ?? []) as T[]
}

async function requireUnused(kubernetes: Kubernetes): Promise<void> {
  const left: KubernetesObject[] = []
  for (const kind of [await machines.kind(), await pools.kind()])
    left.push(...(await listed(kubernetes, kind)))
  if (left.length === 0) return
  const shown = left
    .slice(0, 5)
    .map((item) => `${nameOf(item)}${item.metadata.namespace ? ` (${item.metadata.namespace})` : ''}`)
  throw new CommandError(
    tr(
      `still in use by ${left.length} ${left.length === 1 ? 'object' : 'objects'}: ${shown.join(', ')}`,
      `ancora in uso da ${left.length} ${left.length === 1 ? 'oggetto' : 'oggetti'}: ${shown.join(', ')}`,
    ),
    {
      hint: tr(
        'Delete the clusters or pools while the controllers run, and try again. Nothing was changed.',
        'Elimina i cluster o i pool mentre i controller sono in esecuzione, e riprova. Nulla è stato cambiato.',
      ),
    },
  )
}

async function removeProxmoxClusters(
  context: Context,
  clusters: readonly KubernetesObject[],
  timeoutMs: number,
): Promise<void> {
  if (clusters.length === 0) return
  const { isNotFound, orUndefined } = await import('@fochista/kubernetes')
  const kubernetes = await context.kubernetes()
  const kind = await proxmoxClusters.kind()
  for (const { metadata } of clusters) await orUndefined(isNotFound, kubernetes.delete(kind, metadata))
  const hint = tr(
    'The controllers let go of a ProxmoxCluster: start fochista serve, and try again.',
    'Sono i controller a lasciare un ProxmoxCluster: avvia fochista serve, e riprova.',
  )
  await waitWatching(context, [{ kind, namespace: undefined }], { timeoutMs, hint }, async () => {
    const left = await listed(kubernetes, kind)
    return {
      done: left.length === 0,
      lines: left.map(({ metadata: { name, finalizers } }) => ({
        name,
        state: tr('deleting', 'in eliminazione'),
        detail: finalizers?.join(', '),
        style: 'working',
      })),
    }
  })
}

/** Waits until our kinds are no longer served and the namespace is empty: an install right after would find them on their way out. */
async function waitUntilGone(context: Context, timeoutMs: number): Promise<void> {
  const { GROUP, SYSTEM_NAMESPACE } = await import('@fochista/api')
  const { CustomResourceDefinition, Namespace } = await import('@fochista/kubernetes')
  const kubernetes = await context.kubernetes()
  const kinds = [CustomResourceDefinition, Namespace].map((kind) => ({ kind, namespace: undefined }))
  await waitWatching(context, kinds, { timeoutMs }, async () => {
    const [definitions, namespaces] = await Promise.all([
      kubernetes.list(CustomResourceDefinition),
      kubernetes.list(Namespace, { fieldSelector: `metadata.name=${SYSTEM_NAMESPACE}` }),
    ])
    const left = [
      ...definitions.items.filter(({ metadata }) => metadata.name.endsWith(`.${GROUP}`)),
      ...namespaces.items,
    ]
    return {
      done: left.length === 0,
      lines: left.map(({ metadata: { name } }) => ({
        name,
        state: tr('deleting', 'in eliminazione'),
        style: 'working',
      })),
    }
  })
}

/** The bindings of `install --namespaces`, which no manifest of the plain installation names. */
async function removeBindings(kubernetes: Kubernetes): Promise<void> {
  const { isNotFound, orUndefined } = await import('@fochista/kubernetes')
  const kind = await kubernetes.resolve({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
  })
  const { items } = await kubernetes.list(kind, { fieldSelector: 'metadata.name=fochista-tenant-secrets' })
  for (const { metadata } of items) await orUndefined(isNotFound, kubernetes.delete(kind, metadata))
}
