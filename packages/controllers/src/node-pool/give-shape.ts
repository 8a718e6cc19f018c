import {
  ANNOTATION_RESHAPE,
  ANNOTATION_STAND_IN,
  formatBytes,
  printProblem,
  quotaLeft,
  REASON,
  valueOf,
  type Machine,
  type MachineClass,
  type NodePool,
} from '@fochista/api'
import { isConflict, isNotFound, orUndefined } from '@fochista/kubernetes'
import { Machines } from '../kinds.ts'
import { copyOf } from '../runtime/copy.ts'
import { patchIfChanged } from '../runtime/patch.ts'
import type { World } from '../world.ts'
import { usageIn, type Verdict } from './verdict.ts'
import { stuckBy, type Reshaping } from './way.ts'

/** What the class's quota does not allow, and whose shape it is. */
export interface Refusal {
  readonly machine: Machine
  readonly verdict: Verdict
}

/**
 * Writes new shapes into Machines, each under an optimistic lock and with the leave that its controller needs: what is to be stands there,
 * the rest is the machine's own way. One that somebody else has just written is left to the next look.
 * @returns what the class's quota does not allow
 */
export async function reshape(
  world: World,
  pool: NodePool,
  machineClass: MachineClass,
  changes: readonly Reshaping[],
): Promise<Refusal | undefined> {
  for (const change of changes) {
    const verdict = beyondQuota(world, pool, machineClass, change)
    if (verdict) return { machine: change.machine, verdict }
    await orUndefined((error) => isConflict(error) || isNotFound(error), write(world, pool, change))
  }
  return undefined
}

/** The shape as it would be, with all that the namespace has beside this machine. */
function beyondQuota(
  world: World,
  pool: NodePool,
  machineClass: MachineClass,
  { machine, shape }: Reshaping,
): Verdict | undefined {
  const { cores = 0, memory = 0, disk = 0 } = machine.spec
  const isMore = shape.cores > cores || shape.memory > memory || shape.disk > disk
  // Less is always allowed, also where a quota was made smaller under what runs.
  if (!isMore) return undefined
  const { count, field, rule } = quotaLeft(machineClass, shape, usageIn(world, pool, machineClass, machine))
  if (count >= 1) return undefined
  return {
    reason: REASON.notAllowed,
    message: `${printProblem({ field, value: valueOf(pool, shape, field), rule })}. Machine ${machine.metadata.name} keeps its shape.`,
  }
}

async function write(world: World, pool: NodePool, { machine, way, shape, asked }: Reshaping): Promise<void> {
  const after = copyOf(machine)
  Object.assign(after.spec, shape, { asked })
  const before = machine.metadata.annotations?.[ANNOTATION_RESHAPE]
  if (way !== 'none')
    after.metadata.annotations = {
      ...machine.metadata.annotations,
      [ANNOTATION_RESHAPE]: way === 'reboot' ? 'reboot' : 'live',
    }
  world.machines.wrote(await patchIfChanged(world.kubernetes, Machines, machine, after))
  if (way === 'none' || (before === 'reboot' && way === 'reboot')) return
  const how = {
    reboot: 'is drained and rebooted',
    hot: 'is changed while it runs',
    grow: 'gets a larger disk while it runs',
  }[way]
  const { cores, memory, disk } = shape
  world.voice.tell(
    pool,
    'Normal',
    'MachineReshaped',
    `Machine ${machine.metadata.name} ${how}: ${cores} cores, ${formatBytes(memory)}B of memory, ${formatBytes(disk)}B of disk.`,
  )
}

/** Makes machines that stood in for others ones like the others: they are needed. One that somebody else has just written waits. */
export async function settle(world: World, machines: readonly Machine[]): Promise<void> {
  for (const machine of machines) {
    const after = copyOf(machine)
    const { [ANNOTATION_STAND_IN]: _over, ...annotations } = machine.metadata.annotations ?? {}
    after.metadata.annotations = annotations
    const written = await orUndefined(
      (error) => isConflict(error) || isNotFound(error),
      patchIfChanged(world.kubernetes, Machines, machine, after),
    )
    if (written) world.machines.wrote(written)
  }
}

/** What a pool says while a machine could not be given its shape: the others stay as they are. */
export function stoppedBy(machines: readonly Machine[]): Verdict | undefined {
  for (const machine of machines) {
    const why = stuckBy(machine)
    if (why !== undefined)
      return {
        reason: REASON.rolloutStopped,
        message: `Machine ${machine.metadata.name} did not get its new shape, so no other is changed: ${why}`,
      }
  }
  return undefined
}
