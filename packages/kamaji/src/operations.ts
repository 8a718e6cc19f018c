import { Deployment, Event, Pod, Secret, Service, ConfigMap } from '@fochista/kubernetes'
import type {
  DeleteOptions,
  Kind,
  Kubernetes,
  KubernetesObject,
  ObjectRef,
  WriteOptions,
} from '@fochista/kubernetes'
import { TenantControlPlane } from './kinds.ts'

/**
 * The object with the parts that Kamaji stumbles over when they are left out: without `networkProfile` no default applies and later
 * merge patches are refused; without `controlPlane.deployment` the webhook answers 500. Nothing that is set changes.
 */
export function withRequiredParts(tcp: TenantControlPlane): TenantControlPlane {
  const { spec } = tcp
  return {
    ...tcp,
    spec: {
      ...spec,
      controlPlane: { ...spec.controlPlane, deployment: spec.controlPlane.deployment ?? {} },
      networkProfile: spec.networkProfile ?? {},
    },
  }
}

/** Creates a control plane, completed by `withRequiredParts`. */
export function createTenantControlPlane(
  kubernetes: Kubernetes,
  tcp: TenantControlPlane,
  options?: WriteOptions,
): Promise<TenantControlPlane> {
  return kubernetes.create(TenantControlPlane, withRequiredParts(tcp), options)
}

/** Changes fields by merge patch; `null` removes one. Strategic patches do not exist for custom kinds. */
export function patchTenantControlPlane(
  kubernetes: Kubernetes,
  ref: ObjectRef,
  patch: object,
  options: WriteOptions & { resourceVersion?: string } = {},
): Promise<TenantControlPlane> {
  return kubernetes.patch(TenantControlPlane, ref, patch, options)
}

/** Replaces a control plane whole; its `resourceVersion` must be the newest. */
export function replaceTenantControlPlane(
  kubernetes: Kubernetes,
  tcp: TenantControlPlane,
  options?: WriteOptions,
): Promise<TenantControlPlane> {
  return kubernetes.update(TenantControlPlane, withRequiredParts(tcp), options)
}

/** Deletes a control plane; everything Kamaji made for it goes with it. */
export function deleteTenantControlPlane(
  kubernetes: Kubernetes,
  ref: ObjectRef,
  options?: DeleteOptions,
): Promise<TenantControlPlane | undefined> {
  return kubernetes.delete(TenantControlPlane, ref, options)
}

/** Sets the replicas of a control plane's pods; 0 puts it to sleep. */
export function scaleTenantControlPlane(
  kubernetes: Kubernetes,
  ref: ObjectRef,
  replicas: number,
): Promise<void> {
  return kubernetes.scale(TenantControlPlane, ref, replicas)
}

/** What belongs to one control plane in the management cluster. */
export type RelatedObjects = {
  deployments: Deployment[]
  services: Service[]
  pods: Pod[]
  secrets: Secret[]
  configMaps: ConfigMap[]
  events: Event[]
}

/** Selects everything that Kamaji made for a control plane. */
export function relatedSelector(tcp: { metadata: { name: string } }): string {
  return `kamaji.clastix.io/name=${tcp.metadata.name}`
}

/** Lists what belongs to a control plane, by Kamaji's label. Secrets are listed only when asked for: it needs the right to list them. */
export async function relatedObjects(
  kubernetes: Kubernetes,
  tcp: TenantControlPlane,
  options: { secrets?: boolean; signal?: AbortSignal } = {},
): Promise<RelatedObjects> {
  const namespace = tcp.metadata.namespace ?? 'default'
  const call = options.signal ? { signal: options.signal } : {}
  const labelled = async <T extends KubernetesObject>(kind: Kind<T>): Promise<T[]> =>
    (await kubernetes.list(kind, { namespace, labelSelector: relatedSelector(tcp), ...call })).items
  const fieldSelector = `involvedObject.kind=TenantControlPlane,involvedObject.name=${tcp.metadata.name}`
  const [deployments, services, pods, secrets, configMaps, events] = await Promise.all([
    labelled(Deployment),
    labelled(Service),
    labelled(Pod),
    options.secrets ? labelled(Secret) : [],
    labelled(ConfigMap),
    kubernetes.list(Event, { namespace, fieldSelector, ...call }),
  ])
  return { deployments, services, pods, secrets, configMaps, events: events.items }
}
