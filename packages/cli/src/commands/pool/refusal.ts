import type { FieldProblem, MachineClass, NodePool } from '@fochista/api'
import type { Kubernetes } from '@fochista/kubernetes'
import type { Context } from '../../context.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { classes } from '../class/resource.ts'
import { machines } from '../machine/resource.ts'
import { pools } from './resource.ts'

/**
 * Throws what the controllers would say of a pool that its class or its namespace's quota does not allow, before it is sent: field, value
 * and rule. What the caller may not read, or what is not there yet, is left to them.
 * @returns the pool's class; undefined if it is not to be read
 */
export async function requireAllowed(context: Context, pool: NodePool): Promise<MachineClass | undefined> {
  const kubernetes = await context.kubernetes()
  const { isForbidden, isNotFound, orUndefined } = await import('@fochista/kubernetes')
  const machineClass = await orUndefined(
    (error) => isForbidden(error) || isNotFound(error),
    classOf(kubernetes, pool),
  )
  const problems = machineClass ? await problemsOf(kubernetes, pool, machineClass) : []
  if (problems.length === 0) return machineClass
  const { printProblem } = await import('@fochista/api')
  throw new CommandError(
    problems.map((problem) => `pool "${pool.metadata.name}": ${printProblem(problem)}`).join('\n'),
    {
      hint: `${tr('What the classes allow:', 'Che cosa consentono le classi:')}  fochista class list -o yaml`,
    },
  )
}

/**
 * Throws what the controllers would say of a version that does not fit the pool's control plane. What the caller may not read, or what is
 * not there, is left to them.
 */
export async function requireFittingVersion(context: Context, pool: NodePool): Promise<void> {
  const { isForbidden, isNotFound, orUndefined } = await import('@fochista/kubernetes')
  const { TenantControlPlane } = await import('@fochista/kamaji')
  const { name, namespace = 'default' } = pool.metadata
  const kubernetes = await context.kubernetes()
  const controlPlane = await orUndefined(
    (error) => isForbidden(error) || isNotFound(error),
    kubernetes.get(TenantControlPlane, { name: pool.spec.clusterName, namespace }),
  )
  if (!controlPlane) return
  const { versionRefusal } = await import('@fochista/controllers')
  const refusal = versionRefusal(pool, controlPlane.spec.kubernetes.version)
  if (refusal !== undefined)
    throw new CommandError(`pool "${name}": ${refusal}`, {
      hint: `${tr('A newer kubelet needs a newer control plane first:', 'Un kubelet più nuovo vuole prima un control plane più nuovo:')}  fochista cluster upgrade ${pool.spec.clusterName} --version VERSION`,
    })
}

async function problemsOf(
  kubernetes: Kubernetes,
  pool: NodePool,
  machineClass: MachineClass,
): Promise<FieldProblem[]> {
  const { poolProblems, quotaProblem } = await import('@fochista/api')
  const { isForbidden, isNotFound, Namespace, orUndefined } = await import('@fochista/kubernetes')
  const unreadable = (error: unknown): boolean => isForbidden(error) || isNotFound(error)
  const readable = <T>(promise: Promise<T>): Promise<T | undefined> => orUndefined(unreadable, promise)
  const namespace = pool.metadata.namespace ?? 'default'
  const [own, ownPools, ownMachines] = await Promise.all([
    readable(kubernetes.get(Namespace, { name: namespace })),
    readable(kubernetes.list(await pools.kind(), { namespace })),
    readable(kubernetes.list(await machines.kind(), { namespace })),
  ])
  // Without the namespace's labels only the class's list of names can be judged.
  const isJudgable = own !== undefined || machineClass.spec.allowedNamespaces?.matchLabels === undefined
  const given = { name: namespace, labels: own?.metadata.labels ?? {} }
  const problems = poolProblems(pool, machineClass, isJudgable ? given : undefined)
  if (!ownPools || !ownMachines) return problems
  const byName = new Map(ownPools.items.map((one) => [one.metadata.name, one]))
  byName.set(pool.metadata.name, pool)
  const over = quotaProblem(pool, machineClass, ownMachines.items, ({ spec }) =>
    byName.get(spec.nodePoolName),
  )
  return over ? [...problems, over] : problems
}

/** The class that a pool uses. Throws what the server says of one that is not there or not to be read. */
export async function classOf(kubernetes: Kubernetes, pool: NodePool): Promise<MachineClass | undefined> {
  const kind = await classes.kind()
  const name = pool.spec.className ?? pool.status?.className
  if (name !== undefined) return kubernetes.get(kind, { name })
  const { defaultClassOf } = await import('@fochista/api')
  return defaultClassOf((await kubernetes.list(kind)).items)
}
