import type { Machine, NodePool } from '@fochista/api'
import type { TenantControlPlane } from '@fochista/kamaji'
import type { KubernetesObject } from '@fochista/kubernetes'
import type { Context } from '../../context.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import type { ProgressLine } from '../../progress.ts'
import { machines } from '../machine/resource.ts'
import { stepOf } from '../machine/timeline.ts'
import { pools } from '../pool/resource.ts'
import { waitWatching } from '../waiting.ts'
import { applyToTenant } from './apply-to-tenant.ts'
import { clusters } from './resource.ts'

/** What `cluster create` and `cluster apply` wait for. */
export interface ClusterWait {
  readonly name: string
  readonly namespace: string
  /** Manifests for the tenant cluster, applied once it answers. */
  readonly manifests: readonly KubernetesObject[]
  readonly timeoutMs: number
}

/**
 * Waits, with live progress of every step of every machine, until the control plane is Ready, the manifests are applied, and
 * every pool of the cluster has as many Ready machines as it wants. Throws StillInProgressError when the time is over.
 */
export async function waitForCluster(context: Context, wait: ClusterWait): Promise<void> {
  const kubernetes = await context.kubernetes()
  const { isReady, statusOf } = await import('@fochista/kamaji')
  const [clusterKind, poolKind, machineKind] = await Promise.all([
    clusters.kind(),
    pools.kind(),
    machines.kind(),
  ])
  const { namespace, name } = wait
  let applied = wait.manifests.length === 0
  let applyError: unknown
  const look = async (): Promise<{ lines: ProgressLine[]; done: boolean }> => {
    const [cluster, allPools, allMachines] = await Promise.all([
      kubernetes.get(clusterKind, { name, namespace }),
      kubernetes.list(poolKind, { namespace }),
      kubernetes.list(machineKind, { namespace }),
    ])
    const own = allPools.items.filter((pool) => pool.spec.clusterName === name)
    own.forEach(requireAllowed)
    const ready = isReady(cluster)
    if (ready && !applied) {
      applyError = await applyToTenant(kubernetes, cluster, wait.manifests).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (applyError !== undefined && isRefused(applyError)) throw applyError
      applied = applyError === undefined
    }
    const lines = [
      clusterLine(cluster, ready, statusOf(cluster)),
      ...applyLines(wait, applied, applyError),
      ...own.flatMap((pool) => poolLines(pool, allMachines.items)),
    ]
    return { lines, done: ready && applied && own.every(isPoolReady) }
  }
  const hint = `${tr('It goes on. Look at it with:', 'Prosegue. Osservalo con:')}  fochista cluster describe ${name} -n ${namespace}`
  await waitWatching(
    context,
    [clusterKind, poolKind, machineKind].map((kind) => ({ kind, namespace })),
    { timeoutMs: wait.timeoutMs, hint },
    look,
  )
}

/** What the manifests themselves got wrong waiting will not cure. A young API server may refuse rights and know no namespace yet. */
function isRefused(error: unknown): boolean {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 0
  return [400, 415, 422].includes(status)
}

/** A pool that asks for what its class does not allow never becomes ready; the cause is worth more than a time-out. */
function requireAllowed(pool: NodePool): void {
  const { observedGeneration, conditions = [] } = pool.status ?? {}
  if (observedGeneration !== pool.metadata.generation) return
  const refused = conditions.find(({ status, reason }) => status === 'False' && reason === 'NotAllowed')
  if (!refused) return
  const { name, namespace } = pool.metadata
  throw new CommandError(`pool "${name}": ${refused.message ?? refused.reason}`, {
    hint: `${tr('Change the pool (the controllers go on by themselves):', 'Modifica il pool (i controller proseguono da soli):')}  kubectl edit np/${name}${namespace ? ` -n ${namespace}` : ''}`,
  })
}

function clusterLine(cluster: TenantControlPlane, ready: boolean, status: string | undefined): ProgressLine {
  const endpoint = cluster.status?.controlPlaneEndpoint
  const waiting = endpoint ? undefined : tr('waiting for an address', 'in attesa di un indirizzo')
  return {
    name: cluster.metadata.name,
    state: status ?? tr('Pending', 'In attesa'),
    detail: endpoint ?? waiting,
    style: ready ? 'ready' : 'working',
  }
}

function applyLines(wait: ClusterWait, applied: boolean, error: unknown): ProgressLine[] {
  if (wait.manifests.length === 0) return []
  const name = tr('manifests', 'manifest')
  if (applied)
    return [
      {
        name,
        state: tr('applied', 'applicati'),
        detail: wait.manifests.map(({ kind }) => kind).join(', '),
        style: 'ready',
      },
    ]
  return [
    {
      name,
      state: tr('waiting', 'in attesa'),
      detail: error instanceof Error ? error.message : tr('for the control plane', 'del control plane'),
      style: 'waiting',
    },
  ]
}

function notSeenYet({ status }: NodePool): string | undefined {
  if (status?.observedGeneration !== undefined) return undefined
  return tr(
    'no controller has seen it yet (fochista serve)',
    'nessun controller l’ha ancora visto (fochista serve)',
  )
}

function poolLines(pool: NodePool, all: readonly Machine[]): ProgressLine[] {
  const own = all
    .filter((machine) => machine.spec.nodePoolName === pool.metadata.name)
    .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name))
  const problem = pool.status?.conditions?.find(
    (condition) => condition.type === 'Ready' && condition.status !== 'True',
  )
  const state = `${pool.status?.readyReplicas ?? 0}/${pool.spec.replicas ?? 1}`
  return [
    {
      name: pool.metadata.name,
      state,
      // What keeps its machines stands beside each of them.
      detail: own.length > 0 ? undefined : (problem?.message ?? notSeenYet(pool)),
      style: isPoolReady(pool) ? 'ready' : 'working',
    },
    ...own.map(stepOf),
  ]
}

/** True when the controllers have seen the pool's last change and as many machines are Ready as it wants. */
function isPoolReady(pool: NodePool): boolean {
  const wanted = pool.spec.replicas ?? 1
  const { status } = pool
  return (
    status?.observedGeneration === pool.metadata.generation &&
    status?.replicas === wanted &&
    (status.readyReplicas ?? 0) === wanted
  )
}
