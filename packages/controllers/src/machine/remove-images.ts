import { isTrue } from '@fochista/api'
import { isNotFound, orUndefined, parseUpid } from '@fochista/proxmox'
import { isDeleting } from '../runtime/finalizers.ts'
import { waiting, type MachineContext, type StepResult } from './context.ts'
import { isDeclaredDead, isHostGone, isOffline, isSilence, noAnswer } from './host.ts'
import { imagePrefix } from './seed-drive.ts'
import { noteTask } from './task.ts'

const PAUSE_MS = 2000
/** An upload's log has a handful of lines; its target is the third. */
const LOG_LINES = 20

/**
 * Deletes every seed image of the machine, also those whose upload still runs. An image of a local storage is where it was uploaded, which
 * may be another host than the VM is on now. @returns what is to be waited for
 */
export async function removeImages(context: MachineContext): Promise<StepResult | undefined> {
  const { machine } = context
  const { isoStorage, host } = machine.spec
  if (isoStorage === undefined) return undefined
  // Who joins has noted its upload, and who has joined gets no other while it leaves.
  const left = isDeleting(machine) && !isTrue(machine, 'Joined') ? await awaitUploads(context) : undefined
  if (left) return left
  for (const node of new Set([context.vm()?.node, host])) {
    if (node === undefined) continue
    const removing = await removeFrom(context, node, isoStorage).catch((error: unknown) =>
      withoutHost(context, node, error),
    )
    if (removing) return removing
  }
  return undefined
}

async function removeFrom(
  context: MachineContext,
  node: string,
  isoStorage: string,
): Promise<StepResult | undefined> {
  const { hypervisor } = context.connection
  const own = `:iso/${imagePrefix(context.machine.spec.id)}`
  for (const { volid } of await hypervisor.volumes(node, isoStorage, 'iso')) {
    if (!volid.includes(own)) continue
    const upid = await hypervisor.deleteVolume(node, isoStorage, volid)
    if (upid) return noteTask(context, upid, 'RemovingSeed', 'The seed image is deleted.')
  }
  return undefined
}

/**
 * An upload of a seed image that runs and that the Machine does not name: a process that died, or that was not answered, has begun it. Its
 * image would be there after nobody looks for it any more. It is run by the host that was called, which need not be the VM's own, and only
 * its log names the file.
 */
async function awaitUploads(context: MachineContext): Promise<StepResult | undefined> {
  const { observer } = context.connection
  await observer.refresh()
  for (const task of observer.tasks()) {
    const { type, node } = parseUpid(task.upid)
    // One that has ended says when.
    if (type !== 'imgcopy' || 'endtime' in task) continue
    const uploading = await awaitUpload(context, task.upid).catch((error: unknown) =>
      withoutHost(context, node, error),
    )
    if (uploading) return uploading
  }
  return undefined
}

async function awaitUpload(
  { connection, machine }: MachineContext,
  upid: string,
): Promise<StepResult | undefined> {
  const log = (await orUndefined(isNotFound, connection.hypervisor.taskLog(upid, LOG_LINES))) ?? []
  const target = log.find((line) => line.startsWith('target file: '))
  return target === undefined || target.includes(imagePrefix(machine.spec.id))
    ? waiting('Uploading', 'A seed image is uploaded, which is deleted next.', PAUSE_MS)
    : undefined
}

/**
 * Goes on without a host that could not be asked for images, where it may be done without: what was on a former member is gone with it, and so
 * it is with a host that a person has called dead. A machine that has just joined leaves to its own end what is on a host that its VM has
 * left. Throws the error where none of this is so.
 * @returns what is to be waited for
 */
async function withoutHost(
  context: MachineContext,
  node: string,
  error: unknown,
): Promise<StepResult | undefined> {
  const { machine, connection } = context
  if (await isHostGone(context, node).catch(() => false)) return undefined
  if (!isSilence(error)) throw error
  const isNeeded = isDeleting(machine) ? !isDeclaredDead(machine) : node === context.vm()?.node
  if (!isNeeded) return undefined
  if (isDeleting(machine) && isOffline(connection, node))
    return noAnswer(context, node, error, 'whether a seed image of the machine is left there')
  throw error
}
