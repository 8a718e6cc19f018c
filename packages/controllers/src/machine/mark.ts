import type { Mark } from '@fochista/api'
import { timestampOf } from '../runtime/clock.ts'
import type { MachineContext } from './context.ts'

/** The mark that the machine's VM bears, as it is written now. */
export function markOf({ machine, world, namespace }: MachineContext): Mark {
  return {
    installation: world.installation,
    namespace,
    pool: machine.spec.nodePoolName,
    machine: machine.metadata.name,
    id: machine.spec.id,
    time: timestampOf(world.clock.now()),
  }
}
