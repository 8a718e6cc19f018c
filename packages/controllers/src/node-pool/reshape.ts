import type { Machine, MachineClass, NodePool } from '@fochista/api'
import type { Margins, ScalePlan } from './rollout.ts'
import { pickForRemoval } from './scale.ts'
import { isAvailable, isRebooting, isReshaping, stuckBy, reshapingOf, type Reshaping } from './way.ts'

/**
 * The number of machines, and which of them get another shape now. What can be done while a VM runs is done to a few at once. A reboot
 * takes a machine away for a while: where none may be missing one more is made first, and at the end one that was not rebooted yet goes in
 * its place.
 * @param staying The pool's machines without those on their way out, none of them outdated.
 */
export function planReshape(
  pool: NodePool,
  machineClass: MachineClass | undefined,
  staying: readonly Machine[],
  { surge, unavailable }: Margins,
): ScalePlan {
  const { replicas = 1 } = pool.spec
  const changes = staying.flatMap((machine) => reshapingOf(pool, machineClass, machine) ?? [])
  // Those that have leave already are given the pool's last word, also where they are stuck: it may be what helps them.
  const amended = changes.filter(({ machine, way }) => way === 'none' || isRebooting(machine))
  const waiting = changes.filter(({ machine, way }) => way === 'reboot' && !isRebooting(machine))
  const live = changes.filter(({ way }) => way === 'hot' || way === 'grow')
  const rebooting = staying.filter(isRebooting)
  const lacking = Math.max(0, replicas - (staying.length - waiting.length))
  const available = staying.filter(isAvailable)
  const spare = available.length - (replicas - unavailable)
  // One that may be missed needs nobody in its place.
  const extra = unavailable > 0 || replicas === 0 ? 0 : Math.min(surge, waiting.length + rebooting.length)
  const late = new Set(waiting.map(({ machine }) => machine))
  const isLate = (machine: Machine): boolean => late.has(machine)
  const tooMany = pickForRemoval(staying, isLate, staying.length - replicas - extra)
  const remove = tooMany.length > 0 ? tooMany : superfluous()
  const going = new Set(remove)
  return {
    create: Math.max(0, replicas + (lacking > 0 ? extra : 0) - staying.length),
    remove,
    reshape: [...amended, ...begin()].filter(({ machine }) => !going.has(machine)),
  }

  /** Once enough machines have the new shape, the last that has not goes instead of being rebooted. */
  function superfluous(): Machine[] {
    if (lacking > 0 || rebooting.length > 0) return []
    const most = Math.min(late.size, staying.length - replicas)
    const broken = [...late].filter((machine) => !isAvailable(machine)).slice(0, Math.max(0, most))
    const serving = pickForRemoval(
      [...late].filter(isAvailable),
      () => true,
      Math.min(spare, most - broken.length),
    )
    return [...broken, ...serving]
  }

  /** Those that begin now. */
  function begin(): Reshaping[] {
    if (staying.some((machine) => stuckBy(machine) !== undefined)) return []
    const atOnce = Math.max(1, surge + unavailable)
    const running = staying.filter((machine) => isReshaping(machine) && !isRebooting(machine)).length
    const pick = (from: readonly Reshaping[], count: number): Reshaping[] => {
      const order = pickForRemoval(
        from.map(({ machine }) => machine),
        () => true,
        count,
      )
      return order.flatMap((machine) => from.find((one) => one.machine === machine) ?? [])
    }
    const broken = pick(
      waiting.filter(({ machine }) => !isAvailable(machine)),
      Math.min(lacking, atOnce - rebooting.length),
    )
    const serving = pick(
      waiting.filter(({ machine }) => isAvailable(machine)),
      Math.min(spare, lacking - broken.length),
    )
    return [...broken, ...serving, ...pick(live, atOnce - running)]
  }
}
