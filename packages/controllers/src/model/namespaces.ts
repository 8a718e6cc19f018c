import { TenantControlPlane } from '@fochista/kamaji'
import { KubernetesApiError, type KubernetesObject } from '@fochista/kubernetes'
import { Machines, NodePools } from '../kinds.ts'
import { CLUSTERS, type Truth } from './truth.ts'

/** How often the server looks whether a namespace that goes is empty, milliseconds. */
const LOOK_MS = 2000

/** Lets the server refuse what is created in a namespace that is being deleted, in its own words. */
export function refuseInEnding({ management: { kubernetes }, ending }: Truth): void {
  const create = kubernetes.create.bind(kubernetes) as (
    kind: { plural: string },
    object: KubernetesObject,
  ) => unknown
  const refusing = (kind: { plural: string }, object: KubernetesObject): unknown => {
    const { name, namespace = '' } = object.metadata
    if (!ending.has(namespace)) return create(kind, object)
    const message = `${kind.plural} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`
    const causes = [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated` }]
    return Promise.reject(
      new KubernetesApiError(
        403,
        { message, reason: 'Forbidden', code: 403, details: { causes } },
        { method: 'POST', path: `/namespaces/${namespace}/${kind.plural}` },
      ),
    )
  }
  kubernetes.create = refusing as typeof kubernetes.create
}

/**
 * A person deletes a namespace: what is in it is asked to go, all at once, and nothing new is taken until it is empty. Then it is there anew,
 * without a control plane.
 */
export function endNamespace(truth: Truth, namespace: string): void {
  const { management, time } = truth
  truth.ending.add(namespace)
  truth.takenAt = time.now()
  const look = (): void => {
    const pools = truth.pools().filter(({ metadata }) => metadata.namespace === namespace)
    const machines = truth.machines().filter(({ metadata }) => metadata.namespace === namespace)
    for (const [kind, all] of [
      [NodePools, pools],
      [Machines, machines],
    ] as const)
      for (const { metadata } of all)
        if (!metadata.deletionTimestamp)
          void management.kubernetes.delete(kind as typeof Machines, { name: metadata.name, namespace })
    const controlPlanes = CLUSTERS.flatMap(([home, name]) => {
      const found = home === namespace ? management.read(TenantControlPlane, name, namespace) : undefined
      if (found && !found.metadata.deletionTimestamp) truth.takeAway(namespace, name)
      return found ?? []
    })
    if (pools.length + machines.length + controlPlanes.length === 0) truth.ending.delete(namespace)
    else time.setTimeout(look, LOOK_MS)
  }
  time.setTimeout(look, LOOK_MS)
}
