import { isTrue } from '@fochista/api'
import { isNotFound, orUndefined, parseUpid } from '@fochista/proxmox'
import { waiting, type MachineContext, type StepResult } from './context.ts'
import { imagePrefix } from './seed.ts'

const PAUSE_MS = 2000
/** An upload's log has a handful of lines; its target is the third. */
const LOG_LINES = 20

/**
 * An upload of a seed image that runs and that the Machine does not name: a process that died, or that was not answered, has begun it. Its
 * image would be there after nobody looks for it any more. It is run by the host that was called, which need not be the VM's own, and only
 * its log names the file. @returns what is to be waited for
 */
export async function awaitUploads({ machine, connection }: MachineContext): Promise<StepResult | undefined> {
  const { id, isoStorage } = machine.spec
  // Who has joined had its seed taken away, and gets no other while it leaves.
  if (isoStorage === undefined || isTrue(machine, 'Joined')) return undefined
  await connection.observer.refresh()
  for (const task of connection.observer.tasks()) {
    const { upid } = task
    // One that has ended says when.
    if (parseUpid(upid).type !== 'imgcopy' || 'endtime' in task) continue
    const log = (await orUndefined(isNotFound, connection.hypervisor.taskLog(upid, LOG_LINES))) ?? []
    const target = log.find((line) => line.startsWith('target file: '))
    if (target === undefined || target.includes(imagePrefix(id)))
      return waiting('Uploading', 'A seed image is uploaded, which is deleted next.', PAUSE_MS)
  }
  return undefined
}
