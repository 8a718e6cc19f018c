import { KubernetesApiError, isNotFound, orUndefined } from '@fochista/kubernetes'
import { Machines } from '../kinds.ts'
import type { Machine } from '@fochista/api'
import type { World } from '../world.ts'

/**
 * Machines that were asked for and not answered: they may be there, and the watch may tell of them late. Until the server was asked no pool
 * counts what it has, lest it makes another. Lost with the process, whose successor begins with a list.
 */
export interface DoubtfulMachines {
  /** Notes a Machine whose creation has failed, unless the server has said no. */
  note(machine: Machine, error: unknown): void
  /** Asks for all that are in doubt. Throws what the server cannot be asked for; then they stay in doubt. */
  settle(world: World): Promise<void>
}

/** Makes an empty record. */
export function createDoubtfulMachines(): DoubtfulMachines {
  const doubtful = new Map<string, { name: string; namespace: string }>()
  return {
    note: ({ metadata: { name, namespace = 'default' } }, error) => {
      const isRefused = error instanceof KubernetesApiError && error.status < 500
      if (!isRefused) doubtful.set(`${namespace}/${name}`, { name, namespace })
    },
    settle: async (world) => {
      for (const [key, ref] of doubtful) {
        const found = await orUndefined(isNotFound, world.kubernetes.get(Machines, ref))
        if (found) world.machines.wrote(found)
        doubtful.delete(key)
      }
    },
  }
}
