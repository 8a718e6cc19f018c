import { usageOf, type Machine, type MachineClass, type NodePool } from '@fochista/api'
import { inNamespace } from '../machine-groups.ts'
import type { World } from '../world.ts'

/** What keeps a pool from being what it should be. */
export interface Verdict {
  readonly reason: string
  readonly message: string
  readonly lookAgainMs?: number | undefined
  /** True for what takes its time and needs nobody. */
  readonly isWaiting?: boolean
}

/** What the pool's namespace has and is promised of a class; `but` leaves machines out. */
export function usageIn(
  world: World,
  pool: NodePool,
  machineClass: MachineClass,
  but?: Machine,
): ReturnType<typeof usageOf> {
  const { namespace = 'default' } = pool.metadata
  // Who has no quota need not be counted.
  const own = machineClass.spec.quota ? world.machines.by(inNamespace, namespace) : []
  return usageOf(machineClass, but ? own.filter(({ spec }) => spec.id !== but.spec.id) : own, ({ spec }) =>
    world.nodePools.known(`${namespace}/${spec.nodePoolName}`),
  )
}
