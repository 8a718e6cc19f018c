import { isNotFound, Node, orUndefined } from '@fochista/kubernetes'
import type { Kubernetes } from '@fochista/kubernetes'

/** Keeps new pods off a node, or lets them on again; a node that is gone is fine. */
export async function cordonNode(kubernetes: Kubernetes, name: string, unschedulable = true): Promise<void> {
  await orUndefined(
    isNotFound,
    kubernetes.patch(Node, { name }, { spec: { unschedulable: unschedulable || null } }),
  )
}

/** Deletes a node, only this very one if a UID is given; gone is fine. A kubelet that runs on comes back only with its restart. */
export async function deleteNode(
  kubernetes: Kubernetes,
  name: string,
  options: { uid?: string } = {},
): Promise<void> {
  const preconditions = options.uid ? { preconditions: { uid: options.uid } } : {}
  await orUndefined(isNotFound, kubernetes.delete(Node, { name }, preconditions))
}

/**
 * Sets labels of a node (`null` removes one), also those that a kubelet may not give itself. Answers the node; `undefined` when it is gone.
 */
export function labelNode(
  kubernetes: Kubernetes,
  name: string,
  labels: Record<string, string | null>,
): Promise<Node | undefined> {
  return orUndefined(isNotFound, kubernetes.patch(Node, { name }, { metadata: { labels } }))
}
