import { DaemonSet, Deployment, isNotFound, Node, orUndefined } from '@fochista/kubernetes'
import type { Kubernetes, PodSpec, Taint, Toleration } from '@fochista/kubernetes'

/** Kamaji's add-ons that a pool's taint keeps away; kube-proxy tolerates everything. */
const ADDONS = [
  { name: 'coredns', kind: Deployment },
  { name: 'konnectivity-agent', kind: DaemonSet },
  { name: 'konnectivity-agent', kind: Deployment },
] as const

/**
 * Names of Kamaji's add-ons that are installed and that no node accepts, because of its taints or labels: without CoreDNS the cluster has
 * no DNS, without the konnectivity agent no logs and no exec. Empty while there are no nodes at all.
 */
export async function addonsWithoutNode(
  kubernetes: Kubernetes,
  options: { signal?: AbortSignal } = {},
): Promise<string[]> {
  const nodes = (await kubernetes.list(Node, options)).items
  if (nodes.length === 0) return []
  const homeless: string[] = []
  for (const { name, kind } of ADDONS) {
    const addon = await orUndefined(
      isNotFound,
      kubernetes.get<Deployment | DaemonSet>(kind, { name, namespace: 'kube-system' }, options),
    )
    const pods = addon?.spec?.template.spec
    if (pods && !nodes.some((node) => accepts(node, pods))) homeless.push(name)
  }
  return homeless
}

function accepts(node: Node, pods: PodSpec): boolean {
  const labels = node.metadata.labels ?? {}
  if (!Object.entries(pods.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return false
  return (node.spec?.taints ?? [])
    .filter(isLasting)
    .every((taint) => (pods.tolerations ?? []).some((each) => tolerates(each, taint)))
}

/** Taints that Kubernetes sets and takes away by itself say how a node is now, not what it is for. */
function isLasting({ key, effect }: Taint): boolean {
  return (
    effect !== 'PreferNoSchedule' &&
    !key.startsWith('node.kubernetes.io/') &&
    !key.startsWith('node.cloudprovider.kubernetes.io/')
  )
}

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.operator === 'Exists') return !toleration.key || toleration.key === taint.key
  return toleration.key === taint.key && (toleration.value ?? '') === (taint.value ?? '')
}
