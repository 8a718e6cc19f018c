import { getCondition } from '@fochista/api'
import type { Tenant } from '@fochista/kamaji'
import { waiting, type MachineContext, type StepResult } from './context.ts'
import { nodeOf } from './node.ts'

const NODES_PAUSE_MS = 1000

/**
 * Cordons the machine's Node and moves its pods away, for so long. Repeated after a crash it finds nothing left to do.
 * @param rest What is left of the time that it may take, milliseconds. @returns undefined once it is drained, or its time is over
 */
export async function drainNode(
  context: MachineContext,
  tenant: Tenant,
  rest: number,
): Promise<StepResult | undefined> {
  const { machine, world, key } = context
  const node = nodeOf(context)
  if (rest <= 0) {
    // A limit that was made shorter, or passed while nobody looked, ends a drain that is under way.
    if (getCondition(machine, 'Ready')?.reason === 'Draining') tellDrainOver(context)
    world.drains.cancel(key)
    return undefined
  }
  // A Node that is not seen may only not be listed yet: then its pods would be stopped with it.
  if (!tenant.nodes.isReady)
    return waiting('ListingNodes', 'Waiting for the list of the tenant’s Nodes.', NODES_PAUSE_MS)
  if (!node) return undefined
  const { name } = node.metadata
  const progress = world.drains.look(key, async (signal, say) => {
    await tenant.cordon(name)
    return tenant.drain(name, {
      timeoutMs: rest,
      signal,
      clock: world.clock,
      onProgress: ({ remaining, total }) => {
        const [first] = remaining
        if (first)
          say(
            `${remaining.length} of ${total} pods are left; ${first.namespace}/${first.name}: ${first.message}`,
          )
      },
    })
  })
  if (progress.state === 'running')
    return waiting('Draining', `Node ${name} is drained. ${progress.message}`.trim(), rest)
  if (progress.state === 'failed') throw progress.error
  const { drained, remaining } = progress.value
  if (!progress.isNew) return undefined
  if (drained) world.voice.tell(machine, 'Normal', 'Drained', `Node ${name} is drained.`)
  else tellDrainOver(context, remaining.length)
  return undefined
}

/** Says that a drain has ended with its time, and with how many pods left, if that is known. */
function tellDrainOver({ world, machine }: MachineContext, left?: number): void {
  world.voice.tell(
    machine,
    'Warning',
    'DrainTimedOut',
    `The time to drain Node ${machine.metadata.name} is over; ${left ?? 'some'} pods are left.`,
  )
}
