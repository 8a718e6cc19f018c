import type { Machine, MachineClass, NodePool } from '@fochista/api'
import type { Margins, ScalePlan } from './rollout.ts'
import { pickForRemoval } from './remove.ts'
import {
  isAvailable,
  isRebooting,
  isReshaping,
  isStandIn,
  stuckBy,
  reshapingOf,
  type Reshaping,
} from './way.ts'

/**
 * The number of machines, and which of them get another shape now. What can be done while a VM runs is done to a few at once. A reboot
 * takes a machine away for a while: where none may be missing, others are made first that stand in for those that are rebooted, and go once
 * all are, so that each machine stays with all that is on it.
 * @param staying The pool's machines without those on their way out, none of them outdated.
 */
export function planReshape(
  pool: NodePool,
  machineClass: MachineClass | undefined,
  staying: readonly Machine[],
  { surge, unavailable }: Margins,
): ScalePlan {
  const { replicas = 1 } = pool.spec
  const standIns = staying.filter(isStandIn)
  const tooMany = Math.max(0, staying.length - replicas)
  // One that goes soon needs no other shape, but what it has begun it ends.
  const passing = new Set(pickForRemoval(standIns, () => false, tooMany).filter((one) => !isReshaping(one)))
  const changes = staying.flatMap((machine) =>
    passing.has(machine) ? [] : (reshapingOf(pool, machineClass, machine) ?? []),
  )
  // Those that have leave already are given the pool's last word, also where they are stuck: it may be what helps them.
  const amended = changes.filter(({ machine, way }) => way === 'none' || isRebooting(machine))
  const waiting = changes.filter(({ machine, way }) => way === 'reboot' && !isRebooting(machine))
  const live = changes.filter(({ way }) => way === 'hot' || way === 'grow')
  const rebooting = staying.filter(isRebooting)
  const available = staying.filter(isAvailable)
  const spare = available.length - (replicas - unavailable)
  // One that may be missed needs nobody in its place.
  const extra = unavailable > 0 || replicas === 0 ? 0 : Math.min(surge, waiting.length + rebooting.length)
  const late = new Set(waiting.map(({ machine }) => machine))
  const remove = superfluous()
  const going = new Set(remove)
  const standing = waiting.length > 0 ? extra : 0
  const create = Math.max(0, replicas + standing - staying.length)
  return {
    create,
    standIns: Math.min(create, Math.max(0, standing - standIns.length)),
    settle: pickForRemoval(standIns, () => false, standIns.length).slice(Math.max(extra, tooMany)),
    remove,
    reshape: [...amended.filter(({ machine }) => !going.has(machine)), ...begin()],
  }

  /** Those that stand in for nobody any more, while none that serves is missed for it; and whoever is beyond the pool's number without them. */
  function superfluous(): Machine[] {
    const idle = Math.min(tooMany, standIns.length - extra)
    const broken = standIns.filter((machine) => !isAvailable(machine)).slice(0, Math.max(0, idle))
    const serving = pickForRemoval(
      standIns.filter(isAvailable),
      () => false,
      Math.min(spare, idle - broken.length),
    )
    const others = staying.filter((machine) => !isStandIn(machine))
    const beyond = others.length - replicas - Math.max(0, extra - standIns.length)
    return [...broken, ...serving, ...pickForRemoval(others, (machine) => late.has(machine), beyond)]
  }

  /** Those that begin now. */
  function begin(): Reshaping[] {
    if (staying.some((machine) => stuckBy(machine) !== undefined)) return []
    const atOnce = Math.max(1, surge + unavailable)
    const running = staying.filter((machine) => isReshaping(machine) && !isRebooting(machine)).length
    const pick = (from: readonly Reshaping[], count: number): Reshaping[] => {
      const order = pickForRemoval(
        from.map(({ machine }) => machine).filter((machine) => !going.has(machine)),
        () => true,
        count,
      )
      return order.flatMap((machine) => from.find((one) => one.machine === machine) ?? [])
    }
    const broken = pick(
      waiting.filter(({ machine }) => !isAvailable(machine)),
      atOnce - rebooting.length,
    )
    const serving = pick(
      waiting.filter(({ machine }) => isAvailable(machine)),
      spare - remove.filter(isAvailable).length,
    )
    return [...broken, ...serving, ...pick(live, atOnce - running)]
  }
}
