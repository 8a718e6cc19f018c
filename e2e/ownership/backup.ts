import { ask } from '../chaos/world.ts'
import type { Bench } from '../harness.ts'
import { ours } from './stage.ts'

/** Kinds that a backup of the management cluster has, and where they are. */
export const PLACES = {
  Secret: '/api/v1/namespaces/fochista-system/secrets',
  ConfigMap: '/api/v1/namespaces/fochista-system/configmaps',
  Lease: '/apis/coordination.k8s.io/v1/namespaces/fochista-system/leases',
  ProxmoxCluster: '/apis/fochista.dev/v1alpha1/proxmoxclusters',
  MachineClass: '/apis/fochista.dev/v1alpha1/machineclasses',
  TenantControlPlane: '/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes',
  NodePool: `${ours}/nodepools`,
  Machine: `${ours}/machines`,
} as const

/** One of the kinds. */
export type Place = keyof typeof PLACES

/** An object of a backup, whole. */
export interface Saved {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: object
    readonly annotations?: object
    readonly finalizers?: readonly string[]
  }
  readonly status?: object
}

/** A backup: objects by kind, as they were. */
export type Backup = ReadonlyMap<Place, readonly Saved[]>

/** Reads everything of the given kinds. */
export async function backUp(bench: Bench, kinds: readonly Place[]): Promise<Backup> {
  const saved = new Map<Place, Saved[]>()
  for (const kind of kinds) {
    const { items } = (await ask(bench, 'GET', PLACES[kind])) as { items: Saved[] }
    // Of Secrets and ConfigMaps every namespace has its own.
    saved.set(
      kind,
      items.filter(({ metadata }) => !/^(kube-root-ca|default-token)/.test(metadata.name)),
    )
  }
  return saved
}

/** Loses everything of the given kinds, finalizers or not, as with the etcd that had them; what belonged to it stays. */
export async function lose(bench: Bench, backup: Backup, kinds: readonly Place[]): Promise<void> {
  for (const kind of kinds)
    for (const { metadata } of backup.get(kind) ?? []) {
      const path = `${PLACES[kind]}/${metadata.name}`
      await ask(bench, 'PATCH', path, { metadata: { finalizers: null } }, true)
      await ask(bench, 'DELETE', `${path}?propagationPolicy=Orphan`, undefined, true)
    }
}

/**
 * Makes objects again as Velero does: new UIDs, no status, no owner references, and no finalizers unless they are to be kept. What is there
 * already stays as it is.
 */
export async function restore(
  bench: Bench,
  backup: Backup,
  kinds: readonly Place[],
  { keepFinalizers = false } = {},
): Promise<void> {
  for (const kind of kinds)
    for (const { metadata, status: _, ...rest } of backup.get(kind) ?? []) {
      const { name, namespace, labels, annotations } = metadata
      const finalizers = keepFinalizers ? metadata.finalizers : undefined
      const object = { ...rest, metadata: { name, namespace, labels, annotations, finalizers } }
      const path = `${PLACES[kind]}/${name}`
      if ((await ask(bench, 'GET', path, undefined, true)) === undefined)
        await ask(bench, 'POST', PLACES[kind], {
          ...object,
          apiVersion: object.apiVersion ?? versionOf(kind),
          kind,
        })
    }
}

const versionOf = (kind: Place): string =>
  PLACES[kind].startsWith('/api/') ? 'v1' : PLACES[kind].split('/').slice(2, 4).join('/')
