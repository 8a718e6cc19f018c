import { getCondition, isTrue, REASON, type Machine } from '@fochista/api'
import type { Node } from '@fochista/kubernetes'
import { isConnectionError, isPermissionDenied, isTimeout, orUndefined } from '@fochista/proxmox'
import type { VmConfigChange } from '../proxmox-cluster/hypervisor.ts'
import { adaptNode, isAdapted } from './adapt.ts'
import { blocked, done, waiting, type MachineContext, type StepResult } from './context.ts'
import { namesakeOf, nodeOf } from './node.ts'
import { durationOf } from './place.ts'
import { imagePrefix, seedDriveOf, tokenDescription } from './seed.ts'
import { lookAtTask, noteTask, waitingFor } from './task.ts'

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
  const left = await removeImages(context).catch((error: unknown) => {
    // What a silent host has that the VM has left since, goes with the machine: its Node is there.
    const isElsewhere = (context.vm()?.node ?? machine.spec.host) !== machine.spec.host
    if (!isElsewhere || !(isConnectionError(error) || isTimeout(error))) throw error
    return undefined
  })
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
  const limit = durationOf(pool?.spec.health?.nodeStartupTimeout, '20m')
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

/** Ejects and deletes every seed image of the machine. @returns what is still to be waited for */
export async function removeImages(context: MachineContext): Promise<StepResult | undefined> {
  const { connection, machine } = context
  const task = await lookAtTask(context)
  if (task.state === 'running')
    return waitingFor(context, task.upid, 'RemovingSeed', 'The seed image is deleted.')
  const vm = context.vm()
  // What we may not read before our mark was seen on it is somebody else's, and has no image of ours.
  const config = machine.spec.made
    ? await context.config()
    : await orUndefined(isPermissionDenied, context.config())
  const drive = config && seedDriveOf(config, machine.spec.id)
  if (vm && drive) {
    await connection.hypervisor.configure(vm, { [drive.key]: 'none,media=cdrom' } as VmConfigChange)
    context.forgetConfig()
  }
  const { isoStorage, id } = machine.spec
  const host = vm?.node ?? machine.spec.host
  if (!isoStorage || !host) return undefined
  const own = `:iso/${imagePrefix(id)}`
  // An image of a local storage is where it was uploaded, which may be another host than the VM is on now.
  for (const node of new Set([host, machine.spec.host ?? host])) {
    try {
      for (const { volid } of await connection.hypervisor.volumes(node, isoStorage, 'iso')) {
        if (!volid.includes(own)) continue
        const upid = await connection.hypervisor.deleteVolume(node, isoStorage, volid)
        if (upid) return await noteTask(context, upid, 'RemovingSeed', 'The seed image is deleted.')
      }
    } catch (error) {
      // What lies on a host that is no member any more is gone with it.
      if (node === vm?.node || (await connection.hypervisor.membership()).hosts.includes(node)) throw error
    }
  }
  return undefined
}
