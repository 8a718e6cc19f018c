import type { Proxmox } from '@fochista/proxmox'
import type { Context } from '../../context.ts'
import { CancelledError, CommandError, StillInProgressError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { createProgress, type ProgressLine } from '../../progress.ts'
import { nextStep } from './explain.ts'

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
  /** Resolves to why it failed; undefined if it did not. */
  const follow = async ({ name, upid }: Started): Promise<string | undefined> => {
    show(name, { state: typeOf(upid), style: 'working' })
    try {
      const { exitStatus } = await proxmox.tasks.wait(upid, {
        signal,
        onProgress: (detail) => show(name, { state: typeOf(upid), detail, style: 'working' }),
      })
      show(name, { state: exitStatus, detail: typeOf(upid), style: 'ready' })
      return undefined
    } catch (error) {
      if (!(error instanceof ProxmoxTaskError)) throw error
      show(name, { state: tr('failed', 'non riuscito'), detail: error.exitStatus, style: 'failed' })
      return error.exitStatus
    }
  }
  try {
    const ended = await Promise.all(started.map(follow))
    const failed = started.flatMap((one, index) => {
      const reason = ended[index]
      return reason === undefined ? [] : [{ ...one, reason }]
    })
    const [first] = failed
    if (first)
      throw new CommandError(
        failed.length === 1
          ? `${first.name}: ${first.reason}`
          : tr(
              `${failed.length} of ${started.length} tasks failed`,
              `${failed.length} task su ${started.length} non riusciti`,
            ),
        {
          hint: failed
            .flatMap(({ upid, reason }) => [nextStep(reason, idOf(upid)), `fochista task log ${upid}`])
            .filter((line) => line !== undefined)
            .join('\n'),
        },
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

/** Whose task it is, a VM's number as a rule: the seventh part of its UPID. */
const idOf = (upid: string): string | undefined => upid.split(':')[6] || undefined

/** What a task does: the sixth part of its UPID. */
const typeOf = (upid: string): string => upid.split(':')[5] ?? upid
