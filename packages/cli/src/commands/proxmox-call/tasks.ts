import type { Proxmox } from '@fochista/proxmox'
import type { Context } from '../../context.ts'
import { CancelledError, CommandError, StillInProgressError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { createProgress, type ProgressLine } from '../../progress.ts'

/** A task that a command has started, and what for. */
export interface Started {
  /** What it acts on, for people. */
  readonly name: string
  readonly upid: string
}

/**
 * Follows tasks to their end with one progress line each. Ctrl-C stops the waiting, not the tasks, and says how to follow them. Throws
 * CommandError if one of them failed, StillInProgressError when the time is over.
 */
export async function followTasks(
  context: Context,
  proxmox: Pick<Proxmox, 'tasks'>,
  started: readonly Started[],
  timeoutMs: number,
): Promise<void> {
  const { ProxmoxTaskError } = await import('@fochista/proxmox')
  const progress = await createProgress(context.io)
  const lines = new Map<string, ProgressLine>()
  const show = (name: string, line: Omit<ProgressLine, 'name'>): void => {
    lines.set(name, { name, ...line })
    progress.show([...lines.values()])
  }
  const giveUp = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([context.signal, giveUp])
  const follow = async ({ name, upid }: Started): Promise<boolean> => {
    show(name, { state: typeOf(upid), style: 'working' })
    try {
      const { exitStatus } = await proxmox.tasks.wait(upid, {
        signal,
        onProgress: (detail) => show(name, { state: typeOf(upid), detail, style: 'working' }),
      })
      show(name, { state: exitStatus, detail: typeOf(upid), style: 'ready' })
      return true
    } catch (error) {
      if (!(error instanceof ProxmoxTaskError)) throw error
      show(name, { state: tr('failed', 'non riuscito'), detail: error.exitStatus, style: 'failed' })
      return false
    }
  }
  try {
    const ended = await Promise.all(started.map(follow))
    const failed = started.filter((_, index) => !ended[index])
    if (failed.length > 0)
      throw new CommandError(
        failed.length === 1
          ? tr(`the task of ${failed[0]?.name} failed`, `il task di ${failed[0]?.name} non è riuscito`)
          : tr(
              `${failed.length} of ${started.length} tasks failed`,
              `${failed.length} task su ${started.length} non riusciti`,
            ),
        { hint: failed.map(({ upid }) => `fochista task log ${upid}`).join('\n') },
      )
  } catch (error) {
    const hint = howToFollow(started)
    if (context.signal.aborted) throw new CancelledError(hint)
    if (giveUp.aborted)
      throw new StillInProgressError(
        tr('still in progress when the time to wait ended', 'ancora in corso allo scadere dell’attesa'),
        hint,
      )
    throw error
  } finally {
    progress.end()
  }
}

/** What to type to wait for tasks that go on without us; undefined where there are none. */
export function howToFollow(started: readonly Started[]): string | undefined {
  if (started.length === 0) return undefined
  const lines = started.map(({ upid }) => `fochista task wait ${upid}`)
  return [
    tr('What was started goes on; follow it with:', 'Quel che è partito prosegue; seguilo con:'),
    ...lines,
  ].join('\n')
}

/** What a task does: the sixth part of its UPID. */
const typeOf = (upid: string): string => upid.split(':')[5] ?? upid
