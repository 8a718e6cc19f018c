import { getCondition, isTrue, REASON, type Machine } from '@fochista/api'
import type { Node } from '@fochista/kubernetes'
import { limitsOf } from '../node-pool/limits.ts'
import { adaptNode, isAdapted } from './adapt.ts'
import { blocked, done, waiting, type MachineContext, type StepResult } from './context.ts'
import { namesakeOf, nodeOf } from './node.ts'
import { removeImages } from './remove-images.ts'
import { ejectSeed, seedDriveOf } from './seed-drive.ts'
import { tokenDescription } from './seed.ts'
import { lookAtTask, waitingFor } from './task.ts'

/** How often a machine on its way is looked at without a word from anywhere: often enough to renew its token in time. */
const JOIN_PAUSE_MS = 60_000

/**
 * Joined: the Node with our provider id is there. Then what was needed to join goes: the image is ejected (a drive of a running VM cannot
 * be removed) and deleted, the token too. Labels that the kubelet may not give itself are put on the Node by us.
 */
export async function join(context: MachineContext): Promise<StepResult> {
  const { machine, controlPlane, world } = context
  const node = nodeOf(context)
  if (!node) return notJoined(context)
  noteNode(machine, node)
  const hasJoined = isTrue(machine, 'Joined')
  if (hasJoined && isAdapted(context, node)) return done('Joined', joinedMessage(machine))
  if (!controlPlane) return waiting('ClusterNotFound', 'The control plane is not there.')
  const tenant = await world.tenants.get(controlPlane)
  await adaptNode(context, tenant, node)
  if (hasJoined) return done('Joined', joinedMessage(machine))
  const task = await lookAtTask(context)
  if (task.state === 'running')
    return waitingFor(context, task.upid, 'RemovingSeed', 'The seed image is deleted.')
  await ejectImage(context)
  const left = await removeImages(context)
  if (left) return left
  await tenant.deleteBootstrapTokens(tokenDescription(machine.spec.id))
  delete machine.status?.seedImage
  return done('Joined', joinedMessage(machine))
}

const joinedMessage = ({ status }: Machine): string => `Node ${status?.nodeName} is registered.`

function notJoined(context: MachineContext): StepResult {
  const { machine, pool, world } = context
  const { name } = machine.metadata
  const other = namesakeOf(context)
  if (other)
    return blocked(
      'NodeNameTaken',
      `The tenant cluster has a Node "${name}" with provider id "${other.spec?.providerID ?? ''}", which is not this machine. Delete that Node.`,
      JOIN_PAUSE_MS,
    )
  const since = Date.parse(getCondition(machine, 'Started')?.lastTransitionTime ?? '')
  const limit = limitsOf(pool).nodeStartup
  const late = world.clock.now() - since - limit
  if (late >= 2 * limit)
    failToJoin(context, `It did not join within three times the ${limit / 60_000} minutes that it had.`)
  if (late >= 0)
    return blocked(
      'NodeStartupTimeout',
      `The machine has started and did not join within ${limit / 60_000} minutes. Its serial console says why: qm terminal ${machine.spec.vmid}.`,
      JOIN_PAUSE_MS,
    )
  return waiting(
    'Joining',
    `Waiting for Node ${name} to register.`,
    Math.min(JOIN_PAUSE_MS, Number.isNaN(late) ? JOIN_PAUSE_MS : -late),
  )
}

/** Marks a machine as one that will not join. Its pool decides what becomes of it. */
export function failToJoin({ machine, world }: MachineContext, message: string): void {
  const status = (machine.status ??= {})
  if (status.failure?.reason === REASON.joinFailed) return
  status.failure = { reason: REASON.joinFailed, message }
  world.voice.tell(machine, 'Warning', REASON.joinFailed, message)
}

function noteNode(machine: Machine, node: Node): void {
  const status = (machine.status ??= {})
  status.nodeName = node.metadata.name
  if (node.spec?.providerID !== undefined) status.providerID = node.spec.providerID
  const addresses = (node.status?.addresses ?? [])
    .filter(({ type }) => type === 'InternalIP')
    .map(({ address }) => address)
  if (addresses.length > 0) status.addresses = addresses.slice(0, 16)
}

async function ejectImage(context: MachineContext): Promise<void> {
  const config = await context.config()
  const vm = context.vm()
  const drive = config && seedDriveOf(config, context.machine.spec.id)
  if (vm && drive) await ejectSeed(context, vm, drive.key)
}
