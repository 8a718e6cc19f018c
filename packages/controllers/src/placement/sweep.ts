import { Machines } from '../kinds.ts'
import type { World } from '../world.ts'
import { sweepClaims } from './addresses.ts'
import { leftVms } from './left-vms.ts'

/** How often claims and Machines are put in line, milliseconds. */
export const CLAIM_SWEEP_MS = 300_000

/** Puts the claims on addresses in line with the Machines and VMs of a world, once. Throws what the management cluster's server says. */
export function sweepAddresses(
  world: Pick<World, 'kubernetes' | 'caches' | 'connections' | 'clock'>,
): Promise<void> {
  const { kubernetes, caches, clock } = world
  return sweepClaims(
    kubernetes,
    async () => (await kubernetes.list(Machines)).items,
    new Map(caches.machineClasses.list().map((machineClass) => [machineClass.metadata.name, machineClass])),
    clock,
    (machines) => leftVms(world, machines),
  )
}
