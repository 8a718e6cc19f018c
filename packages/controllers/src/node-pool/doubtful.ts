import { KubernetesApiError, isNotFound, orUndefined } from '@fochista/kubernetes'
import { Machines } from '../kinds.ts'
import { keyOf } from '../runtime/keys.ts'
import type { Machine } from '@fochista/api'
import type { World } from '../world.ts'

/**
 * Machines that were to be made or to go, of which the server has not answered: it may have done so, and the watch may tell of it late. Until
 * it was asked no pool counts what it has, lest it makes another or takes another away. Lost with the process, whose successor begins with a
 * list.
 */
export interface DoubtfulMachines {
  /** Notes a Machine whose creation or deletion has failed, unless the server has said no. */
  note(machine: Machine, error: unknown): void
  /** Asks for all that are in doubt. Throws what the server cannot be asked for; then they stay in doubt. */
  settle(world: World): Promise<void>
}

/** Makes an empty record. */
export function createDoubtfulMachines(): DoubtfulMachines {
  const doubtful = new Map<string, Machine>()
  return {
    note: (machine, error) => {
      const isRefused = error instanceof KubernetesApiError && error.status < 500
      if (!isRefused) doubtful.set(keyOf(machine), machine)
    },
    settle: async (world) => {
      for (const [key, machine] of doubtful) {
        const { name, namespace = 'default', uid } = machine.metadata
        const found = await orUndefined(isNotFound, world.kubernetes.get(Machines, { name, namespace }))
        if (found) world.machines.wrote(found)
        // One that was there, and is no more.
        else if (uid !== undefined) world.machines.wrote(asGone(machine))
        doubtful.delete(key)
      }
    },
  }
}

/** A Machine as its last write would have left it, for who knows that it is gone. */
export const asGone = ({
  metadata: { deletionTimestamp = '', ...metadata },
  ...machine
}: Machine): Machine => ({
  ...machine,
  metadata: { ...metadata, deletionTimestamp, finalizers: [] },
})
