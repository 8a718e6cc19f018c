import type { Machine, MachineClass, NodePool } from '@fochista/api'
import type { PoolPlan } from '@fochista/controllers'
import type { Context } from '../../context.ts'
import { tr } from '../../locale.ts'
import { pools } from './resource.ts'

/**
 * What the quota of a pool's class leaves no room for on the way of a plan; undefined where there is room, or the pools of the namespace
 * may not be read.
 * @param all The machines of the pool's namespace.
 */
export async function roomLacking(
  context: Context,
  pool: NodePool,
  machineClass: MachineClass | undefined,
  plan: PoolPlan,
  all: readonly Machine[],
): Promise<string | undefined> {
  if (!machineClass?.spec.quota || plan.steps.length === 0) return undefined
  const { quotaLeft, shapeOf, usageOf } = await import('@fochista/api')
  const { isForbidden, orUndefined } = await import('@fochista/kubernetes')
  const { name, namespace = 'default' } = pool.metadata
  const kubernetes = await context.kubernetes()
  const listed = await orUndefined(isForbidden, kubernetes.list(await pools.kind(), { namespace }))
  if (!listed) return undefined
  const byName = new Map(listed.items.map((one) => [one.metadata.name, one]))
  const leftBeside = (machines: readonly Machine[]) =>
    quotaLeft(
      machineClass,
      shapeOf(pool, machineClass),
      usageOf(machineClass, machines, ({ spec }) => byName.get(spec.nodePoolName)),
    )
  const others = all.filter(({ spec }) => spec.nodePoolName !== name)
  const { replicas = 1 } = pool.spec
  const changed = plan.reboot.length + plan.hot.length + plan.grow.length
  const atEnd = leftBeside(others)
  if (changed > 0 && atEnd.count < replicas)
    return tr(
      `There is room for ${atEnd.count} of ${replicas} machines of this shape: ${atEnd.rule}. The others keep theirs.`,
      `C’è posto per ${atEnd.count} macchine su ${replicas} di questa forma: ${atEnd.rule}. Le altre tengono la loro.`,
    )
  const more = plan.most - (all.length - others.length)
  const onTheWay = leftBeside(all)
  if (plan.standIns > 0 && onTheWay.count >= more && atEnd.count < plan.most)
    return tr(
      `There is room for ${atEnd.count} machines of this shape: ${atEnd.rule}. So not all are rebooted: one that has no room beside the machine that stands in goes, and that stays.`,
      `C’è posto per ${atEnd.count} macchine di questa forma: ${atEnd.rule}. Perciò non tutte vengono riavviate: una che non ha posto accanto a quella che ne fa le veci viene rimossa, e quella resta.`,
    )
  if (more <= 0 || onTheWay.count >= more) return undefined
  return tr(
    `There is no room for ${plan.most} machines at once: ${onTheWay.rule}. Set spec.rollout.maxUnavailable to 1 and maxSurge to 0.`,
    `Non c’è posto per ${plan.most} macchine insieme: ${onTheWay.rule}. Imposta spec.rollout.maxUnavailable a 1 e maxSurge a 0.`,
  )
}
