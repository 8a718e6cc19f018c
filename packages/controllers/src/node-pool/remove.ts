import { ANNOTATION_DELETE_FIRST, isTrue, type Machine } from '@fochista/api'
import { isNotFound, orUndefined } from '@fochista/kubernetes'
import { Machines } from '../kinds.ts'
import { isDeleting } from '../runtime/finalizers.ts'
import type { World } from '../world.ts'
import { asGone, type DoubtfulMachines } from './doubtful.ts'

/** Which machines go when a pool has too many: those asked to go first, not Ready ones, outdated ones, those of the fullest host, the newest. */
export function pickForRemoval(
  machines: readonly Machine[],
  isOutdated: (machine: Machine) => boolean,
  count: number,
): Machine[] {
  if (count <= 0) return []
  const onHost = new Map<string, number>()
  const hostOf = ({ status, spec }: Machine): string => status?.node ?? spec.host ?? ''
  for (const machine of machines) onHost.set(hostOf(machine), (onHost.get(hostOf(machine)) ?? 0) + 1)
  const first = (is: (machine: Machine) => boolean) => (a: Machine, b: Machine) =>
    Number(is(b)) - Number(is(a))
  const orders: ((a: Machine, b: Machine) => number)[] = [
    first(({ metadata }) => metadata.annotations?.[ANNOTATION_DELETE_FIRST] !== undefined),
    first((machine) => !isTrue(machine, 'Ready')),
    first(isOutdated),
    (a, b) => (onHost.get(hostOf(b)) ?? 0) - (onHost.get(hostOf(a)) ?? 0),
    (a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
    (a, b) => a.metadata.name.localeCompare(b.metadata.name),
  ]
  return [...machines]
    .sort((a, b) => orders.reduce((result, order) => result || order(a, b), 0))
    .slice(0, count)
}

/** Asks machines to go. One whose end was asked for and not answered is in doubt: counted as staying it would cost another its place. */
export async function deleteMachines(
  world: World,
  machines: readonly Machine[],
  doubtful: DoubtfulMachines,
): Promise<void> {
  for (const machine of machines) {
    if (isDeleting(machine)) continue
    const { name, namespace = 'default', uid } = machine.metadata
    const deleted = await orUndefined(
      isNotFound,
      world.kubernetes.delete(Machines, { name, namespace }, uid ? { preconditions: { uid } } : {}),
    ).catch((error: unknown) => {
      doubtful.note(machine, error)
      throw error
    })
    world.machines.wrote(deleted ?? asGone(machine))
  }
}
