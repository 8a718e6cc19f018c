import {
  isForbidden,
  isNotFound,
  isTooManyRequests,
  machineClock,
  KubernetesApiError,
  Node,
  orUndefined,
  Pod,
} from '@fochista/kubernetes'
import type { Kubernetes, WaitingClock } from '@fochista/kubernetes'

/** A pod that is still on the node, and why. */
export type RemainingPod = {
  namespace: string
  name: string
  reason: 'Budget' | 'Terminating' | 'Refused'
  message: string
}

export type DrainOptions = {
  /** How long pods are waited for, ms. */
  timeoutMs: number
  signal?: AbortSignal
  /** Told after each round what is still there. */
  onProgress?: (progress: { remaining: RemainingPod[]; total: number }) => void
  /** @default the machine's clock */
  clock?: WaitingClock
}

/** How a drain ended. `remaining` is empty exactly when `drained`. */
export type DrainResult = { drained: boolean; remaining: RemainingPod[] }

/** Pause between two rounds, ms. A budget is asked again no more often than kubectl does. */
const ROUND = 2000
const BUDGET_PAUSE = 5000
/** Evictions asked for at once. */
const AT_ONCE = 10

/**
 * Moves the pods off a node by eviction, so that disruption budgets are respected, until they are gone or the time is up. Pods of
 * DaemonSets and mirror pods stay: they would only come back. Of an unreachable node pods are evicted but not waited for, since its
 * kubelet cannot end them. Throws the signal's reason when aborted. Cordon the node first.
 */
export async function drainNode(
  kubernetes: Kubernetes,
  name: string,
  options: DrainOptions,
): Promise<DrainResult> {
  const { timeoutMs, signal, onProgress, clock = machineClock } = options
  const call = signal ? { signal } : {}
  const deadline = clock.now() + timeoutMs
  const refusals = new Map<string, { pod: RemainingPod; until: number }>()
  let total = 0
  for (;;) {
    signal?.throwIfAborted()
    const node = await orUndefined(isNotFound, kubernetes.get(Node, { name }, call))
    const isLost = !node || isUnreachable(node)
    const { items } = await kubernetes.list(Pod, { fieldSelector: `spec.nodeName=${name}`, ...call })
    const pods = items.filter((pod) => pod.spec?.nodeName === name && mustMove(pod))
    total = Math.max(total, pods.length)
    const outcomes: (RemainingPod | undefined)[] = []
    for (let at = 0; at < pods.length; at += AT_ONCE) {
      const round = pods.slice(at, at + AT_ONCE).map(async (pod) => {
        if (pod.metadata.deletionTimestamp)
          return isLost ? undefined : left(pod, 'Terminating', 'it is ending')
        const key = pod.metadata.uid ?? pod.metadata.name
        const refused = refusals.get(key)
        if (refused && clock.now() < refused.until) return refused.pod
        const { outcome, retryAfterMs } = await evict(kubernetes, pod, call)
        if (outcome && retryAfterMs !== undefined)
          refusals.set(key, { pod: outcome, until: clock.now() + Math.max(retryAfterMs, BUDGET_PAUSE) })
        return outcome?.reason === 'Terminating' && isLost ? undefined : outcome
      })
      outcomes.push(...(await Promise.all(round)))
    }
    const remaining = outcomes.filter((outcome) => outcome !== undefined)
    onProgress?.({ remaining, total })
    if (remaining.length === 0) return { drained: true, remaining }
    const rest = deadline - clock.now()
    if (rest <= 0) return { drained: false, remaining }
    await clock.sleep(Math.min(ROUND, rest), signal)
  }
}

/** Whether the node's kubelet has not been heard of, so that nobody ends its pods. */
function isUnreachable(node: Node): boolean {
  if (node.spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/unreachable')) return true
  return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'Unknown'
}

function mustMove(pod: Pod): boolean {
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return false
  if (pod.metadata.ownerReferences?.some(({ kind, controller }) => kind === 'DaemonSet' && controller))
    return false
  return pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed'
}

async function evict(
  kubernetes: Kubernetes,
  pod: Pod,
  call: { signal?: AbortSignal },
): Promise<{ outcome: RemainingPod | undefined; retryAfterMs?: number }> {
  const { name, namespace = 'default', uid } = pod.metadata
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/eviction`
  try {
    await kubernetes.request('POST', path, {
      ...call,
      retries: 0,
      body: {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace },
        // A pod of the same name made meanwhile is somebody else's.
        ...(uid && { deleteOptions: { preconditions: { uid } } }),
      },
    })
    return { outcome: left(pod, 'Terminating', 'it is ending') }
  } catch (error) {
    if (isNotFound(error)) return { outcome: undefined }
    if (isTooManyRequests(error)) {
      // The budget's own words, which numbers it needs and has, stand in the cause. Without one the server is only busy.
      const budget = error.causes.find(({ reason }) => reason === 'DisruptionBudget')
      const outcome = left(pod, budget ? 'Budget' : 'Refused', budget?.message || error.message)
      return { outcome, retryAfterMs: error.retryAfterMs ?? 0 }
    }
    const isGoingAway =
      isForbidden(error) && error.causes.some(({ reason }) => reason === 'NamespaceTerminating')
    if (isGoingAway) return { outcome: left(pod, 'Terminating', 'its namespace is ending') }
    if (error instanceof KubernetesApiError) return { outcome: left(pod, 'Refused', error.message) }
    throw error
  }
}

function left(pod: Pod, reason: RemainingPod['reason'], message: string): RemainingPod {
  return { namespace: pod.metadata.namespace ?? 'default', name: pod.metadata.name, reason, message }
}
