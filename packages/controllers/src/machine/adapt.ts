import { nodeLabelProblem, type NodeTaint } from '@fochista/api'
import type { Tenant } from '@fochista/kamaji'
import { isNotFound, Node, orUndefined, type Taint } from '@fochista/kubernetes'
import type { MachineContext } from './context.ts'

/** Annotation of a Node: the labels and taints of the pool that were put on it last. What is not in there is not ours to take off. */
const APPLIED = 'fochista.dev/applied'

interface Marks {
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly NodeTaint[]
}

/** True if the Node was given what its pool asks for today. A person's own change of the Node afterwards is left alone. */
export function isAdapted(context: MachineContext, node: Node): boolean {
  return !context.pool || node.metadata.annotations?.[APPLIED] === print(wantedOf(context))
}

/** Puts the pool's labels and taints on the Node, also those that the kubelet may not give itself, and takes off what the pool no longer has. */
export async function adaptNode(context: MachineContext, tenant: Tenant, node: Node): Promise<void> {
  if (isAdapted(context, node)) return
  const wanted = wantedOf(context)
  const before = read(node.metadata.annotations?.[APPLIED])
  const labels: Record<string, string | null> = { ...wanted.labels }
  for (const key of Object.keys(before.labels)) if (!(key in wanted.labels)) labels[key] = null
  const isGone = (taint: Taint): boolean =>
    before.taints.some((one) => isSame(one, taint)) && !wanted.taints.some((one) => isSame(one, taint))
  const current = node.spec?.taints ?? []
  const kept = current.filter((taint) => !isGone(taint) && !wanted.taints.some((one) => isSame(one, taint)))
  const taints = [...kept, ...wanted.taints]
  const { name, resourceVersion } = node.metadata
  await orUndefined(
    isNotFound,
    tenant.kubernetes.patch(
      Node,
      { name },
      {
        metadata: { labels, annotations: { [APPLIED]: print(wanted) } },
        ...(current.length === 0 && taints.length === 0 ? {} : { spec: { taints } }),
      },
      // A list is replaced as a whole: whoever changed the taints meanwhile must not be overwritten.
      resourceVersion ? { resourceVersion } : {},
    ),
  )
}

/** Key and effect make a taint what it is. */
const isSame = (one: NodeTaint, other: Taint): boolean => one.key === other.key && one.effect === other.effect

function wantedOf({ pool }: MachineContext): Marks {
  const { labels = {}, taints = [] } = pool?.spec.node ?? {}
  // What no Node may bear is refused by the pool's own condition.
  const allowed = Object.entries(labels).filter(([key, value]) => nodeLabelProblem(key, value) === undefined)
  return { labels: Object.fromEntries(allowed), taints }
}

function print({ labels, taints }: Marks): string {
  const sorted = Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
  return JSON.stringify({
    labels: sorted,
    taints: taints.map(({ key, value = '', effect }) => ({ key, value, effect })),
  })
}

/** What was written down; a tenant may have written anything. */
function read(text: string | undefined): Marks {
  try {
    const { labels, taints } = JSON.parse(text ?? '{}') as Partial<Marks>
    return {
      labels: typeof labels === 'object' && labels !== null ? labels : {},
      taints: Array.isArray(taints) ? taints.filter((one) => typeof one?.key === 'string') : [],
    }
  } catch {
    return { labels: {}, taints: [] }
  }
}
